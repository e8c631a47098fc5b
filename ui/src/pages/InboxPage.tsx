import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { api } from "@/api/client";
import { inboxQuery, membersQuery, meQuery, snoozedQuery } from "@/api/queries";
import type { Checkpoint, CheckpointItem, Member } from "@/api/types";
import { DeadLetters } from "@/components/Deliveries";
import { Mark } from "@/components/Mark";
import { ErrorLine, Kbd, Loading, Problem, problemText } from "@/components/States";
import { t } from "@/i18n";
import { dueWords, exact, isOverdue, when } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { useTitle } from "@/lib/title";
import { onlooker } from "@/review/looking";
import { agentWord, needOf } from "@/review/Queue";
import { EmptyInbox } from "./EmptyInbox";
import { shown, snoozeUntil, type Order, type Snooze, type Whose } from "./inbox";
import { InboxDock, type Choosing } from "./InboxDock";

interface Change {
  item: CheckpointItem;
  values: { assignee?: string | null; snoozed_until?: string | null };
  busy: string;
  done: string;
  /** What was before, to take it back. */
  before: { assignee?: string | null; snoozed_until?: string | null } | null;
}

const MOST_MS = 2 ** 31 - 1;

/** What is put off comes back by itself: the list is asked again when the first of it is due to. */
function useWaking(snoozed: CheckpointItem[]): void {
  const client = useQueryClient();
  const next = Math.min(...snoozed.map((item) => new Date(item.snoozed_until ?? 0).getTime()));
  useEffect(() => {
    if (!Number.isFinite(next)) return;
    const timer = setTimeout(() => void client.invalidateQueries({ queryKey: ["inbox"] }), Math.min(MOST_MS, Math.max(0, next - Date.now()) + 500));
    return () => clearTimeout(timer);
  }, [next, client]);
}

function ItemRow({
  item,
  here,
  me,
  people,
  onHere,
  onAssign,
  onSnooze,
  onWake,
}: {
  item: CheckpointItem;
  here: boolean;
  me: string | undefined;
  people: boolean;
  onHere: () => void;
  onAssign: () => void;
  onSnooze: () => void;
  onWake: () => void;
}) {
  const need = needOf(item);
  const other = onlooker(item, me);
  const asleep = item.snoozed_until !== null && new Date(item.snoozed_until).getTime() > Date.now();
  const overdue = isOverdue(item.due_at);
  const whose = item.assignee === null ? t("inbox.anyone") : item.assignee.id === me ? t("inbox.you") : (item.assignee.name ?? t("look.somebody"));
  return (
    <tr aria-current={here ? "true" : undefined} onMouseDown={onHere}>
      <td className="tight">
        <Mark shape={need.shape} className={need.className} />
        &ensp;{need.words}
      </td>
      <td>
        <Link className="t" to="/review/$checkpointId" params={{ checkpointId: item.id }}>
          {item.session_title}
        </Link>
        <span className="sub">
          {agentWord(item.agent_type, item.agent_title)} · {item.project_name}
          {item.iteration > 1 ? ` · ${t("review.round", { n: item.iteration, max: item.max_iterations })}` : ""}
          {item.signing.quorum > 1 ? ` · ${t("sign.count", { n: item.votes.length, all: item.signing.quorum })}` : ""}
          {other && " · "}
          {other && <b>{t("look.is", { name: other.name ?? t("look.somebody") })}</b>}
        </span>
      </td>
      <td className="why2">{item.headline}</td>
      <td className="num nophone" title={exact(item.opened_at)}>
        {when(item.opened_at)}
      </td>
      <td className="num due">
        {item.due_at && (
          <span className={overdue ? "strong text-error" : undefined} title={exact(item.due_at)}>
            {overdue && <Mark shape="warn" className="text-error" />} {dueWords(item.due_at)}
          </span>
        )}
        {item.expires_at && (
          <span className="sub" title={exact(item.expires_at)}>
            {t("inbox.expires", { when: when(item.expires_at) })}
          </span>
        )}
      </td>
      {people && (
        <td className="for">
          <button type="button" className="link" aria-label={t("inbox.forOf", { whose })} title={t("inbox.assignOf", { title: item.session_title })} onClick={onAssign}>
            {whose}
          </button>
        </td>
      )}
      <td className="later">
        {asleep ? (
          <>
            <span className="sub" title={exact(item.snoozed_until)}>
              {t("inbox.until", { when: when(item.snoozed_until) })}
            </span>
            <button type="button" className="link" onClick={onWake}>
              {t("inbox.wake")}
            </button>
          </>
        ) : (
          <button type="button" className="link quiet" aria-label={t("inbox.snoozeOf", { title: item.session_title })} onClick={onSnooze}>
            {t("inbox.snooze")}
          </button>
        )}
      </td>
    </tr>
  );
}

