import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { archivedQuery, policyQuery, projectsQuery } from "@/api/queries";
import type { Policy, Project } from "@/api/types";
import { Archive } from "@/components/Archive";
import { NewProject } from "@/components/NewProject";
import { Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { when } from "@/lib/format";
import { useMay } from "@/lib/may";
import { differences, UNSET } from "@/pages/policy";
import { ReadOnly } from "./SettingsPage";

/** The projects, or what stands in their place: they are loading, could not be loaded, or there is none. */
export function useProjects(): { projects: Project[]; instead: ReactNode } {
  const query = useQuery(projectsQuery);
  const may = useMay("requester");
  const instead = query.error ? (
    <Problem what={t("work.projectsFailed")} error={query.error} retry={() => void query.refetch()} />
  ) : !query.data ? (
    <Loading words={t("settings.loading")} />
  ) : query.data.length === 0 ? (
    <>
      <p className="mb-3 text-ink-2">{t("settings.noProject")}</p>
      {may && <NewProject />}
    </>
  ) : null;
  return { projects: query.data ?? [], instead };
}

function ProjectRow({ project, said }: { project: Project; said: (words: string) => void }) {
  return (
    <li>
      <div>
        <Link className="t" to="/projects/$projectId" params={{ projectId: project.id }}>
          {project.name}
        </Link>
        <p className="meta">{project.archived_at ? t("archive.since", { when: when(project.archived_at) }) : project.description}</p>
      </div>
      <Archive project={project} said={said} />
    </li>
  );
}

/** All projects, with those that are on no list. */
export function ProjectsList() {
  const { projects, instead } = useProjects();
  const archived = useQuery(archivedQuery);
  const [notice, setNotice] = useState("");
  return (
    <>
      <p className="text-ink-2">{t("projectsOf.words")}</p>
      <ReadOnly />
      <p className="notice" role="status">{notice}</p>
      {instead ?? (
        <ul className="kept">
          {projects.map((project) => (
            <ProjectRow key={project.id} project={project} said={setNotice} />
          ))}
        </ul>
      )}
      <h3 className="h3 mt-6">{t("projectsOf.archived")}</h3>
      {archived.error ? (
        <Problem what={t("work.projectsFailed")} error={archived.error} retry={() => void archived.refetch()} />
      ) : !archived.data ? (
        <Loading words={t("settings.loading")} />
      ) : archived.data.length === 0 ? (
        <p className="text-ink-2">{t("projectsOf.none")}</p>
      ) : (
        <ul className="kept">
          {archived.data.map((project) => (
            <ProjectRow key={project.id} project={project} said={setNotice} />
          ))}
        </ul>
      )}
    </>
  );
}

export function ProjectAgentsList() {
  const { projects, instead } = useProjects();
  return (
    <>
      <p className="text-ink-2">{t("agentsOf.words")}</p>
      <ReadOnly />
      {instead ?? (
        <table className="list mt-4">
          <tbody>
            {projects.map((project) => (
              <tr key={project.id}>
                <td className="t">{project.name}</td>
                <td className="num">
                  <Link className="link" to="/projects/$projectId/agents" params={{ projectId: project.id }} aria-label={t("agentsOf.open", { project: project.name })}>
                    {t("agentsOf.openShort")}
                  </Link>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

const briefly = (policy: Policy): string => differences(policy.settings, UNSET).map((line) => line.replace(/: .* → /, ": ")).join(" · ") || t("policies.never");

export function ProjectPolicies() {
  const { projects, instead } = useProjects();
  const policies = useQueries({ queries: projects.map((project) => policyQuery(project.id)) });
  return (
    <>
      <p className="text-ink-2">{t("policies.words")}</p>
      <ReadOnly />
      {instead ?? (
        <table className="list mt-4">
          <tbody>
            {projects.map((project, i) => {
              const policy = policies[i]?.data;
              return (
                <tr key={project.id}>
                  <td>
                    <span className="t">{project.name}</span>
                    <span className="sub">{policy ? briefly(policy) : " "}</span>
                  </td>
                  <td className="tight meta nophone">{policy && policy.version > 0 ? t("policies.v", { n: policy.version }) : ""}</td>
                  <td className="num">
                    <Link className="link" to="/projects/$projectId/policy" params={{ projectId: project.id }} aria-label={t("policies.openOf", { project: project.name })}>
                      {t("policies.open")}
                    </Link>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </>
  );
}
