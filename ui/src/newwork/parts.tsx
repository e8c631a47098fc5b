import { useRef } from "react";
import type { UseFormReturn } from "react-hook-form";
import type { Source, Strategy } from "@/api/types";
import { sizeWords, type useUpload } from "@/components/Sources";
import { ErrorLine, problemText } from "@/components/States";
import { Track } from "@/components/Track";
import { t } from "@/i18n";
import { positive, type Values } from "./request";

const STRATEGIES: Strategy[] = ["checkpoint_required", "final_only", "auto_approve_low_risk"];

/** The text of an outside draft, pasted or from a file. */
export function DraftFields({ form, readFile }: { form: UseFormReturn<Values>; readFile: (file: File) => Promise<void> }) {
  const { register, formState } = form;
  const file = useRef<HTMLInputElement>(null);
  const { draft, title } = formState.errors;
  return (
    <>
      <div className="field">
        <label htmlFor="draft">{t("new.draft")}</label>
        <div>
          <textarea
            id="draft"
            className="in"
            rows={10}
            placeholder={t("new.draftPlaceholder")}
            aria-invalid={draft ? true : undefined}
            aria-describedby="draft-help"
            {...register("draft", { validate: (v) => v.trim() !== "" || t("new.draftNeeded") })}
          />
          {draft && <ErrorLine>{draft.message}</ErrorLine>}
          <div className="help" id="draft-help">
            {t("new.draftHelp")}{" "}
            <button type="button" className="link" onClick={() => file.current?.click()}>
              {t("new.draftFile")}
            </button>
            <input
              ref={file}
              type="file"
              accept=".md,.markdown,.txt,text/plain,text/markdown"
              className="sr"
              tabIndex={-1}
              aria-label={t("new.draftFile")}
              onChange={(event) => {
                const chosen = event.target.files?.[0];
                if (chosen) void readFile(chosen);
                event.target.value = "";
              }}
            />
          </div>
        </div>
      </div>
      <div className="field">
        <label htmlFor="title">{t("new.titleField")}</label>
        <div>
          <input id="title" className="in" maxLength={300} aria-invalid={title ? true : undefined} {...register("title")} />
          {title && <ErrorLine>{title.message}</ErrorLine>}
        </div>
      </div>
    </>
  );
}

/** Which of the project's sources are used; more are added by dropping files. */
export function SourcesField({
  form,
  usable,
  upload,
  empty,
}: {
  form: UseFormReturn<Values>;
  usable: Source[];
  upload: ReturnType<typeof useUpload>;
  /** Nothing can be read yet. */
  empty: boolean;
}) {
  const left = form.watch("left");
  const error = form.formState.errors.left as { message?: string } | undefined;
  const words = (source: Source) =>
    source.status === "processing" ? t("source.processing") : source.status === "failed" ? t("source.failed") : sizeWords(source);
  return (
    <div className="field">
      <span className="label">{t("page.sources")}</span>
      <div>
        {usable.length > 0 && (
          <div className="opts" role="group" aria-label={t("page.sources")} id="sources" tabIndex={-1}>
            {usable.map((source) => (
              <label className="opt row" key={source.id}>
                <input
                  type="checkbox"
                  disabled={source.status !== "ready"}
                  checked={source.status === "ready" && !left.includes(source.id)}
                  onChange={(event) =>
                    form.setValue("left", event.target.checked ? left.filter((id) => id !== source.id) : [...left, source.id])
                  }
                />
                <b className="break-words">{source.title}</b>
                <span className="meta">{words(source)}</span>
              </label>
            ))}
          </div>
        )}
        {error?.message && <ErrorLine>{error.message}</ErrorLine>}
        {empty && upload.sending === 0 && <ErrorLine>{t("new.noSources")}</ErrorLine>}
        <div className="help">{t("new.dropHelp")}</div>
        {upload.sending > 0 && <div className="help">{t("source.sending", { count: upload.sending })}</div>}
        {upload.refused.map(({ name: file, error: why }) => (
          <ErrorLine key={file}>
            {file}: {[problemText(why).title, problemText(why).hint].filter(Boolean).join(" ")}
          </ErrorLine>
        ))}
      </div>
    </div>
  );
}

/** When the work stops for a person. */
export function StrategyField({ form }: { form: UseFormReturn<Values> }) {
  return (
    <div className="field">
      <span className="label">{t("new.stops")}</span>
      <div className="opts" role="radiogroup" aria-label={t("new.stops")}>
        {STRATEGIES.map((strategy) => (
          <label className="opt" key={strategy}>
            <input type="radio" value={strategy} {...form.register("strategy")} />
            <span>
              <b>{t(`strategy.${strategy}.title`)}</b>
              <small>{t(`strategy.${strategy}.words`)}</small>
            </span>
            <Track strategy={strategy} />
          </label>
        ))}
      </div>
    </div>
  );
}

/** Money only where a model costs some; time always. */
export function BudgetField({ form, usesModel }: { form: UseFormReturn<Values>; usesModel: boolean }) {
  const { register, formState } = form;
  const { usd, minutes } = formState.errors;
  return (
    <div className="field">
      <label htmlFor={usesModel ? "usd" : "minutes"}>{t("new.budget")}</label>
      <div>
        <div className="line">
          {usesModel && (
            <>
              <span>$</span>
              <input
                id="usd"
                className="in short"
                inputMode="decimal"
                placeholder={t("new.noLimit")}
                aria-invalid={usd ? true : undefined}
                {...register("usd", { validate: (v) => positive(v, false) })}
              />
            </>
          )}
          <span className="quiet">{usesModel ? t("new.andAtMost") : t("new.atMost")}</span>
          <input
            id="minutes"
            className="in short"
            inputMode="numeric"
            placeholder={t("new.noLimit")}
            aria-label={t("new.minutes")}
            aria-invalid={minutes ? true : undefined}
            {...register("minutes", { validate: (v) => positive(v, true) })}
          />
          <span className="quiet">{t("new.minutesWord")}</span>
        </div>
        {(usd || minutes) && <ErrorLine>{usd?.message ?? minutes?.message}</ErrorLine>}
        <div className="help">{t("new.budgetHelp")}</div>
      </div>
    </div>
  );
}
