import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { decidedQuery, isNarrow, keepView, keyOf, newestDecided, type View } from "@/api/inbox";
import { membersQuery, meQuery } from "@/api/queries";
import { onWaiting } from "@/api/waiting";
import type { CheckpointItem } from "@/api/types";
import { Mark } from "@/components/Mark";
import { Kbd, Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { clock, exact, when } from "@/lib/format";
import { MOVES, useKeys } from "@/lib/keys";
import { agentWord } from "@/review/Queue";
import { batchWords, saidBy } from "./inbox";
import { InboxFilters, tabKeys } from "./InboxFilters";
import { FindField, useFind } from "./InboxFind";
import { InboxKeys } from "./InboxKeys";

const NEAR = 5;
const PAGE_ROWS = 10;
/** Where the reader was in each view, kept in this tab's memory. */
const kept = new Map<string, { at: number; scrolled: number }>();

/** What was decided, newest first: the history of the inbox. It opens read-only. */
export function DecidedList({ view, onView }: { view: View; onView: (next: View, replace?: boolean) => void }) {
  const navigate = useNavigate();
  const found = useInfiniteQuery(decidedQuery(view));
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const people = (useQuery(membersQuery).data?.length ?? 0) > 1;
  const me = useQuery(meQuery).data?.id;
  const key = keyOf(view);
  const before = useRef(kept.get(key));
  const [at, setAt] = useState(before.current?.at ?? 0);
  const here = Math.min(at, Math.max(0, items.length - 1));
  const pane = useRef<HTMLElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const filters = useRef<HTMLDivElement>(null);

  const open = (item: CheckpointItem | undefined) => {
    if (!item) return;
    keepView(view);
    void navigate({ to: "/review/$checkpointId", params: { checkpointId: item.id } });
  };
  const search = useFind(view, onView, { pending: found.isPending || found.isPlaceholderData, first: items[0], open });
  const linkAt = (index: number) => list.current?.children[index]?.querySelector<HTMLElement>(".t");
  const move = (index: number) => {
    const next = Math.min(items.length - 1, Math.max(0, index));
    setAt(next);
    linkAt(next)?.focus({ preventScroll: true });
    list.current?.children[next]?.scrollIntoView?.({ block: "nearest" });
    if (next >= items.length - NEAR && found.hasNextPage && !found.isFetchingNextPage) void found.fetchNextPage();
  };

  // Back from one of them: the same place, the same row.
  const there = items.length > 0;
  useLayoutEffect(() => {
    if (!there || !before.current) return;
    if (pane.current) pane.current.scrollTop = before.current.scrolled;
    linkAt(before.current.at)?.focus({ preventScroll: true });
    before.current = undefined;
  }, [there]);
  const latest = useRef({ at: here, scrolled: 0 });
  useEffect(() => {
    latest.current.at = here;
  });
  useEffect(() => () => void kept.set(key, latest.current), [key]);

  // What comes anew would push the rows down: it waits until it is asked for.
  const [newer, setNewer] = useState(false);
  const first = items[0];
  useEffect(() => {
    let away = false;
    const off = onWaiting(() => {
      newestDecided(view).then(
        (now) => {
          if (!away && now && (now.id !== first?.id || now.decided_at !== first.decided_at)) setNewer(true);
        },
        () => undefined, // the next news asks again
      );
    });
    return () => {
      away = true;
      off();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a view is its key
  }, [key, first?.id, first?.decided_at]);
  const refresh = () => {
    setNewer(false);
    void found.refetch();
  };

  useKeys(
    {
      j: () => move(here + 1),
      k: () => move(here - 1),
      ArrowDown: () => move(here + 1),
      ArrowUp: () => move(here - 1),
      PageDown: () => move(here + PAGE_ROWS),
      PageUp: () => move(here - PAGE_ROWS),
      Home: () => move(0),
      End: () => move(items.length - 1),
      Enter: () => open(items[here]),
      f: () => filters.current?.querySelector("select")?.focus(),
      ...tabKeys(view, people, onView),
      ".": refresh,
      "/": () => search.field.current?.focus(),
      Escape: () => {
        search.clear();
        if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
        move(here);
      },
    },
    !found.isPending,
    MOVES,
  );

  return (
    <div className="keyed screen">
      <main className="inbox" ref={pane} tabIndex={-1} onScroll={(event) => (latest.current.scrolled = event.currentTarget.scrollTop)}>
        <div className="wrap">
          <div className="ihead">
            <h1 className="doctitle">{t("past.title")}</h1>
            <FindField search={search} view={view} />
          </div>
          <InboxFilters view={view} people={people} clear={search.clear} within={filters} onChange={(next) => onView(next)} />
          <div className="inews">
            {newer && (
              <button type="button" className="link" onClick={refresh}>
                {t("past.newer")} <Kbd>.</Kbd>
              </button>
            )}
          </div>
          {found.error && items.length === 0 ? (
            <Problem what={t("past.failed")} error={found.error} retry={() => void found.refetch()} />
          ) : found.isPending ? (
            <Loading words={t("past.loading")} />
          ) : items.length === 0 ? (
            <p className="text-ink-2">
              {isNarrow(view) ? t("past.noneSuch") : t("past.none")}{" "}
              {isNarrow(view) && (
                <button
                  type="button"
                  className="link"
                  onClick={() => {
                    search.clear();
                    onView({ whose: "decided" });
                  }}
                >
                  {t("inbox.showAll")}
                </button>
              )}
            </p>
          ) : (
            <>
              <ul className="history" aria-label={t("past.list")} ref={list}>
                {items.map((item, index) => {
                  const { shape, className, words } = saidBy(item, me);
                  return (
                    <li key={item.id} aria-current={index === here ? "true" : undefined} onMouseDown={() => setAt(index)}>
                      <div className="what">
                        <Link className="t" to="/review/$checkpointId" params={{ checkpointId: item.id }} onClick={() => keepView(view)} onFocus={() => setAt(index)}>
                          {item.session_title}
                        </Link>
                        <span className="sub">
                          {agentWord(item.agent_type, item.agent_title)} · {item.project_name}
                          {item.iteration > 1 ? ` · ${t("review.round", { n: item.iteration, max: item.max_iterations })}` : ""}
                        </span>
                      </div>
                      <div className="outcome">
                        <Mark shape={shape} className={className} />{" "}
                        <span>
                          {words}
                          {item.held && item.undo_until && <span className="sub">{t("past.held", { at: clock(item.undo_until) })}</span>}
                          {item.decision?.batch && <span className="sub">{batchWords(item.decision.batch)}</span>}
                        </span>
                      </div>
                      <span className="num at" title={exact(item.decided_at)}>
                        {when(item.decided_at)}
                      </span>
                    </li>
                  );
                })}
              </ul>
              {found.hasNextPage && (
                <button type="button" className="b mt-4" disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
                  {found.isFetchingNextPage ? t("past.loadingMore") : t("past.more")}
                </button>
              )}
            </>
          )}
        </div>
      </main>
      <InboxKeys />
    </div>
  );
}

/** Forgets where the reader was; for tests. */
export function forgetDecided(): void {
  kept.clear();
}
