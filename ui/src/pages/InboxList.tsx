import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { isNarrow, keepView, keyOf, snoozedCountQuery, waitingQuery, type View } from "@/api/inbox";
import { membersQuery, meQuery } from "@/api/queries";
import type { CheckpointItem } from "@/api/types";
import { DeadLetters } from "@/components/Deliveries";
import { ErrorLine, Kbd, Loading, Problem, problemText } from "@/components/States";
import { t } from "@/i18n";
import { count } from "@/lib/format";
import { isTyping, MOVES, useKeys } from "@/lib/keys";
import { useKnown, useMay } from "@/lib/may";
import { useFormer } from "@/review/former";
import { FormerLine } from "@/review/FormerLine";
import { EmptyInbox } from "./EmptyInbox";
import { takes } from "./inbox";
import { InboxDock, type Choosing } from "./InboxDock";
import { InboxFilters, tabKeys } from "./InboxFilters";
import { FindField, useFind } from "./InboxFind";
import { InboxNotYet } from "./InboxNotYet";
import { InboxKeys, Key } from "./InboxKeys";
import { InboxRow } from "./InboxRow";
import { useRows } from "./inboxRows";
import { useHandOn } from "./useHandOn";

const PHONE = "(max-width: 720px)";

/** How high a row is; the list counts with it, so the styles say the same. */
function useRowHeight(): number {
  const phone = useSyncExternalStore(
    (listener) => {
      const asked = window.matchMedia?.(PHONE);
      asked?.addEventListener("change", listener);
      return () => asked?.removeEventListener("change", listener);
    },
    () => window.matchMedia?.(PHONE).matches ?? false,
  );
  return phone ? 104 : 54;
}

/** A day's work is worth saying; beyond that the sum helps nobody. */
const within = (seconds: number) => seconds > 0 && seconds <= 8 * 3600;

