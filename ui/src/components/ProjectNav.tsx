import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { projectQuery } from "@/api/queries";
import { t } from "@/i18n";

export type ProjectTab = "work" | "sources" | "search" | "memory" | "agents" | "policy";

/** What a project holds. On every page of it, in the same order. */
export function ProjectNav({ projectId, here, named = true }: { projectId: string; here: ProjectTab | null; named?: boolean }) {
  const params = { projectId };
  const name = useQuery(projectQuery(projectId)).data?.name;
  const current = (tab: ProjectTab) => (here === tab ? ("page" as const) : undefined);
  return (
    <nav className="tabs" aria-label={t("projectNav.label")}>
      {named && name && <span className="of">{name}</span>}
      <Link to="/projects/$projectId" params={params} activeOptions={{ exact: true }} aria-current={current("work")}>
        {t("projectNav.work")}
      </Link>
      <Link to="/projects/$projectId/sources" params={params} aria-current={current("sources")}>
        {t("projectNav.sources")}
      </Link>
      <Link to="/projects/$projectId/search" params={params} search={{}} aria-current={current("search")}>
        {t("projectNav.search")}
      </Link>
      <Link to="/projects/$projectId/memory" params={params} aria-current={current("memory")}>
        {t("projectNav.memory")}
      </Link>
      <Link to="/projects/$projectId/agents" params={params} aria-current={current("agents")}>
        {t("projectNav.agents")}
      </Link>
      <Link to="/projects/$projectId/policy" params={params} aria-current={current("policy")}>
        {t("projectNav.policy")}
      </Link>
    </nav>
  );
}
