import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { api } from "@/api/client";
import { isNarrow, keepView, keyOf, snoozedCountQuery, tidy, waitingQuery, type View } from "@/api/inbox";
import { membersQuery, meQuery } from "@/api/queries";
import type { Checkpoint, CheckpointItem, Member } from "@/api/types";
import { DeadLetters } from "@/components/Deliveries";
import { ErrorLine, Kbd, Loading, Problem, problemText } from "@/components/States";
import { t } from "@/i18n";
import { count, when } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { useTitle } from "@/lib/title";
import { EmptyInbox } from "./EmptyInbox";
import { snoozeUntil, stillAsleep, type Snooze } from "./handOn";
import { takes } from "./inbox";
import { InboxDock, type Choosing } from "./InboxDock";
import { InboxFilters } from "./InboxFilters";
import { InboxRow } from "./InboxRow";
import { useRows } from "./inboxRows";

const InboxBatch = lazy(() => import("./InboxBatch").then((module) => ({ default: module.InboxBatch })));

interface Change {
  item: CheckpointItem;
  values: { assignee?: string | null; snoozed_until?: string | null };
  busy: string;
  done: string;
  /** What was before, to take it back. */
  before: { assignee?: string | null; snoozed_until?: string | null } | null;
}

const PHONE = "(max-width: 720px)";
const TYPING_MS = 250;

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

export function InboxPage() {
  useTitle(t("page.inbox"));
  const view: View = useSearch({ from: "/inbox" });
  const navigate = useNavigate();
  const [batch, setBatch] = useState(false);
  if (batch)
    return (
      <Suspense fallback={<main className="inbox screen" />}>
        <InboxBatch view={view} onClose={() => setBatch(false)} />
      </Suspense>
    );
  return <InboxList view={view} onView={(next, replace) => void navigate({ to: "/inbox", search: tidy(next), replace })} onBatch={() => setBatch(true)} />;
}

/** A day's work is worth saying; beyond that the sum helps nobody. */
const within = (seconds: number) => seconds > 0 && seconds <= 8 * 3600;

