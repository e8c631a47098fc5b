import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { archivedQuery, projectsQuery, runningQuery, signedTodayQuery } from "@/api/queries";
import type { Project } from "@/api/types";
import { DeadLetters } from "@/components/Deliveries";
import { Mark } from "@/components/Mark";
import { useMakeProject } from "@/components/NewProject";
import { ErrorLine, problemText } from "@/components/States";
import { t } from "@/i18n";
import { clock, exact, usd } from "@/lib/format";
import { handOver } from "@/lib/handover";
import { useMay } from "@/lib/may";
import { useTitle } from "@/lib/title";
import { droppedFiles } from "@/lib/dropped";
import { homeProject } from "./home";

export function EmptyInbox() {
  useTitle(t("page.inbox"));
  const projects = useQuery(projectsQuery).data;
  const running = useQuery(runningQuery).data ?? [];
  const signed = useQuery(signedTodayQuery).data ?? [];
  const may = useMay("requester");
  return (
    <div className="wrap">
      <div className="empty">
        <h1>{t("empty.title")}</h1>
        <p>{running.length ? t("empty.running", { count: running.length }) : t(may ? "empty.idle" : "empty.idleOnly")}</p>
        <DeadLetters />
        {projects && may && <Begin home={homeProject(projects)} />}
        {running.length > 0 && (
          <section className="runs">
            <h2>{t("empty.runningTitle")}</h2>
            <ul>
              {running.map((s) => (
                <li key={s.id}>
                  <Mark shape="run" className="v-accent" />
                  <Link to="/projects/$projectId/sessions/$sessionId" params={{ projectId: s.project_id, sessionId: s.id }}>
                    {s.title}
                  </Link>
                  <span className="meta">
                    {s.progress?.total
                      ? t("empty.progress", { done: s.progress.done, total: s.progress.total, label: s.progress.label })
                      : t("status.in_progress")}
                    {s.usage.cost_usd > 0 ? `, ${usd(s.usage.cost_usd)}` : ""}
                  </span>
                </li>
              ))}
            </ul>
          </section>
        )}
        {signed.length > 0 && (
          <section className="runs">
            <h2>{t("empty.signed")}</h2>
            <ul>
              {signed.map((s) => (
                <li key={s.id}>
                  <Mark shape="own" />
                  <Link to="/projects/$projectId/sessions/$sessionId" params={{ projectId: s.project_id, sessionId: s.id }}>
                    {s.title}
                  </Link>
                  <span className="meta" title={exact(s.settled_at)}>
                    {s.settled_at ? clock(s.settled_at) : ""}
                  </span>
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </div>
  );
}

/**
 * Begins work in the person's own project; where there is none, in one that is made for it, named as they like. What is pasted
 * anywhere on the page or dropped here is carried along.
 */
function Begin({ home }: { home: Project | undefined }) {
  const navigate = useNavigate();
  const [over, setOver] = useState(false);
  const [name, setName] = useState(t("empty.projectName"));
  const archived = useQuery({ ...archivedQuery, enabled: !home }).data ?? [];
  const agent = useRef("check");
  const open = (project: Project) =>
    void navigate({ to: "/projects/$projectId/new", params: { projectId: project.id }, search: { agent: agent.current } });
  const make = useMakeProject(open);
  const begin = (kind: string) => {
    if (make.isPending) return;
    agent.current = kind;
    if (home) open(home);
    else make.mutate(name.trim() || t("empty.projectName"));
  };
  const toCheck = (draft: string, files: File[]) => {
    if (!draft.trim() && files.length === 0) return;
    handOver({ draft, files });
    begin("check");
  };
  const paste = useEffectEvent((event: ClipboardEvent) => {
    if ((event.target as Element | null)?.matches("input, textarea, select, [contenteditable]")) return;
    toCheck(event.clipboardData?.getData("text/plain") ?? "", [...(event.clipboardData?.files ?? [])]);
  });
  useEffect(() => {
    const heard = (event: ClipboardEvent) => paste(event);
    document.addEventListener("paste", heard);
    return () => document.removeEventListener("paste", heard);
  }, []);
  const choice = (kind: string, words: string, look: string) =>
    home ? (
      <Link className={look} to="/projects/$projectId/new" params={{ projectId: home.id }} search={{ agent: kind }}>
        {words}
      </Link>
    ) : (
      <button type="button" className={look} disabled={make.isPending} onClick={() => begin(kind)}>
        {words}
      </button>
    );
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
        const text = event.dataTransfer.getData("text/plain");
        void droppedFiles(event.dataTransfer).then((files) => toCheck(text, files));
      }}
    >
      <b>{t("empty.check")}</b>
      <p>{t("empty.checkWords")}</p>
      {!home && (
        <label className="own">
          {t("empty.project")}
          <input className="in" maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
        </label>
      )}
      <div className="acts">
        {choice("check", t("empty.paste"), "b fill")}
        {choice("research", t("empty.ask"), "b")}
      </div>
      {make.error && <ErrorLine>{[problemText(make.error).title, problemText(make.error).hint].filter(Boolean).join(" ")}</ErrorLine>}
      {archived.length > 0 && (
        <Link className="link" to="/settings/$area" params={{ area: "projects" }}>
          {t("empty.archived")}
        </Link>
      )}
    </div>
  );
}
