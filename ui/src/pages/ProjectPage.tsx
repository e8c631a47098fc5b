import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { api, newKey } from "@/api/client";
import { firstQuery } from "@/api/inbox";
import { projectQuery, sourcesQuery } from "@/api/queries";
import type { Project, WorkSession } from "@/api/types";
import { Archive } from "@/components/Archive";
import { ProjectNav } from "@/components/ProjectNav";
import { ErrorLine, Loading, Problem, problemText } from "@/components/States";
import { t } from "@/i18n";
import { exact, when } from "@/lib/format";
import { useMay } from "@/lib/may";
import { useTitle } from "@/lib/title";
import { AddSources } from "@/sources/AddSources";
import { SourceList } from "@/sources/SourceList";
import { WorkList } from "./WorkList";
import { countsOf } from "./WorkPage";

function SampleBanner({ project }: { project: Project }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const sources = useQuery({ ...sourcesQuery(project.id), enabled: project.sample_key === "report" });
  const waiting = useQuery(firstQuery(project.id)).data;
  const year = useMutation({
    mutationFn: () =>
      api<WorkSession>(`/projects/${project.id}/sample/new-year`, { method: "POST", idempotencyKey: newKey() }),
    onSuccess: (session) => {
      void client.invalidateQueries({ queryKey: ["sources", project.id] });
      void client.invalidateQueries({ queryKey: ["sessions", project.id] });
      void navigate({
        to: "/projects/$projectId/sessions/$sessionId",
        params: { projectId: project.id, sessionId: session.id },
      });
    },
  });
  if (project.sample_key === "check") {
    return (
      <div className="drop mt-4">
        <b>{t("sample.check")}</b>
        <p>{t("sample.checkWords")}</p>
        {waiting && (
          <div className="acts">
            <Link className="b fill" to="/review/$checkpointId" params={{ checkpointId: waiting.id }}>
              {t("sample.checkOpen")}
            </Link>
          </div>
        )}
      </div>
    );
  }
  if (project.sample_key === "report") {
    const came = sources.data?.some((source) => source.tables.length > 0 && source.version > 1) ?? false;
    return (
      <div className="drop mt-4">
        <b>{came ? t("sample.reportCame") : t("sample.report")}</b>
        <p>{came ? t("sample.reportCameWords") : t("sample.reportWords")}</p>
        <div className="acts">
          {!came && (
            <button type="button" className={`b ${waiting ? "" : "fill"}`} disabled={year.isPending} onClick={() => year.mutate()}>
              {year.isPending ? t("sample.reportBusy") : t("sample.reportDo")}
            </button>
          )}
          {waiting && (
            <Link className="b fill" to="/review/$checkpointId" params={{ checkpointId: waiting.id }}>
              {t("sample.reportOpen")}
            </Link>
          )}
        </div>
        {year.error && (
          <ErrorLine>
            {[problemText(year.error).title, problemText(year.error).hint].filter(Boolean).join(" ")}
          </ErrorLine>
        )}
      </div>
    );
  }
  if (project.sample_key === "yours") {
    return (
      <div className="drop mt-4">
        <b>{t("sample.yours")}</b>
        <p>{t("sample.yoursWords")}</p>
        <div className="acts">
          <Link className="b fill" to="/projects/$projectId/new" params={{ projectId: project.id }} search={{ agent: "check" }}>
            {t("empty.paste")}
          </Link>
          <Link className="b" to="/projects/$projectId/new" params={{ projectId: project.id }} search={{ agent: "research" }}>
            {t("empty.ask")}
          </Link>
        </div>
      </div>
    );
  }
  return null;
}

export function ProjectPage() {
  const { projectId } = useParams({ from: "/projects/$projectId" });
  const project = useQuery(projectQuery(projectId));
  const may = useMay("requester") && !project.data?.archived_at;
  useTitle(project.data?.name ?? t("page.work"));
  if (project.error || project.isPending) {
    return (
      <main className="inbox screen">
        <div className="wrap">
          <h1 className="sr">{t("page.work")}</h1>
          {project.error ? (
            <Problem what={t("project.failed")} error={project.error} retry={() => void project.refetch()} />
          ) : (
            <Loading words={t("project.loading")} />
          )}
        </div>
      </main>
    );
  }
  return (
    <div className="page plain screen">
      <main className="main">
        <ProjectNav projectId={projectId} here="work" named={false} />
        <div className="between">
          <h1 className="doctitle">{project.data.name}</h1>
          {may && (
            <Link className={`b ${project.data.sample_key ? "" : "fill"}`} to="/projects/$projectId/new" params={{ projectId }} search={{}}>
              {t("page.newWork")}
            </Link>
          )}
        </div>
        <p className="mt-1 max-w-[72ch] text-ink-2">{project.data.description}</p>
        <p className="meta mt-1">{countsOf(project.data)}</p>
        {project.data.archived_at && (
          <div className="archived" role="status">
            <span title={exact(project.data.archived_at)}>{t("archive.since", { when: when(project.data.archived_at) })}</span> <Archive project={project.data} />
          </div>
        )}
        {may && <SampleBanner project={project.data} />}
        <section className="sect">
          <h2>{t("page.work")}</h2>
          <WorkList project={projectId} empty={<p className="text-ink-2">{t(may ? "project.noWork" : "workArea.list.none")}</p>} />
        </section>
      </main>
      <aside className="rail" aria-label={t("page.sources")}>
        <h2>{t("page.sources")}</h2>
        <div className="runs !mt-0">
          <SourceList projectId={projectId} />
        </div>
        {may && (
          <div className="mt-4">
            <AddSources projectId={projectId} projectName={project.data.name} />
          </div>
        )}
        {!project.data.archived_at && <Archive here project={project.data} />}
      </aside>
    </div>
  );
}