export function InboxPage() {
  useTitle(t("page.inbox"));
  const client = useQueryClient();
  const inbox = useQuery(inboxQuery);
  const snoozed = useQuery(snoozedQuery);
  const members = useQuery(membersQuery);
  const me = useQuery(meQuery).data;
  const navigate = useNavigate();
  const [find, setFind] = useState("");
  const [whose, setWhose] = useState<Whose>("all");
  const [order, setOrder] = useState<Order>("oldest");
  const [at, setAt] = useState(0);
  const [choosing, setChoosing] = useState<Choosing | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const asleep = snoozed.data ?? [];
  useWaking(asleep);
  const people = (members.data?.length ?? 0) > 1;
  const list = whose === "snoozed" ? snoozed.data : inbox.data;
  const items = useMemo(() => shown(list ?? [], whose, me?.id, order, find), [list, whose, me?.id, order, find]);
  const index = Math.min(at, Math.max(0, items.length - 1));
  const current = items[index];
  const open = (item: CheckpointItem | undefined) =>
    item && void navigate({ to: "/review/$checkpointId", params: { checkpointId: item.id } });

  const change = useMutation({
    mutationFn: ({ item, values }: Change) => api<Checkpoint>(`/checkpoints/${item.id}`, { method: "PATCH", json: values }),
    onSettled: (_answer, _problem, { item }) => {
      void client.invalidateQueries({ queryKey: ["inbox"] });
      void client.invalidateQueries({ queryKey: ["checkpoint", item.id] });
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
      before: { snoozed_until: null },
      busy: t("inbox.snoozing"),
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
      j: () => setAt(Math.min(index + 1, items.length - 1)),
      k: () => setAt(Math.max(index - 1, 0)),
      ArrowDown: () => setAt(Math.min(index + 1, items.length - 1)),
      ArrowUp: () => setAt(Math.max(index - 1, 0)),
      Enter: () => open(current),
      m: () => choose("assign", current),
      s: () => choose("snooze", current),
      u: undo,
      "/": () => field.current?.focus(),
      Escape: () => {
        setFind("");
        field.current?.blur();
      },
    },
    inbox.isSuccess && choosing === null,
  );

  if (inbox.isPending || inbox.error) {
    return (
      <main className="inbox screen">
        <div className="wrap">
          <h1 className="sr">{t("page.inbox")}</h1>
          {inbox.error ? (
            <Problem what={t("inbox.failed")} error={inbox.error} retry={() => void inbox.refetch()} />
          ) : (
            <Loading words={t("inbox.loading")} />
          )}
        </div>
      </main>
    );
  }
  if (inbox.data.length === 0 && asleep.length === 0 && !change.data) {
    return (
      <main className="inbox screen">
        <EmptyInbox />
      </main>
    );
  }
  const tabs: Whose[] = people ? ["all", "mine", "unassigned", "snoozed"] : ["all", "snoozed"];
  const tabWord = (tab: Whose) => (tab === "snoozed" ? `${t("inbox.snoozedTab")}${asleep.length > 0 ? ` ${asleep.length}` : ""}` : t(`inbox.${tab}`));
  const nothing = find
    ? t("inbox.noMatch", { find })
    : t(whose === "mine" ? "inbox.noneMine" : whose === "unassigned" ? "inbox.noneUnassigned" : whose === "snoozed" ? "inbox.noneSnoozed" : "empty.title");
  return (
    <div className="keyed screen">
      <main className="inbox">
        <div className="wrap">
          <div className="ihead">
            <h1 className="doctitle">{inbox.data.length > 0 ? t("inbox.title", { count: inbox.data.length }) : t("empty.title")}</h1>
            <input
              ref={field}
              className="in"
              type="search"
              placeholder={t("inbox.find")}
              aria-label={t("inbox.find")}
              value={find}
              onChange={(event) => {
                setFind(event.target.value);
                setAt(0);
              }}
              onKeyDown={(event) => {
                if (event.key === "Enter") open(items[0]);
              }}
            />
          </div>
          <DeadLetters />
          <div className="filters">
            <span className="seg" role="radiogroup" aria-label={t("inbox.whose")}>
              {tabs.map((tab) => (
                <label key={tab}>
                  <input
                    type="radio"
                    name="whose"
                    checked={whose === tab}
                    onChange={() => {
                      setWhose(tab);
                      setAt(0);
                    }}
                  />
                  {tabWord(tab)}
                </label>
              ))}
            </span>
            <span className="seg" role="radiogroup" aria-label={t("inbox.order")}>
              {(["oldest", "due"] as const).map((one) => (
                <label key={one}>
                  <input type="radio" name="order" checked={order === one} onChange={() => setOrder(one)} />
                  {t(one === "oldest" ? "inbox.oldest" : "inbox.byDue")}
                </label>
              ))}
            </span>
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
          </div>
          {items.length === 0 ? (
            <p className="text-ink-2">
              {nothing}{" "}
              {(find || whose !== "all") && (
                <button
                  type="button"
                  className="link"
                  onClick={() => {
                    setFind("");
                    setWhose("all");
                  }}
                >
                  {t("inbox.showAll")}
                </button>
              )}
            </p>
          ) : (
            <table className="list">
              <thead>
                <tr>
                  <th scope="col">{t("inbox.need")}</th>
                  <th scope="col">{t("inbox.work")}</th>
                  <th scope="col">{t("inbox.why")}</th>
                  <th scope="col" className="num">
                    {t("inbox.since")}
                  </th>
                  <th scope="col" className="num">
                    {t("inbox.due")}
                  </th>
                  {people && (
                    <th scope="col" className="for">
                      {t("inbox.for")}
                    </th>
                  )}
                  <th scope="col">
                    <span className="sr">{t("inbox.later")}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map((item, i) => (
                  <ItemRow
                    key={item.id}
                    item={item}
                    here={i === index}
                    me={me?.id}
                    people={people}
                    onHere={() => setAt(i)}
                    onAssign={() => choose("assign", item)}
                    onSnooze={() => choose("snooze", item)}
                    onWake={() => wake(item)}
                  />
                ))}
              </tbody>
            </table>
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
        </footer>
      )}
    </div>
  );
}
