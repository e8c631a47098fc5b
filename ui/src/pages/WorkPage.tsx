import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { projectsQuery } from "@/api/queries";
import type { Project } from "@/api/types";
import { NewProject } from "@/components/NewProject";
import { Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { useMay } from "@/lib/may";
import { useTitle } from "@/lib/title";
import { homeProject } from "./home";
import { WorkList } from "./WorkList";
import { useWorkFilter } from "./workFilter";

export function countsOf(project: Project): string {
  const { sources, unreadable, sessions, waiting } = project.counts;
  return [
    t("project.sources", { count: sources }) + (unreadable > 0 ? `, ${t("project.unreadable", { count: unreadable })}` : ""),
    t("project.sessions", { count: sessions }),
    waiting > 0 ? t("project.waiting", { count: waiting }) : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

export function WorkPage() {
  useTitle(t("page.work"));
  const projects = useQuery(projectsQuery);
  const { search } = useWorkFilter();
  const may = useMay("requester");
  const home = projects.data && homeProject(projects.data);
  const one = projects.data?.find((project) => project.id === search.project);
  return (
    <div className="page plain screen">
      <main className="main">
        <div className="between flex-wrap">
          <h1 className="doctitle">{one ? t("workArea.list.own", { name: one.name }) : t("page.work")}</h1>
          {home && may && (
            <Link className="b fill" to="/projects/$projectId/new" params={{ projectId: (one ?? home).id }} search={{}}>
              {t("page.newWork")}
            </Link>
          )}
        </div>
        <section className="sect" aria-label={t("page.work")}>
          {projects.data?.length === 0 ? (
            <p className="text-ink-2">{t("work.none")}</p>
          ) : (
            <WorkList empty={<p className="text-ink-2">{may ? `${t("workArea.list.none")} ${t("workArea.list.startOne")}` : t("workArea.list.none")}</p>} />
          )}
        </section>
      </main>
      <aside className="rail" aria-label={t("workArea.list.projects")}>
        <h2>{t("workArea.list.projects")}</h2>
        {projects.error ? (
          <Problem what={t("work.projectsFailed")} error={projects.error} retry={() => void projects.refetch()} />
        ) : projects.isPending ? (
          <Loading words={t("work.loading")} />
        ) : (
          <ul className="projects">
            {projects.data.map((project) => (
              <li key={project.id}>
                <Link to="/projects/$projectId" params={{ projectId: project.id }}>
                  <b>{project.name}</b>
                  <span className="meta">{countsOf(project)}</span>
                </Link>
              </li>
            ))}
          </ul>
        )}
        {may && (
          <div className="mt-4">
            <NewProject />
          </div>
        )}
      </aside>
    </div>
  );
}
