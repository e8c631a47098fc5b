import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";
import { merged, type SourceMore } from "@/api/substrate";
import { ErrorLine } from "@/components/States";
import { t } from "@/i18n";
import { droppedFiles } from "@/lib/dropped";
import { UploadList } from "./UploadList";
import { uploads, type What } from "./uploads";
import { addresses } from "./words";

/** The sources that the page knows of, to tell what was here already. */
function heldIds(client: QueryClient, projectId: string): string[] {
  const lists = client.getQueriesData<SourceMore[]>({ queryKey: ["sources", projectId] });
  return lists.flatMap(([, list]) => (list ?? []).map((source) => source.id));
}

/** Sends to a project; what arrives stands in the lists at once. */
export function useAdd(projectId: string): (what: What[]) => void {
  const client = useQueryClient();
  useEffect(() => {
    uploads.onArrived((source) => {
      client.setQueriesData<SourceMore[]>({ queryKey: ["sources", source.project_id] }, (held) => held && merged(held, [source]));
      // What is counted elsewhere follows with the live events: a thousand files must not ask for it a thousand times.
    });
  }, [client]);
  return (what) => uploads.add(projectId, what, heldIds(client, projectId));
}

/** Files dropped anywhere on the page. True while something hangs over it. */
export function useDrop(take: (files: File[]) => void): boolean {
  const [over, setOver] = useState(false);
  const latest = useRef(take);
  useEffect(() => {
    latest.current = take;
  });
  useEffect(() => {
    let depth = 0;
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const enter = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      depth += 1;
      setOver(true);
    };
    const leave = () => {
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const hang = (event: DragEvent) => {
      if (holdsFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      depth = 0;
      setOver(false);
      if (!event.dataTransfer || !holdsFiles(event)) return;
      event.preventDefault();
      void droppedFiles(event.dataTransfer).then((files) => files.length > 0 && latest.current(files));
    };
    document.addEventListener("dragenter", enter);
    document.addEventListener("dragleave", leave);
    document.addEventListener("dragover", hang);
    document.addEventListener("drop", drop);
    return () => {
      document.removeEventListener("dragenter", enter);
      document.removeEventListener("dragleave", leave);
      document.removeEventListener("dragover", hang);
      document.removeEventListener("drop", drop);
    };
  }, []);
  return over;
}

/** Files, pasted text or addresses, and what becomes of them. The whole page takes drops. */
export function AddSources({ projectId, projectName, filled = false }: { projectId: string; projectName: string; filled?: boolean }) {
  const add = useAdd(projectId);
  const over = useDrop((files) => add(files.map((file) => ({ file }))));
  const [mode, setMode] = useState<"none" | "text" | "url">("none");
  const [text, setText] = useState("");
  const [title, setTitle] = useState("");
  const [asked, setAsked] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const urls = mode === "url" ? addresses(text) : { good: [], bad: [] };
  const many = urls.good.length;
  const named = title.trim() ? { title: title.trim() } : {};
  const submit = () => {
    if (mode === "url") {
      if (urls.bad.length > 0) setAsked(true);
      if (urls.bad.length > 0 || many === 0) return;
      add(urls.good.map((url) => ({ url, ...(many === 1 ? named : {}) })));
    } else {
      if (!text.trim()) return;
      add([{ text, ...named }]);
    }
    setText("");
    setTitle("");
    setAsked(false);
    setMode("none");
  };
  return (
    <div className="drop adds" data-over={over}>
      <div className="grow">
        <b>{over ? t("source.dropHere", { project: projectName }) : t("source.add")}</b>
        <p>{t("source.addWords")}</p>
      </div>
      <input
        ref={input}
        type="file"
        multiple
        className="sr"
        tabIndex={-1}
        aria-label={t("source.choose")}
        onChange={(event) => {
          add([...(event.target.files ?? [])].map((file) => ({ file })));
          event.target.value = "";
        }}
      />
      {mode === "none" ? (
        <div className="acts">
          <button type="button" className={`b ${filled ? "fill" : ""}`} onClick={() => input.current?.click()}>
            {t("source.choose")}
          </button>
          <button type="button" className="b" onClick={() => setMode("text")}>
            {t("source.paste")}
          </button>
          <button type="button" className="b" onClick={() => setMode("url")}>
            {t("source.url")}
          </button>
        </div>
      ) : (
        <form
          className="whole mt-3 grid gap-2"
          onKeyDown={(event) => event.key === "Escape" && setMode("none")}
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <label className="font-medium" htmlFor={id}>
            {mode === "url" ? t("source.urlLabel") : t("source.textLabel")}
          </label>
          <textarea
            id={id}
            className="in"
            rows={mode === "url" ? 3 : 6}
            autoFocus
            placeholder={mode === "url" ? "https://" : undefined}
            aria-describedby={mode === "url" ? `${id}-help` : undefined}
            value={text}
            onChange={(e) => setText(e.target.value)}
          />
          {mode === "url" && (
            <p className="meta" id={`${id}-help`}>
              {t("source.urlHelp")}
            </p>
          )}
          {urls.bad.length > 0 && (asked || text.endsWith("\n")) && <ErrorLine>{t("source.urlBad", { what: urls.bad.slice(0, 3).join(", ") })}</ErrorLine>}
          {(mode === "text" || many <= 1) && (
            <input className="in" aria-label={t("source.title")} placeholder={t("source.title")} value={title} onChange={(e) => setTitle(e.target.value)} />
          )}
          <div className="acts !mt-1">
            <button type="submit" className="b" disabled={!text.trim()}>
              {many > 1 ? t("source.submitMany", { count: many }) : t("source.submit")}
            </button>
            <button type="button" className="b bare" onClick={() => setMode("none")}>
              {t("action.back")}
            </button>
          </div>
        </form>
      )}
      <UploadList projectId={projectId} />
    </div>
  );
}
