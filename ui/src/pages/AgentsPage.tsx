import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { api } from "@/api/client";
import { agentsQuery, meQuery, projectQuery } from "@/api/queries";
import { AgentEditor } from "@/agents/AgentEditor";
import { projectAgentsQuery, type ProjectAgent } from "@/agents/agents";
import { ProjectNav } from "@/components/ProjectNav";
import { ErrorLine, Loading, Problem, problemText } from "@/components/States";
import { t } from "@/i18n";
import { exact, when } from "@/lib/format";
import { useMay } from "@/lib/may";
import { useTitle } from "@/lib/title";
import { inOrder } from "@/newwork/request";

/** Which agents can be asked for in a project: the program's, and the project's own, which its admins write here. */
export function AgentsPage() {
  useTitle(t("projectNav.agents"));
  const { projectId } = useParams({ from: "/projects/$projectId/agents" });
  const client = useQueryClient();
  const own = useQuery(projectAgentsQuery(projectId));
  const offered = useQuery(agentsQuery(projectId));
  const me = useQuery(meQuery).data;
  const may = me?.role === "admin";
  const project = useQuery(projectQuery(projectId)).data;
  const ask = useMay("requester") && project?.archived_at === null;
  const [open, setOpen] = useState<string | null>(null); // a name, or "" for a new one
  const [sure, setSure] = useState<string | null>(null);
  const [notice, setNotice] = useState("");
  const add = useRef<HTMLButtonElement>(null);
  const busy = open !== null || sure !== null;
  const before = useRef(busy);
  useEffect(() => {
    // What closes gives the keyboard back to the page, not to nowhere.
    if (before.current && !busy) add.current?.focus();
    before.current = busy;
  }, [busy]);
  const remove = useMutation({
    mutationFn: (agent: ProjectAgent) => api<void>(`/projects/${projectId}/agents/${agent.name}`, { method: "DELETE" }),
    onSuccess: (_done, agent) => {
      setSure(null);
      setOpen(null);
      setNotice(t("agents.removed", { name: agent.title }));
      for (const queryKey of [["project-agents", projectId], ["agents", projectId]]) void client.invalidateQueries({ queryKey });
    },
  });
  const failed = own.error ?? offered.error;
  const list = own.data ?? [];
  const all = offered.data ?? [];
  const shipped = inOrder(all).flatMap((name) => all.filter((one) => one.name === name && one.origin !== "project"));
  const edited = list.find((one) => one.name === open) ?? null;
  return (
    <main className="inbox screen">
      <div className="wrap text">
        <ProjectNav projectId={projectId} here="agents" />
        <h1 className="doctitle">{t("projectNav.agents")}</h1>
        <p className="mt-1 max-w-[72ch] text-ink-2">{t("agents.words")}</p>
        {failed ? (
          <Problem
            what={t("agents.failed")}
            error={failed}
            retry={() => {
              void own.refetch();
              void offered.refetch();
            }}
          />
        ) : !own.data || !offered.data ? (
          <div className="mt-4">
            <Loading words={t("agents.loading")} />
          </div>
        ) : (
          <>
            <section className="sect">
              <div className="between">
                <h2>{t("agents.own")}</h2>
                <span className="meta" role="status">
                  {notice}
                </span>
              </div>
              {list.length === 0 && <p className="text-ink-2">{t("agents.none")}</p>}
              <ul className="plainlist agentlist">
                {list.map((agent) => (
                  <li key={agent.name} aria-current={open === agent.name ? "true" : undefined}>
                    <div className="between">
                      <b className="break-words">{agent.title}</b>
                      <span className="line nowrap">
                        <button type="button" className="link" aria-label={t(may ? "agents.editOf" : "agents.seeOf", { name: agent.title })} onClick={() => { setOpen(agent.name); setNotice(""); }}>
                          {t(may ? "agents.edit" : "agents.see")}
                        </button>
                        {may && (
                          <button type="button" className="link" aria-label={t("agents.removeOf", { name: agent.title })} onClick={() => setSure(agent.name)}>
                            {t("agents.remove")}
                          </button>
                        )}
                        {ask && (
                          <Link className="link" to="/projects/$projectId/new" params={{ projectId }} search={{ agent: agent.name }}>
                            {t("agents.use")}
                          </Link>
                        )}
                      </span>
                    </div>
                    <p className="text-ink-2">{agent.goal}</p>
                    <p className="meta" title={exact(agent.updated_at)}>
                      {agent.name} · {t("agents.version", { n: agent.version })} · {agent.changed_by ? t("agents.by", { name: agent.changed_by, when: when(agent.updated_at) }) : when(agent.updated_at)}
                      {shipped.length > 0 && ["research", "content", "reporting"].includes(agent.name) ? ` · ${t("agents.instead")}` : ""}
                    </p>
                    {sure === agent.name && (
                      <div className="acts" role="group" aria-label={t("agents.removeOf", { name: agent.title })} onKeyDown={(event) => event.key === "Escape" && setSure(null)}>
                        <span className="mr-2 self-center">{t("agents.removeWords")}</span>
                        <button type="button" className="b" autoFocus disabled={remove.isPending} onClick={() => remove.mutate(agent)}>
                          {t("agents.removeOf", { name: agent.title })}
                        </button>
                        <button type="button" className="b bare" onClick={() => setSure(null)}>
                          {t("agents.keep")}
                        </button>
                        {remove.error && <ErrorLine>{[problemText(remove.error).title, problemText(remove.error).hint].filter(Boolean).join(" ")}</ErrorLine>}
                      </div>
                    )}
                  </li>
                ))}
              </ul>
              {open === null &&
                (may ? (
                  <div className="acts">
                    <button type="button" className="b" ref={add} onClick={() => { setOpen(""); setNotice(""); }}>
                      {t("agents.add")}
                    </button>
                  </div>
                ) : (
                  <p className="meta mt-2">{t("agents.admins")}</p>
                ))}
            </section>
            {open !== null && (open === "" || edited) && (
              <AgentEditor
                key={`${open} ${edited?.version ?? 0}`}
                projectId={projectId}
                agent={open === "" ? null : edited}
                offered={offered.data}
                may={may}
                onClose={() => setOpen(null)}
                onSaved={(saved) => {
                  setOpen(null);
                  setNotice(t("agents.saved", { name: saved.title, n: saved.version }));
                }}
              />
            )}
            <section className="sect">
              <h2>{t("agents.shipped")}</h2>
              <ul className="plainlist agentlist">
                {shipped.map((agent) => (
                  <li key={agent.name}>
                    <div className="between">
                      <b>{agent.title}</b>
                      {ask && (
                        <Link className="link" to="/projects/$projectId/new" params={{ projectId }} search={{ agent: agent.name }}>
                          {t("agents.use")}
                        </Link>
                      )}
                    </div>
                    <p className="text-ink-2">{agent.goal}</p>
                  </li>
                ))}
              </ul>
            </section>
          </>
        )}
      </div>
    </main>
  );
}
