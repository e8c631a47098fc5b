import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useDeferredValue, useMemo, useRef, useState } from "react";
import { api } from "@/api/client";
import { meQuery, projectQuery } from "@/api/queries";
import { allSourcesQuery, indexQuery, type IndexState, type SourceMore } from "@/api/substrate";
import { ArchivedLine } from "@/components/Archive";
import { ProjectNav } from "@/components/ProjectNav";
import { Loading, Problem, problemText } from "@/components/States";
import { t } from "@/i18n";
import { count } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { useTitle } from "@/lib/title";
import { AddSources } from "@/sources/AddSources";
import { ContradictionList, useContradictions } from "@/sources/Contradictions";
import { SourceTable } from "@/sources/SourceTable";
import { kindOf, KINDS, type FileKind } from "@/sources/kinds";
import { counted, indexWords, kindWord, shownSources, stateOf, STATES, type SourceFilter, type SourceState } from "@/sources/words";

const PAGE = 100;
/** A link is the page's own only with the same view. */
const ONLY = { exact: true, includeSearch: true };
const NONE: SourceMore[] = [];

/** How the passages can be found, in one quiet line. */
export function IndexLine({ projectId, index }: { projectId: string; index: IndexState }) {
  const client = useQueryClient();
  const rebuild = useMutation({
    mutationFn: () => api(`/projects/${projectId}/index/rebuild`, { method: "POST" }),
    onSuccess: () => void client.invalidateQueries({ queryKey: ["index", projectId] }),
  });
  return (
    <p className="meta" title={index.message ?? undefined}>
      {indexWords(index)}
      {index.state === "other_model" && (
        <>
          {" "}
          <button type="button" className="link" disabled={rebuild.isPending} onClick={() => rebuild.mutate()}>
            {rebuild.isSuccess ? t("index.rebuilding") : t("index.rebuild")}
          </button>
        </>
      )}
      {rebuild.error && ` ${problemText(rebuild.error).title}`}
    </p>
  );
}

export function ProjectSourcesPage() {
  const { projectId } = useParams({ from: "/projects/$projectId/sources" });
  const client = useQueryClient();
  const project = useQuery(projectQuery(projectId));
  const sources = useQuery(allSourcesQuery(client, projectId));
  const index = useQuery(indexQuery(projectId));
  const role = useQuery(meQuery).data?.role ?? "viewer";
  const name = project.data?.name ?? "";
  useTitle(name ? t("source.of", { project: name }) : t("page.sources"));
  const [filter, setFilter] = useState<SourceFilter>({ state: "all", kind: "all", find: "" });
  const [page, setPage] = useState(0);
  const [open, setOpen] = useState<string | null>(null);
  const [notice, setNotice] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const find = useDeferredValue(filter.find);
  const all = sources.data ?? NONE;
  const { view } = useSearch({ from: "/projects/$projectId/sources" });
  const apart = useContradictions(projectId, all);
  const items = useMemo(() => shownSources(all, { ...filter, find }), [all, filter, find]);
  const states = useMemo(() => counted(all, stateOf), [all]);
  const kinds = useMemo(() => counted(all, kindOf), [all]);
  const archived = Boolean(project.data?.archived_at);
  const may = useMemo(() => ({ add: role !== "viewer" && !archived, retract: role === "reviewer" || role === "admin" }), [role, archived]);
  const last = Math.max(0, Math.ceil(items.length / PAGE) - 1);
  const at = Math.min(page, last);
  const change = (values: Partial<SourceFilter>) => {
    setFilter((held) => ({ ...held, ...values }));
    setPage(0);
  };
  const toggle = useCallback((id: string) => setOpen((held) => (held === id ? null : id)), []);
  useKeys({ "/": () => field.current?.focus() });
  const here = (is: boolean) => (is ? ("page" as const) : undefined);

  return (
    <main className="inbox screen">
      <div className="wrap">
        <ProjectNav projectId={projectId} here="sources" />
        <h1 className="doctitle">{t("page.sources")}</h1>
        <ArchivedLine project={project.data} />
        <nav className="tabs views" aria-label={t("apart.views")}>
          <Link to="/projects/$projectId/sources" params={{ projectId }} search={{}} activeOptions={ONLY} aria-current={here(view === undefined)}>
            {t("apart.sources")} {sources.isSuccess && count(all.length)}
          </Link>
          <Link to="/projects/$projectId/sources" params={{ projectId }} search={{ view: "contradictions" }} activeOptions={ONLY} aria-current={here(view !== undefined)}>
            {t("apart.title")} {apart.data && count(apart.data.found)}
          </Link>
        </nav>
        {view === undefined && index.data && <IndexLine projectId={projectId} index={index.data} />}
        {view === undefined && may.add && (
          <div className="mt-4">
            <AddSources projectId={projectId} projectName={name} filled={sources.isSuccess && all.length === 0} />
          </div>
        )}
        <p role="status" className={notice ? "mt-3" : "sr"}>
          {notice}
        </p>
        {project.error || sources.error ? (
          <div className="mt-5">
            <Problem what={t("source.listFailed")} error={project.error ?? sources.error} retry={() => void sources.refetch()} />
          </div>
        ) : sources.isPending ? (
          <div className="mt-5">
            <Loading words={t("source.loading")} />
          </div>
        ) : all.length === 0 ? (
          <p className="mt-5 text-ink-2">{t("source.none")}</p>
        ) : view === "contradictions" ? (
          <ContradictionList projectId={projectId} sources={all} query={apart} may={may} onDone={setNotice} />
        ) : (
          <>
            <div className="srcbar">
              <div className="seg" role="radiogroup" aria-label={t("source.state")}>
                {(["all", ...STATES.filter((state) => states.has(state))] as (SourceState | "all")[]).map((state) => (
                  <label key={state}>
                    <input type="radio" name="state" checked={filter.state === state} onChange={() => change({ state })} />
                    {t(`sourceState.${state}`)} {count(state === "all" ? all.length : (states.get(state) ?? 0))}
                  </label>
                ))}
              </div>
              {kinds.size > 1 && (
                <select
                  className="in !min-w-[140px]"
                  aria-label={t("source.kind")}
                  value={filter.kind}
                  onChange={(event) => change({ kind: event.target.value as FileKind | "all" })}
                >
                  <option value="all">{t("source.anyKind")}</option>
                  {KINDS.filter((kind) => kinds.has(kind)).map((kind) => (
                    <option value={kind} key={kind}>
                      {kindWord(kind)} ({kinds.get(kind)})
                    </option>
                  ))}
                </select>
              )}
              <input ref={field} className="in" type="search" aria-label={t("source.find")} placeholder={t("source.find")} value={filter.find} onChange={(event) => change({ find: event.target.value })} />
            </div>
            {items.length === 0 ? (
              <p className="text-ink-2">{t("source.noneMatch")}</p>
            ) : (
              <SourceTable sources={items.slice(at * PAGE, (at + 1) * PAGE)} open={open} may={may} onToggle={toggle} onDeleted={setNotice} />
            )}
            {last > 0 && (
              <p className="pager">
                <button type="button" className="b small" disabled={at === 0} onClick={() => setPage(at - 1)}>
                  {t("source.earlier")}
                </button>
                <span className="meta">{t("source.range", { from: count(at * PAGE + 1), to: count(Math.min(items.length, (at + 1) * PAGE)), all: count(items.length) })}</span>
                <button type="button" className="b small" disabled={at === last} onClick={() => setPage(at + 1)}>
                  {t("source.later")}
                </button>
              </p>
            )}
          </>
        )}
      </div>
    </main>
  );
}