/** What waits: rows in the order of the view. */
export function InboxList({ view, onView, onBatch }: { view: View; onView: (next: View, replace?: boolean) => void; onBatch: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const waiting = useQuery(waitingQuery);
  const asleep = useQuery(snoozedCountQuery);
  const members = useQuery(membersQuery);
  const me = useQuery(meQuery).data;
  const [choosing, setChoosing] = useState<Choosing | null>(null);
  const filters = useRef<HTMLDivElement>(null);
  const pane = useRef<HTMLElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const height = useRowHeight();
  const rows = useRows(view, pane, body, height);
  const people = (members.data?.length ?? 0) > 1;
  const may = useMay("reviewer");
  const known = useKnown();
  const current = rows.gone.has(rows.row(rows.at)?.id ?? "") ? undefined : rows.row(rows.at);
  const open = (item: CheckpointItem | undefined) => {
    if (!item) return;
    keepView(view);
    void navigate({ to: "/review/$checkpointId", params: { checkpointId: item.id } });
  };
  const search = useFind(view, onView, { pending: rows.pending, first: rows.row(0), open });

  // The keyboard stands on the row that it moved to, as soon as that is drawn.
  const toRow = useRef(rows.came);
  const focusRow = () => {
    const link = body.current?.querySelector<HTMLElement>(".irow[aria-current] .t");
    if (!link) return;
    toRow.current = false;
    link.focus({ preventScroll: true });
  };
  useEffect(() => {
    if (isTyping(document.activeElement)) toRow.current = false; // the reader went on
    if (toRow.current) focusRow();
  });
  const move = (index: number) => {
    const next = Math.min((rows.total ?? 1) - 1, Math.max(0, index));
    toRow.current = true;
    rows.setAt(next);
    if (next === rows.at) focusRow();
  };

  // One's own doing is no surprise: the list shows it at once.
  const handOn = useHandOn({ onChanged: rows.refresh });
  const former = useFormer();
  const choose = (what: Choosing["what"], item: CheckpointItem | undefined) => {
    if (item && may && handOn.busy === null && (what === "snooze" || people)) setChoosing({ what, item });
  };

  useKeys(
    {
      j: () => move(rows.at + 1),
      k: () => move(rows.at - 1),
      ArrowDown: () => move(rows.at + 1),
      ArrowUp: () => move(rows.at - 1),
      PageDown: () => move(rows.at + rows.pageRows),
      PageUp: () => move(rows.at - rows.pageRows),
      Home: () => move(0),
      End: () => move((rows.total ?? 1) - 1),
      Enter: () => open(current),
      m: () => choose("assign", current),
      s: () => choose("snooze", current),
      b: () => may && onBatch(),
      f: () => filters.current?.querySelector("select")?.focus(),
      ...tabKeys(view, people, onView),
      ".": rows.refresh,
      "/": () => search.field.current?.focus(),
      Escape: () => {
        if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
        if (view.find) toRow.current = true; // on the row of the list that comes back
        else focusRow();
        search.clear();
      },
    },
    !rows.pending && choosing === null,
    MOVES,
  );

  if ((waiting.error && !waiting.data) || waiting.isPending || !known) {
    return <InboxNotYet error={waiting.error} retry={() => void waiting.refetch()} />;
  }
  const all = waiting.data?.total ?? 0;
  if (all === 0 && asleep.data === 0 && keyOf(view) === "[]" && former === null && rows.gone.size === 0) {
    return (
      <main className="inbox screen">
        <EmptyInbox />
      </main>
    );
  }
  const narrow = isNarrow(view) || (view.whose !== undefined && view.whose !== "all");
  const nothing = view.find
    ? t("inbox.noMatch", { find: view.find })
    : isNarrow(view)
      ? t("inbox.noneSuch")
      : t(view.whose === "mine" ? "inbox.noneMine" : view.whose === "unassigned" ? "inbox.noneUnassigned" : view.whose === "snoozed" ? "inbox.noneSnoozed" : "empty.title");
  const shown = [];
  for (let index = rows.first; index <= rows.last; index += 1) shown.push(index);
  return (
    <div className="keyed screen">
      <main className="inbox" ref={pane} tabIndex={-1}>
        <div className="wrap">
          <div className="ihead">
            <h1 className="doctitle">
              {all > 0 ? t("inbox.title", { count: all, n: count(all) }) : t("empty.title")}{" "}
              {all > 0 && within(waiting.data?.effort_seconds ?? 0) && <span className="quiet time">{t("inbox.about", { time: takes(waiting.data?.effort_seconds ?? 0) })}</span>}
            </h1>
            <FindField search={search} view={view} />
          </div>
          <DeadLetters />
          <InboxFilters view={view} people={people} clear={search.clear} within={filters} onChange={(next) => onView(next)} />
          <div className="inews">
            <div className="notice" role="status">
              {handOn.busy}
              {handOn.error !== null && (
                <ErrorLine>
                  {t("inbox.notDone")}: {[problemText(handOn.error).title, problemText(handOn.error).hint].filter(Boolean).join(" ")}
                </ErrorLine>
              )}
            </div>
            {narrow && rows.total !== undefined && rows.total > 0 && <span className="quiet">{t("inbox.ofAll", { count: rows.total, n: count(rows.total) })}</span>}
            {may && (
              <button type="button" className="link quiet touch" onClick={onBatch}>
                {t("batch.title")}
              </button>
            )}
            {rows.changes > 0 && (
              <button type="button" className="link" onClick={rows.refresh}>
                {t("inbox.changed", { count: rows.changes })} <Kbd>.</Kbd>
              </button>
            )}
          </div>
          {rows.error && rows.total === undefined ? (
            <Problem what={t("home.failed")} error={rows.error} retry={() => void client.refetchQueries({ queryKey: ["inbox-rows"] })} />
          ) : rows.pending ? (
            <Loading words={t("home.loading")} />
          ) : rows.total === 0 ? (
            <p className="text-ink-2">
              {nothing}{" "}
              {narrow && (
                <button
                  type="button"
                  className="link"
                  onClick={() => {
                    search.clear();
                    onView({ order: view.order });
                  }}
                >
                  {t("inbox.showAll")}
                </button>
              )}
            </p>
          ) : (
            <div role="table" className="ilist" data-people={people || undefined} aria-rowcount={(rows.total ?? 0) + 1} aria-label={t("page.inbox")}>
              <div role="rowgroup" className="ihd">
                <div role="row" className="irowhead" aria-rowindex={1}>
                  <span role="columnheader">{t("inbox.need")}</span>
                  <span role="columnheader">{t("inbox.work")}</span>
                  <span role="columnheader" className="why2">
                    {t("inbox.why")}
                  </span>
                  <span role="columnheader" className="num takes">
                    {t("inbox.takes")}
                  </span>
                  <span role="columnheader" className="num">
                    {t("inbox.due")}
                  </span>
                  {people && <span role="columnheader" className="forhead">{t("inbox.for")}</span>}
                  <span role="columnheader">
                    <span className="sr">{t("inbox.later")}</span>
                  </span>
                </div>
              </div>
              <div
                role="rowgroup"
                className="ibody"
                ref={body}
                style={{ height: (rows.total ?? 0) * height, "--row": `${height}px` } as React.CSSProperties}
                onPointerMove={rows.stir}
                onPointerDown={rows.stir}
                onWheel={rows.stir}
              >
                {shown.map((index) => {
                  const item = rows.row(index);
                  return (
                    <InboxRow
                      key={item?.id ?? `row-${index}`}
                      item={item}
                      index={index}
                      top={index * height}
                      here={index === rows.at}
                      gone={item && rows.gone.get(item.id)}
                      view={view}
                      me={me?.id}
                      people={people}
                      may={may}
                      onHere={() => rows.setAt(index)}
                      onAssign={() => choose("assign", item)}
                      onSnooze={() => choose("snooze", item)}
                      onWake={() => item && handOn.wake(item)}
                    />
                  );
                })}
              </div>
            </div>
          )}
        </div>
      </main>
      <div className="docks">
        <FormerLine here="" keyOn={choosing === null} />
        {choosing ? (
        <InboxDock
          choosing={choosing}
          members={members.data ?? []}
          me={me?.id}
          onAssign={(member) => {
            setChoosing(null);
            handOn.assign(choosing.item, member, me?.id);
          }}
          onSnooze={(how) => {
            setChoosing(null);
            handOn.snooze(choosing.item, how);
          }}
          onClose={() => setChoosing(null)}
        />
      ) : (
        <InboxKeys>
          {may && <Key keys={["s"]} words={t("keys.snooze")} />}
          {may && people && <Key keys={["m"]} words={t("keys.assign")} />}
          {may && (
            <button type="button" className="link quiet last" onClick={onBatch}>
              <Kbd>b</Kbd> {t("batch.key")}
            </button>
          )}
        </InboxKeys>
        )}
      </div>
    </div>
  );
}
