import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useId, useRef, useState } from "react";
import { api, ApiError, newKey } from "@/api/client";
import { sourcesQuery } from "@/api/queries";
import type { Source } from "@/api/types";
import { t, tMaybe } from "@/i18n";
import { bytes, exact, when } from "@/lib/format";
import { Mark } from "./Mark";
import { ErrorLine, Kbd, Loading, Problem } from "./States";

export function sizeWords(source: Source): string {
  if (source.tables.length > 0) {
    const rows = source.tables.reduce((sum, table) => sum + table.row_count, 0);
    return t("source.rows", { count: rows });
  }
  return t("source.passages", { count: source.block_count });
}

interface Refused {
  name: string;
  error: unknown;
}

/** Sends files one by one, so that a wrong one does not take the others with it. */
export function useUpload(projectId: string) {
  const client = useQueryClient();
  const [refused, setRefused] = useState<Refused[]>([]);
  const [sending, setSending] = useState(0);
  const done = () => {
    void client.invalidateQueries({ queryKey: ["sources", projectId] });
    void client.invalidateQueries({ queryKey: ["project", projectId] });
    void client.invalidateQueries({ queryKey: ["projects"] });
  };
  const attempt = async (name: string, send: () => Promise<unknown>) => {
    setSending((n) => n + 1);
    try {
      await send();
      setRefused((list) => list.filter((item) => item.name !== name));
      return true;
    } catch (error) {
      setRefused((list) => [...list.filter((item) => item.name !== name), { name, error }]);
      return false;
    } finally {
      setSending((n) => n - 1);
      done();
    }
  };
  const path = `/projects/${projectId}/sources`;
  return {
    refused,
    sending,
    dismiss: (name: string) => setRefused((list) => list.filter((item) => item.name !== name)),
    files: async (files: File[]) => {
      for (const file of files) {
        const form = new FormData();
        form.append("file", file, file.name);
        await attempt(file.name, () => api(path, { method: "POST", form, idempotencyKey: newKey() }));
      }
    },
    json: (name: string, json: { text: string; title?: string } | { url: string; title?: string }) =>
      attempt(name, () => api(path, { method: "POST", json, idempotencyKey: newKey() })),
  };
}

function failureWords(error: unknown): string {
  if (error instanceof ApiError) return [error.message, error.hint].filter(Boolean).join(" ");
  return t("error.unknown");
}

