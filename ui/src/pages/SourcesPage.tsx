import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { projectsQuery } from "@/api/queries";
import { NewProject } from "@/components/NewProject";
import { Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { useMay } from "@/lib/may";
import { useTitle } from "@/lib/title";
import { SourceList } from "@/sources/SourceList";

export function SourcesPage() {
  useTitle(t("page.sources"));
  const projects = useQuery(projectsQuery);
  const may = useMay("requester");
  return (
    <main className="inbox screen">
      <div className="wrap text">
        <h1 className="doctitle">{t("page.sources")}</h1>
        <p className="mt-1 text-ink-2">{t("source.pageWords")}</p>
        {projects.error ? (
          <Problem what={t("work.projectsFailed")} error={projects.error} retry={() => void projects.refetch()} />
        ) : projects.isPending ? (
          <Loading words={t("source.loading")} />
        ) : projects.data.length === 0 ? (
          <div className="runs">
            <p className="mb-3">{t(may ? "source.noProject" : "work.noneOnly")}</p>
            {may && <NewProject to="/projects/$projectId/sources" />}
          </div>
        ) : (
          projects.data.map((project) => (
            <section className="runs" key={project.id}>
              <div className="between">
                <h2 className="grow">
                  <Link to="/projects/$projectId/sources" params={{ projectId: project.id }}>
                    {project.name}
                  </Link>
                </h2>
                <Link className="link" to="/projects/$projectId/search" params={{ projectId: project.id }} search={{}}>
                  {t("projectNav.search")}
                </Link>
                <Link className="link" to="/projects/$projectId/sources" params={{ projectId: project.id }}>
                  {t("source.add")}
                </Link>
              </div>
              <SourceList projectId={project.id} />
            </section>
          ))
        )}
      </div>
    </main>
  );
}
