import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, newKey } from "@/api/client";
import { useAllSessions } from "@/api/queries";
import type { Project, WorkSession } from "@/api/types";
import { Mark } from "@/components/Mark";
import { Loading, Problem, problemText, ErrorLine } from "@/components/States";
import { t } from "@/i18n";
import { exact, when } from "@/lib/format";
import { statusOf } from "@/lib/status";
import { useTitle } from "@/lib/title";
import { agentWord } from "@/review/Queue";

export function SessionRows({ items }: { items: WorkSession[] }) {
  return (
    <table className="list">
      <thead>
        <tr>
          <th scope="col">{t("work.state")}</th>
          <th scope="col">{t("inbox.work")}</th>
          <th scope="col" className="num">
            {t("work.started")}
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((session) => {
          const status = statusOf(session);
          return (
            <tr key={session.id}>
              <td className="w-[38%]">
                <Mark shape={status.shape} className={status.className} />
                &ensp;{status.words}
              </td>
              <td>
                <Link
                  className="t"
                  to="/projects/$projectId/sessions/$sessionId"
                  params={{ projectId: session.project_id, sessionId: session.id }}
                >
                  {session.title}
                </Link>
                <span className="sub">
                  {agentWord(session.agent_type, session.agent_title)}
                  {session.iteration > 1 ? ` · ${t("queue.round", { n: session.iteration })}` : ""}
                </span>
              </td>
              <td className="num" title={exact(session.created_at)}>
                {when(session.created_at)}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

export function countsOf(project: Project): string {
  const { sources, sessions, waiting } = project.counts;
  return [
    t("project.sources", { count: sources }),
    t("project.sessions", { count: sessions }),
    waiting > 0 ? t("project.waiting", { count: waiting }) : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

function NewProject() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState<string | null>(null);
  const create = useMutation({
    mutationFn: (name: string) => api<Project>("/projects", { method: "POST", json: { name }, idempotencyKey: newKey() }),
    onSuccess: (project) => {
      void client.invalidateQueries({ queryKey: ["projects"] });
      void navigate({ to: "/projects/$projectId", params: { projectId: project.id } });
    },
  });
  if (name === null) {
    return (
      <button type="button" className="b" onClick={() => setName("")}>
        {t("work.newProject")}
      </button>
    );
  }
  return (
    <form
      className="line"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) create.mutate(name.trim());
      }}
    >
      <input
        className="in"
        aria-label={t("work.projectName")}
        placeholder={t("work.projectName")}
        autoFocus
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && setName(null)}
      />
      <button type="submit" className="b fill" disabled={create.isPending || !name.trim()}>
        {t("work.create")}
      </button>
      {create.error && <ErrorLine>{problemText(create.error).title}</ErrorLine>}
    </form>
  );
}

export function WorkPage() {
  useTitle(t("page.work"));
  const { items, projects, pending, error, refetch } = useAllSessions();
  return (
    <main className="inbox screen">
      <div className="wrap">
        <div className="ihead">
          <h1 className="doctitle">{t("page.work")}</h1>
          <NewProject />
        </div>
        {error ? (
          <Problem what={t("work.failed")} error={error} retry={refetch} />
        ) : pending ? (
          <Loading words={t("work.loading")} />
        ) : projects.length === 0 ? (
          <p className="text-ink-2">{t("work.none")}</p>
        ) : (
          projects.map((project) => {
            const mine = items.filter((session) => session.project_id === project.id);
            return (
              <section className="mt-8 first:mt-0" key={project.id}>
                <div className="between">
                  <h2 className="text-[16.5px] leading-6 font-semibold font-serif">
                    <Link className="hover:underline underline-offset-4" to="/projects/$projectId" params={{ projectId: project.id }}>
                      {project.name}
                    </Link>
                  </h2>
                  <span className="meta nophone">{countsOf(project)}</span>
                </div>
                {mine.length > 0 ? (
                  <SessionRows items={mine.slice(0, 8)} />
                ) : (
                  <p className="mt-2 border-t border-line-2 pt-2 text-ink-2">
                    {project.description}{" "}
                    <Link className="link" to="/projects/$projectId/new" params={{ projectId: project.id }} search={{}}>
                      {t("work.start")}
                    </Link>
                  </p>
                )}
                {mine.length > 8 && (
                  <Link className="link mt-2 inline-block" to="/projects/$projectId" params={{ projectId: project.id }}>
                    {t("work.all", { count: mine.length })}
                  </Link>
                )}
              </section>
            );
          })
        )}
      </div>
    </main>
  );
}
