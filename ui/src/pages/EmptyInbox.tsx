import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { projectsQuery, runningQuery, signedTodayQuery } from "@/api/queries";
import { DeadLetters } from "@/components/Deliveries";
import { Mark } from "@/components/Mark";
import { t } from "@/i18n";
import { clock, exact, usd } from "@/lib/format";
import { handOver } from "@/lib/handover";
import { useMay } from "@/lib/may";
import { useTitle } from "@/lib/title";
import { droppedFiles } from "@/lib/dropped";
import { homeProject } from "./home";

export function EmptyInbox() {
  useTitle(t("page.inbox"));
  const projects = useQuery(projectsQuery).data ?? [];
  const running = useQuery(runningQuery).data ?? [];
  const signed = useQuery(signedTodayQuery).data ?? [];
  const navigate = useNavigate();
  const [over, setOver] = useState(false);
  const may = useMay("requester");
  const home = homeProject(projects);
  const toCheck = (draft: string, files: File[]) => {
    if (!home || !may) return;
    handOver({ draft, files });
    void navigate({ to: "/projects/$projectId/new", params: { projectId: home.id }, search: { agent: "check" } });
  };
  return (
    <div
      className="wrap"
      onPaste={(event) => {
        const text = event.clipboardData.getData("text/plain");
        if (text.trim()) toCheck(text, []);
      }}
    >
      <div className="empty">
        <h1>{t("empty.title")}</h1>
        <p>{running.length ? t("empty.running", { count: running.length }) : t("empty.idle")}</p>
        <DeadLetters />
        {home && may && (
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
              void droppedFiles(event.dataTransfer).then((files) => (files.length || text.trim()) && toCheck(text, files));
            }}
          >
            <b>{t("empty.check")}</b>
            <p>{t("empty.checkWords")}</p>
            <div className="acts">
              <Link className="b fill" to="/projects/$projectId/new" params={{ projectId: home.id }} search={{ agent: "check" }}>
                {t("empty.paste")}
              </Link>
              <Link className="b" to="/projects/$projectId/new" params={{ projectId: home.id }} search={{ agent: "research" }}>
                {t("empty.ask")}
              </Link>
            </div>
          </div>
        )}
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