function InboxList({ view, onView, onBatch }: { view: View; onView: (next: View, replace?: boolean) => void; onBatch: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const waiting = useQuery(waitingQuery);
  const asleep = useQuery(snoozedCountQuery);
  const members = useQuery(membersQuery);
  const me = useQuery(meQuery).data;
  const [choosing, setChoosing] = useState<Choosing | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const pane = useRef<HTMLElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const height = useRowHeight();
  const rows = useRows(view, pane, body, height);
  const people = (members.data?.length ?? 0) > 1;
  const current = rows.gone.has(rows.row(rows.at)?.id ?? "") ? undefined : rows.row(rows.at);

  useEffect(() => keepView(view), [view]);
  const typing = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(typing.current), []);
  const find = (words: string, now = false) => {
    clearTimeout(typing.current);
    const act = () => onView({ ...view, find: words.trim() || undefined }, true);
    if (now) act();
    else typing.current = setTimeout(act, TYPING_MS);
  };
  // Enter in the search opens the first that is found, as soon as it is.
  const wanted = useRef<string | null>(null);

  const open = (item: CheckpointItem | undefined) => {
    if (!item) return;
    keepView(view);
    void navigate({ to: "/review/$checkpointId", params: { checkpointId: item.id } });
  };
  const found = rows.pending ? undefined : rows.row(0);
  useEffect(() => {
    if (wanted.current === null || wanted.current !== (view.find ?? "") || rows.pending) return;
    wanted.current = null;
    if (found) open(found);
  });
  const change = useMutation({
    mutationFn: ({ item, values }: Change) => api<Checkpoint>(`/checkpoints/${item.id}`, { method: "PATCH", json: values }),
    onSettled: (_answer, _problem, { item }) => {
      void client.invalidateQueries({ queryKey: ["inbox"] });
      void client.invalidateQueries({ queryKey: ["checkpoint", item.id] });
      // One's own doing is no surprise: the list shows it at once.
      rows.refresh();
    },
  });
  const choose = (what: Choosing["what"], item: CheckpointItem | undefined) => {
    if (item && !change.isPending && (what === "snooze" || people)) setChoosing({ what, item });
  };
  const assign = (item: CheckpointItem, member: Member | null) => {
    setChoosing(null);
    const title = item.session_title;
    change.mutate({
      item,
      values: { assignee: member?.id ?? null },
      before: { assignee: item.assignee?.id ?? null },
      busy: t("inbox.assigning"),
      done: member === null ? t("inbox.unassignedNow", { title }) : member.id === me?.id ? t("inbox.assignedYou", { title }) : t("inbox.assigned", { title, name: member.name }),
    });
  };
  const snooze = (item: CheckpointItem, how: Snooze) => {
    setChoosing(null);
    const until = snoozeUntil(how).toISOString();
    change.mutate({
      item,
      values: { snoozed_until: until },
      before: { snoozed_until: stillAsleep(item.snoozed_until) },
      busy: t("handOn.snoozing"),
      done: t("inbox.snoozed", { title: item.session_title, when: when(until) }),
    });
  };
  const wake = (item: CheckpointItem) =>
    change.mutate({
      item,
      values: { snoozed_until: null },
      before: null,
      busy: t("dock.busyWords"),
      done: t("inbox.woken", { title: item.session_title }),
    });
  const last = change.variables;
  const undo = () => {
    if (!change.isSuccess || !last?.before) return;
    change.mutate({ item: last.item, values: last.before, before: null, busy: t("busy.undo"), done: t("inbox.undone") });
  };

  useKeys(
    {
      j: () => rows.setAt(rows.at + 1),
      k: () => rows.setAt(rows.at - 1),
      ArrowDown: () => rows.setAt(rows.at + 1),
      ArrowUp: () => rows.setAt(rows.at - 1),
      PageDown: () => rows.setAt(rows.at + rows.pageRows),
      PageUp: () => rows.setAt(rows.at - rows.pageRows),
      Home: () => rows.setAt(0),
      End: () => rows.setAt((rows.total ?? 1) - 1),
      Enter: () => open(current),
      m: () => choose("assign", current),
      s: () => choose("snooze", current),
      b: onBatch,
      u: undo,
      ".": rows.refresh,
      "/": () => field.current?.focus(),
      Escape: () => {
        if (view.find) find("", true);
        if (field.current) {
          field.current.value = "";
          field.current.blur();
        }
      },
    },
    !rows.pending && choosing === null,
  );

  if (waiting.error && !waiting.data) {
    return (
      <main className="inbox screen">
        <div className="wrap">
          <h1 className="sr">{t("page.inbox")}</h1>
          <Problem what={t("home.failed")} error={waiting.error} retry={() => void waiting.refetch()} />
        </div>
      </main>
    );
  }
  if (waiting.isPending) {
    return (
      <main className="inbox screen">
        <div className="wrap">
          <h1 className="sr">{t("page.inbox")}</h1>
          <Loading words={t("home.loading")} />
        </div>
      </main>
    );
  }
  const all = waiting.data?.total ?? 0;
  if (all === 0 && asleep.data === 0 && keyOf(view) === "[]" && !change.data && rows.gone.size === 0) {
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
            <input
              ref={field}
              className="in"
              type="search"
              placeholder={t("inbox.find")}
              aria-label={t("inbox.find")}
              defaultValue={view.find ?? ""}
              onChange={(event) => find(event.target.value)}
              onKeyDown={(event) => {
                if (event.key !== "Enter") return;
                wanted.current = event.currentTarget.value.trim();
                find(event.currentTarget.value, true);
              }}
            />
          </div>
          <DeadLetters />
          <InboxFilters view={view} people={people} field={field} onChange={(next) => onView(next)} />
          <div className="inews">
            <div className="notice" role="status">
              {change.isPending && last?.busy}
              {change.isSuccess && (
                <>
                  {last?.done}{" "}
                  {last?.before && (
                    <button type="button" className="link" onClick={undo}>
                      {t("action.undo")} <Kbd>u</Kbd>
                    </button>
                  )}
                </>
              )}
              {change.error && (
                <ErrorLine>
                  {t("inbox.notDone")}: {[problemText(change.error).title, problemText(change.error).hint].filter(Boolean).join(" ")}
                </ErrorLine>
              )}
            </div>
            {narrow && rows.total !== undefined && rows.total > 0 && <span className="quiet">{t("inbox.ofAll", { count: rows.total, n: count(rows.total) })}</span>}
            <button type="button" className="link quiet touch" onClick={onBatch}>
              {t("batch.title")}
            </button>
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
                    if (field.current) field.current.value = "";
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
                      onHere={() => rows.setAt(index)}
                      onAssign={() => choose("assign", item)}
                      onSnooze={() => choose("snooze", item)}
                      onWake={() => item && wake(item)}
                    />
                  );
                })}
              </div>
            </div>
          )}
        </div>
      </main>
      {choosing ? (
        <InboxDock
          choosing={choosing}
          members={members.data ?? []}
          me={me?.id}
          onAssign={(member) => assign(choosing.item, member)}
          onSnooze={(how) => snooze(choosing.item, how)}
          onClose={() => setChoosing(null)}
        />
      ) : (
        <footer className="keysbar nophone">
          <span>
            <Kbd>j</Kbd> <Kbd>k</Kbd> {t("keys.move")}
          </span>
          <span>
            <Kbd>↵</Kbd> {t("keys.open")}
          </span>
          <span>
            <Kbd>s</Kbd> {t("keys.snooze")}
          </span>
          {people && (
            <span>
              <Kbd>m</Kbd> {t("keys.assign")}
            </span>
          )}
          <span>
            <Kbd>/</Kbd> {t("keys.find")}
          </span>
          <button type="button" className="link quiet last" onClick={onBatch}>
            <Kbd>b</Kbd> {t("batch.key")}
          </button>
        </footer>
      )}
    </div>
  );
}
