import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, ApiError, newKey } from "@/api/client";
import { base, checkpointQuery, projectQuery } from "@/api/queries";
import type { WorkSession } from "@/api/types";
import { Kbd, problemText } from "@/components/States";
import { t } from "@/i18n";
import { useMay } from "@/lib/may";
import type { Now } from "./held";

/** What can be done with the work as it stands. */
export function SessionDock({ session, status, written }: { session: WorkSession; status: Now; written: number }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const place = { projectId: session.project_id, sessionId: session.id };
  const [sure, setSure] = useState(false);
  const may = useMay("requester");
  const project = useQuery(projectQuery(session.project_id));
  const checkpoint = useQuery({ ...checkpointQuery(session.checkpoint_id ?? ""), enabled: session.checkpoint_id !== null });
  const act = useMutation({
    mutationFn: (verb: "execute" | "cancel" | "retry" | "fork") =>
      api<Partial<WorkSession>>(`${base(place)}/${verb}`, { method: "POST", json: {}, idempotencyKey: newKey() }),
    onSuccess: (answer, verb) => {
      setSure(false);
      for (const queryKey of [["session", session.id], ["events", session.id], ["sessions", session.project_id], ["inbox"], ["projects"]])
        void client.invalidateQueries({ queryKey });
      if (verb === "fork" && answer.id && answer.id !== session.id)
        void navigate({ to: "/projects/$projectId/sessions/$sessionId", params: { projectId: session.project_id, sessionId: answer.id } });
    },
    onError: () => void client.invalidateQueries({ queryKey: ["session", session.id] }),
  });
  const error = act.error
    ? `${act.error instanceof ApiError && act.error.status === 409 ? `${t("session.notNow")} ` : ""}${[problemText(act.error).title, problemText(act.error).hint].filter(Boolean).join(" ")}`
    : null;
  const st = (title: string, words: string) => (
    <div className="st" role="status">
      <b>{title}</b>
      {error ? <span className="bad">{error}</span> : <span>{words}</span>}
    </div>
  );
  const button = (verb: "execute" | "cancel" | "retry" | "fork", label: string, className = "b") => (
    <button type="button" className={className} disabled={act.isPending} onClick={() => act.mutate(verb)}>
      {label}
    </button>
  );
  // Nothing new comes into an archived project.
  const gone = session.project_archived;
  const begin = may && !gone;
  const forkable = begin && session.agent_type !== "check";
  const copy = forkable && !sure && (
    <Link className="b bare" to="/projects/$projectId/new" params={{ projectId: session.project_id }} search={{ agent: session.agent_type, from: session.id }}>
      {t("workArea.session.copy")}
    </Link>
  );
  const cancel = may && (
    <>
      {sure ? (
        <>
          <button type="button" className="b bare" onClick={() => setSure(false)}>
            {t("session.keepRunning")} <Kbd>Esc</Kbd>
          </button>
          {button("cancel", written > 0 ? t("session.cancelKeep", { count: written }) : t("session.cancelNow"), "b big")}
        </>
      ) : (
        <button type="button" className="b" onClick={() => setSure(true)}>
          {t("session.cancel")}
        </button>
      )}
    </>
  );
  // What it keeps is said before it is done.
  const standing = (title: string, words: string) => (sure ? st(t("session.cancelAsk"), t("session.cancelWords", { count: written })) : st(title, words));
  let content;
  switch (session.status) {
    case "initialized":
      content = (
        <>
          {standing(t("status.initialized"), t(gone ? "archive.idle" : "session.initializedWords"))}
          {copy}
          {cancel}
          {begin && button("execute", t("session.execute"), "b big fill")}
        </>
      );
      break;
    case "queued":
    case "in_progress":
      content = (
        <>
          {standing(session.status === "queued" ? t("status.queued") : t("status.in_progress"), t("session.closeable"))}
          {copy}
          {cancel}
        </>
      );
      break;
    case "pending_review":
      content = (
        <>
          {standing(status.words, status.until || (checkpoint.data?.headline ?? t("session.waitingWords")))}
          {copy}
          {cancel}
          {session.checkpoint_id && (
            <Link className="b big fill" to="/review/$checkpointId" params={{ checkpointId: session.checkpoint_id }}>
              {t("session.review")}
            </Link>
          )}
        </>
      );
      break;
    case "failed":
      content = (
        <>
          {st(session.failure?.code === "rejected" ? t("session.closed") : t("session.stopped"), t(gone ? "archive.over" : begin && session.failure?.retryable ? "session.retryHint" : forkable ? "session.forkHint" : "session.closedWords"))}
          {copy}
          {forkable && button("fork", t("session.fork"), session.failure?.retryable ? "b" : "b big")}
          {begin && session.failure?.retryable && button("retry", t("session.retry"), "b big fill")}
        </>
      );
      break;
    default:
      content = (
        <>
          {st(
            session.status === "completed" ? t("session.done") : t("status.cancelled"),
            session.status === "completed" ? deliveredWords(session) : t("session.cancelledWords"),
          )}
          {copy}
          {forkable && button("fork", t("session.fork"))}
          <Link className="b" to="/projects/$projectId" params={{ projectId: session.project_id }}>
            {project.data ? t("session.toProject", { name: project.data.name }) : t("page.work")}
          </Link>
        </>
      );
  }
  return (
    <footer className="dock" aria-label={t("dock.label")} onKeyDown={(event) => event.key === "Escape" && setSure(false)}>
      {content}
    </footer>
  );
}

/** What became of it outside: what could not be delivered comes first. */
function deliveredWords(session: WorkSession): string {
  if (session.deliveries.some((one) => one.status === "failed")) return t("deliveries.failedWords");
  if (session.deliveries.some((one) => one.status === "pending" && one.attempts > 0 && !one.being_made)) return t("deliveries.laterWords");
  return session.deliveries.find((one) => one.status === "delivered")?.detail ?? t("session.doneWords");
}
