import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState, type ReactNode } from "react";
import type { WorkSession } from "@/api/types";
import { workCountsQuery, workListQuery } from "@/api/work";
import { Mark } from "@/components/Mark";
import { Loading, Problem } from "@/components/States";
import { t, tMaybe } from "@/i18n";
import { count, exact, projectWords, when } from "@/lib/format";
import { amount } from "@/lib/usage";
import { agentWord } from "@/review/Queue";
import { statusNow } from "./held";
import { EXACT, STATES, STATUSES, useWorkFilter, type State } from "./workFilter";

const FIND_MS = 250;

export function SessionRows({ items, named }: { items: WorkSession[]; /** Whether each row names its project. */ named: boolean }) {
  return (
    <table className="list work">
      <thead>
        <tr>
          <th scope="col">{t("work.state")}</th>
          <th scope="col">{t("inbox.work")}</th>
          {named && <th scope="col" className="of">{t("workArea.list.project")}</th>}
          <th scope="col" className="num">
            {t("workArea.list.cost")}
          </th>
          <th scope="col" className="num">
            {t("work.started")}
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((session) => {
          const status = statusNow(session);
          const { progress } = session;
          const far = session.status === "in_progress" && progress.total > 0;
          return (
            <tr key={session.id}>
              <td className="state">
                <Mark shape={status.shape} className={status.className} />
                <span>
                  {status.words}
                  {far && <small>{t("empty.progress", { done: count(progress.done), total: count(progress.total), label: progress.label })}</small>}
                </span>
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
                  {status.until && ` · ${status.until}`}
                </span>
              </td>
              {named && (
                <td className="of nophone">
                  <Link className="hover:underline underline-offset-4" to="/projects/$projectId" params={{ projectId: session.project_id }}>
                    {projectWords(session.project_name, session.project_archived)}
                  </Link>
                </td>
              )}
              <td className="num nophone quiet">{session.usage.cost_usd > 0 ? amount("usd", session.usage.cost_usd) : "–"}</td>
              <td className="num tight" title={exact(session.created_at)}>
                {when(session.created_at)}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Work of one project or of all: what runs, waits and is done, a page at a time. */
export function WorkList({ project, empty }: { project?: string; empty: ReactNode }) {
  const { search, filter, change } = useWorkFilter(project);
  const counts = useQuery(workCountsQuery(filter.project));
  const list = useInfiniteQuery(workListQuery(filter));
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = Boolean(search.state ?? search.agent ?? search.find ?? search.days);
  const of = (state?: State): number | null => {
    if (!counts.data) return null;
    const by = search.agent ? (counts.data.by_agent[search.agent] ?? {}) : counts.data.by_status;
    const sum = (names: string[]) => names.reduce((all, name) => all + (by[name] ?? 0), 0);
    const held = state === "waiting" ? Object.entries(counts.data.held).reduce((all, [name, n]) => all + (search.agent && search.agent !== name ? 0 : n), 0) : 0;
    return state ? sum(STATUSES[state]) - held : Object.values(by).reduce((all, n) => all + n, 0);
  };
  if (counts.data?.total === 0 && !filtered) return <>{empty}</>;
  const exact = EXACT.find((state) => state === search.state);
  const shownStates = [...STATES, ...(exact ? [exact] : [])].filter((state) => state !== "ready" || of("ready") || search.state === "ready");
  return (
    <>
      <div className="workbar" role="group" aria-label={t("workArea.list.states")}>
        <span className="seg" role="radiogroup" aria-label={t("workArea.list.states")}>
          {[undefined, ...shownStates].map((state) => (
            <label key={state ?? "all"}>
              <input type="radio" name="work-state" checked={search.state === state} onChange={() => change({ state, days: undefined })} />
              {t(`workArea.list.${state ?? "all"}`)} {of(state) !== null && state !== "failed" && <span className="n">{count(of(state) ?? 0)}</span>}
            </label>
          ))}
        </span>
        {search.days !== undefined && (
          <button type="button" className="link" onClick={() => change({ days: undefined })}>
            {t("workArea.list.days", { count: search.days })}
          </button>
        )}
        <Agents agent={search.agent} by={counts.data?.by_agent ?? {}} items={items} change={(agent) => change({ agent })} />
        <Find find={search.find ?? ""} change={(find) => change({ find })} />
      </div>
      {list.error && items.length === 0 ? (
        <Problem what={t("work.failed")} error={list.error} retry={() => void list.refetch()} />
      ) : list.isPending ? (
        <Loading words={t("work.loading")} />
      ) : items.length === 0 ? (
        <p className="mt-4 text-ink-2">
          {t("workArea.list.noneOf")}{" "}
          <button type="button" className="link" onClick={() => change({ state: undefined, agent: undefined, find: undefined, project: undefined, days: undefined })}>
            {t("workArea.list.showAll")}
          </button>
        </p>
      ) : (
        <>
          <SessionRows items={items} named={!project} />
          {list.hasNextPage && (
            <button type="button" className="b mt-4" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
              {list.isFetchingNextPage ? t("workArea.list.loadingMore") : t("workArea.list.more")}
            </button>
          )}
        </>
      )}
    </>
  );
}

function Agents({ agent, by, items, change }: { agent?: string; by: Record<string, unknown>; items: WorkSession[]; change: (agent?: string) => void }) {
  const names = Object.keys(by);
  if (names.length < 2 && !agent) return null;
  const title = (name: string) =>
    tMaybe(`agent.${name}`, items.find((one) => one.agent_type === name)?.agent_title ?? name.replaceAll("_", " "));
  return (
    <select className="in" aria-label={t("workArea.list.agent")} value={agent ?? ""} onChange={(event) => change(event.target.value || undefined)}>
      <option value="">{t("workArea.list.anyAgent")}</option>
      {[...new Set([...names, ...(agent ? [agent] : [])])].sort().map((name) => (
        <option key={name} value={name}>
          {title(name)}
        </option>
      ))}
    </select>
  );
}

/** Typed words reach the address when the typing rests. */
function Find({ find, change }: { find: string; change: (find: string | undefined) => void }) {
  const [typed, setTyped] = useState(find);
  useEffect(() => {
    if (typed.trim() === find) return;
    const timer = setTimeout(() => change(typed.trim() || undefined), FIND_MS);
    return () => clearTimeout(timer);
    // `change` is made anew with every drawing and reads the newest address.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [typed, find]);
  return (
    <input
      className="in finder"
      type="search"
      aria-label={t("workArea.list.find")}
      placeholder={t("workArea.list.find")}
      maxLength={300}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}