export function AddSources({ projectId }: { projectId: string }) {
  const upload = useUpload(projectId);
  const [over, setOver] = useState(false);
  const [mode, setMode] = useState<"none" | "text" | "url">("none");
  const [text, setText] = useState("");
  const [title, setTitle] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const submit = async () => {
    const value = text.trim();
    if (!value) return;
    const name = title.trim() || (mode === "url" ? value : value.slice(0, 60));
    const extra = title.trim() ? { title: title.trim() } : {};
    if (await upload.json(name, mode === "url" ? { url: value, ...extra } : { text, ...extra })) {
      setText("");
      setTitle("");
      setMode("none");
    }
  };
  return (
    <div
      className="drop"
      data-over={over}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void upload.files([...event.dataTransfer.files]);
      }}
    >
      <b>{t("source.add")}</b>
      <p>{t("source.addWords")}</p>
      <input
        ref={input}
        type="file"
        multiple
        className="sr"
        tabIndex={-1}
        aria-label={t("source.choose")}
        onChange={(event) => {
          void upload.files([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      {mode === "none" ? (
        <div className="acts">
          <button type="button" className="b" onClick={() => input.current?.click()}>
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
          className="mt-3 grid gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <label className="font-medium" htmlFor={id}>
            {mode === "url" ? t("source.urlLabel") : t("source.textLabel")}
          </label>
          {mode === "url" ? (
            <input id={id} className="in" type="url" autoFocus placeholder="https://" value={text} onChange={(e) => setText(e.target.value)} />
          ) : (
            <textarea id={id} className="in" rows={6} autoFocus value={text} onChange={(e) => setText(e.target.value)} />
          )}
          <input className="in" aria-label={t("source.title")} placeholder={t("source.title")} value={title} onChange={(e) => setTitle(e.target.value)} />
          <div className="acts">
            <button type="submit" className="b" disabled={!text.trim() || upload.sending > 0}>
              {t("source.submit")}
            </button>
            <button type="button" className="b bare" onClick={() => setMode("none")}>
              {t("action.back")}
            </button>
          </div>
        </form>
      )}
      {upload.sending > 0 && (
        <p className="mt-2" role="status">
          {t("source.sending", { count: upload.sending })}
        </p>
      )}
      {upload.refused.map(({ name, error }) => (
        <div className="mt-2 flex items-start gap-2" key={name}>
          <ErrorLine>
            <b className="!text-[12px]">{name}</b>: {failureWords(error)}
          </ErrorLine>
          <button type="button" className="link meta ml-auto whitespace-nowrap" onClick={() => upload.dismiss(name)}>
            {t("action.close")}
          </button>
        </div>
      ))}
    </div>
  );
}

function SourceRow({ source }: { source: Source }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState("");
  const retract = useMutation({
    mutationFn: () =>
      api(`/projects/${source.project_id}/sources/${source.id}/retract`, { method: "POST", json: { reason: reason.trim() } }),
    onSuccess: () => {
      setAsking(false);
      void client.invalidateQueries({ queryKey: ["sources", source.project_id] });
    },
  });
  const shape = source.status === "failed" ? "warn" : source.status === "processing" ? "run" : source.retracted_at ? "none" : "supported";
  return (
    <li>
      <Mark shape={shape} className={source.status === "failed" ? "text-error" : source.status === "processing" ? "v-accent" : ""} />
      <span className="min-w-0 break-words">
        {source.status === "ready" ? (
          <Link to="/projects/$projectId/sources/$sourceId" params={{ projectId: source.project_id, sourceId: source.id }} search={{}}>
            {source.title}
          </Link>
        ) : (
          source.title
        )}
      </span>
      <span className="meta" title={exact(source.created_at)}>
        {source.status === "processing"
          ? t("source.processing")
          : source.status === "failed"
            ? t("source.failed")
            : source.retracted_at
              ? t("sheet.retracted")
              : `${sizeWords(source)}${source.version > 1 ? `, ${t("review.version", { n: source.version })}` : ""}`}
      </span>
      {source.status === "failed" && source.failure && (
        <span className="more meta">
          {source.failure.message} {source.failure.hint ?? tMaybe(`failure.${source.failure.code}`, "")}
        </span>
      )}
      {source.status === "ready" && (
        <span className="more meta">
          {bytes(source.byte_size)} · {t("source.added", { when: when(source.created_at) })}
          {!source.retracted_at && !asking && (
            <>
              {" · "}
              <button type="button" className="link" onClick={() => setAsking(true)}>
                {t("source.retract")}
              </button>
            </>
          )}
        </span>
      )}
      {asking && (
        <form
          className="more mt-2"
          onSubmit={(event) => {
            event.preventDefault();
            if (reason.trim()) retract.mutate();
          }}
        >
          <div className="line">
            <input
              className="in !w-[320px]"
              aria-label={t("source.retractWhy")}
              placeholder={t("source.retractWhy")}
              autoFocus
              value={reason}
              onChange={(event) => setReason(event.target.value)}
              onKeyDown={(event) => event.key === "Escape" && setAsking(false)}
            />
            <button type="submit" className="b" disabled={!reason.trim() || retract.isPending}>
              {t("source.retractDo")}
            </button>
            <button type="button" className="b bare" onClick={() => setAsking(false)}>
              {t("action.back")} <Kbd>Esc</Kbd>
            </button>
          </div>
          {retract.error && <ErrorLine>{failureWords(retract.error)}</ErrorLine>}
        </form>
      )}
    </li>
  );
}

export function SourceList({ projectId }: { projectId: string }) {
  const sources = useQuery(sourcesQuery(projectId));
  if (sources.error)
    return <Problem what={t("source.listFailed")} error={sources.error} retry={() => void sources.refetch()} />;
  if (sources.isPending) return <Loading words={t("source.loading")} />;
  if (sources.data.length === 0) return <p className="mt-2 text-ink-2">{t("source.none")}</p>;
  return (
    <ul>
      {sources.data.map((source) => (
        <SourceRow key={source.id} source={source} />
      ))}
    </ul>
  );
}
