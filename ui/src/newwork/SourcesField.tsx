import { useRef, useState } from "react";
import type { UseFormReturn } from "react-hook-form";
import type { Source } from "@/api/types";
import { sizeWords } from "@/components/Sources";
import { ErrorLine } from "@/components/States";
import { t } from "@/i18n";
import { UploadList } from "@/sources/UploadList";
import type { Upload } from "@/sources/uploads";
import type { Values } from "./request";

/** Sources up to which the list stands open; a longer one is opened by who wants to choose. */
const OPEN_UP_TO = 6;
/** Sources from which there is a field to find one. */
const FIND_FROM = 9;
/** Rows that are drawn at once; who looks for another finds it by its title. */
const DRAWN = 200;

function wordsOf(source: Source): string {
  if (source.status === "processing") return t("source.processing");
  if (source.status === "failed") return t("source.failed");
  if (source.tables.length > 0) return t("workArea.form.table", { count: source.tables.reduce((sum, table) => sum + table.row_count, 0) });
  return sizeWords(source);
}

/** Which of the project's sources are used: all of them, or those that are chosen; more are added by dropping files. */
export function SourcesField({
  form,
  usable,
  projectId,
  sent,
  add,
}: {
  form: UseFormReturn<Values>;
  usable: Source[];
  projectId: string;
  /** What was sent from this page. */
  sent: Upload[];
  add: (files: File[]) => void;
}) {
  const left = form.watch("left");
  const ready = usable.filter((source) => source.status === "ready");
  const chosen = ready.filter((source) => !left.includes(source.id));
  const [open, setOpen] = useState(usable.length <= OPEN_UP_TO);
  const [find, setFind] = useState("");
  const file = useRef<HTMLInputElement>(null);
  const error = form.formState.errors.left as { message?: string } | undefined;
  const fits = find.trim() ? usable.filter((source) => source.title.toLowerCase().includes(find.trim().toLowerCase())) : usable;
  const all = chosen.length === ready.length;
  const set = (ids: string[]) => {
    form.clearErrors("left");
    form.setValue("left", ids, { shouldDirty: true });
  };
  return (
    <div className="field">
      <span className="label">{t("page.sources")}</span>
      <div id="sources" tabIndex={-1}>
        {ready.length > 0 && (
          <div className="line chosen">
            <span>{all ? t("workArea.form.sourcesAll", { count: ready.length }) : t("workArea.form.sourcesSome", { n: chosen.length, count: ready.length })}</span>
            {usable.length > OPEN_UP_TO && (
              <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
                {open ? t("workArea.form.chooseDone") : t("workArea.form.choose")}
              </button>
            )}
            {open && usable.length > 1 && (
              <span className="end">
                <button type="button" className="link" disabled={all} onClick={() => set([])}>
                  {t("workArea.form.pickAll")}
                </button>
                <button type="button" className="link" disabled={chosen.length === 0} onClick={() => set(ready.map((source) => source.id))}>
                  {t("workArea.form.pickNone")}
                </button>
              </span>
            )}
          </div>
        )}
        {open && usable.length >= FIND_FROM && (
          <input
            className="in mb-1.5"
            type="search"
            aria-label={t("workArea.form.findSource")}
            placeholder={t("workArea.form.findSource")}
            value={find}
            onChange={(event) => setFind(event.target.value)}
            onKeyDown={(event) => event.key === "Enter" && !event.ctrlKey && event.preventDefault()}
          />
        )}
        {open && usable.length > 0 && (
          <div className="opts tall" role="group" aria-label={t("page.sources")}>
            {fits.slice(0, DRAWN).map((source) => (
              <label className="opt row" key={source.id}>
                <input
                  type="checkbox"
                  disabled={source.status !== "ready"}
                  checked={source.status === "ready" && !left.includes(source.id)}
                  onChange={(event) => set(event.target.checked ? left.filter((id) => id !== source.id) : [...left, source.id])}
                />
                <b className="break-words">{source.title}</b>
                <span className="meta">{wordsOf(source)}</span>
                {source.status === "failed" && source.failure && <small className="why">{source.failure.message}</small>}
              </label>
            ))}
            {fits.length === 0 && <p className="p-3 quiet">{t("workArea.form.noneFound")}</p>}
          </div>
        )}
        {error?.message && <ErrorLine>{error.message}</ErrorLine>}
        {ready.length === 0 && !sent.some((one) => one.state === "waiting" || one.state === "sending") && <ErrorLine>{t("new.noSources")}</ErrorLine>}
        <div className="help">
          {t("workArea.form.dropOr")}{" "}
          <button type="button" className="link" onClick={() => file.current?.click()}>
            {t("workArea.form.chooseFiles")}
          </button>
          <input
            ref={file}
            type="file"
            multiple
            className="sr"
            tabIndex={-1}
            aria-label={t("workArea.form.chooseFiles")}
            onChange={(event) => {
              add([...(event.target.files ?? [])]);
              event.target.value = "";
            }}
          />
        </div>
        {sent.length > 0 && <UploadList projectId={projectId} />}
      </div>
    </div>
  );
}
