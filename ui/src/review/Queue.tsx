import { Link } from "@tanstack/react-router";
import { memo, useLayoutEffect, useRef, useSyncExternalStore, type MouseEvent } from "react";
import { currentView, DECIDED } from "@/api/inbox";
import type { CheckpointItem, Obligation } from "@/api/types";
import { Mark, type Shape } from "@/components/Mark";
import { Kbd } from "@/components/States";
import { t, tMaybe } from "@/i18n";
import { count as number, exact, isOverdue, keep, when } from "@/lib/format";
import { setOver } from "@/lib/over";
import { sentence } from "@/lib/runtime";
import type { BesideStore } from "./beside";
import { CommentCount } from "./Comments";
import { lookOf, shapeOf, wordOf } from "./look";
import { lookWords, onlookers } from "./looking";
import { shapeOfNeed, titleOfNeed } from "./Need";
import { useOpenReview } from "./place";
import { asked, type Need, type ReviewState } from "./state";

/** What an agent is called: by its title where the server says it, since a project's own agents have names of their own. */
export function agentWord(name: string, title?: string | null): string {
  return title || tMaybe(`agent.${name}`, sentence(name.replaceAll("_", " ")));
}

/** What waits, in one line: the mark and the words. */
export function needOf(item: CheckpointItem): { shape: Shape; className: string; words: string } {
  if (item.decision) return { shape: "own", className: "", words: t(`queue.${item.decision.decision}`) };
  if (item.kind === "plan") return { shape: "stop", className: "v-accent", words: t("need.plan") };
  if (item.reasons.includes("question")) return { shape: "stop", className: "v-accent", words: t("need.question") };
  if (item.reasons.includes("budget")) return { shape: "stop", className: "v-accent", words: t("need.budget") };
  const { needs_you, claims } = item.summary;
  const worst = (["unsupported", "conflict", "partial", "uncited"] as const).find((verdict) =>
    item.flags.some((flag) => flag.verdict === verdict),
  );
  // No claim is flagged, and yet it stopped for something that the reader judges: a tick would say the opposite.
  if (needs_you === 0 && item.reasons.some((reason) => reason !== "final"))
    return { shape: "stop", className: "v-accent", words: t("need.look") };
  if (needs_you === 0 || !worst) return { shape: "supported", className: "", words: t("need.none", { claims }) };
  return { shape: worst, className: `v-${worst}`, words: t("need.some", { count: needs_you, claims }) };
}

/** One thing that needs the reader, in the list below the draft's title. */
function NeedRow({
  need,
  state,
  obligations,
  comments,
  onSelect,
}: {
  need: Need;
  state: ReviewState;
  obligations: Obligation[];
  comments: number;
  onSelect: (key: string) => void;
}) {
  const { row } = need;
  const here = state.selected === need.key;
  const done = state.settled[need.key] || asked(state, need.key);
  return (
    <button
      type="button"
      data-v={row ? lookOf(row.claim, state) : done ? "own" : undefined}
      aria-current={here ? "true" : undefined}
      onClick={() => onSelect(need.key)}
    >
      {row ? (
        <Mark shape={shapeOf(row.claim, state)} label={wordOf(row.claim, state)} />
      ) : (
        <Mark shape={shapeOfNeed(need, state, obligations)} label={done ? t("said.kept") : titleOfNeed(need)} />
      )}
      <span className="n">{row?.n}</span>
      <span className={row ? "" : "clip2"} title={row ? undefined : need.sentence}>
        {keep(row ? row.claim.short || row.claim.headline : need.sentence)}
      </span>
      <CommentCount count={comments} />
    </button>
  );
}

/** One of the list: a link of its own, since the router's would each be worked out anew whenever one goes on. */
const Item = memo(function Item({ item, here, others, open }: {
  item: CheckpointItem;
  here: boolean;
  /** Who else reads it now, in words; none is "". */
  others: string;
  open: (id: string) => void;
  /** What says how long until it is due is drawn anew with the minutes. */
  minute: number;
}) {
  const need = needOf(item);
  const go = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(item.id);
  };
  return (
    <a className="qi" href={`/review/${item.id}`} onClick={go} aria-current={here ? "true" : undefined}>
      <span className="t">{item.session_title}</span>
      <span className="s">
        <span>
          {here ? (
            item.iteration > 1 ? t("queue.round", { n: item.iteration }) : agentWord(item.agent_type, item.agent_title)
          ) : (
            <>
              <Mark shape={need.shape} className={need.className} />
              {need.words}
            </>
          )}
        </span>
        <span title={exact(item.due_at)}>{item.due_at ? (isOverdue(item.due_at) ? t("due.late") : when(item.due_at)) : ""}</span>
      </span>
      {others && <span className="s">{others}</span>}
    </a>
  );
});

export function Queue({ beside }: { beside: BesideStore }) {
  const { items, current, history, position, total, needs, obligations, counts, state, me, onSelect } = useSyncExternalStore(beside.subscribe, beside.get);
  const open = useOpenReview();
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    // With what needs the reader below it, where there is room for both.
    const line = list.current?.querySelector<HTMLElement>(".qi[aria-current=true]");
    line?.parentElement?.scrollIntoView?.({ block: "nearest" });
    line?.scrollIntoView?.({ block: "nearest" });
    // Whoever came by a line of the list stays in it: Tab and Enter go on from the review that is open.
    if (line !== document.activeElement && document.activeElement?.matches(".qi")) line?.focus({ preventScroll: true });
  }, [current]);
  const minute = Math.floor(Date.now() / 60_000);
  const before = position === undefined ? 0 : position - items.findIndex((item) => item.id === current);
  const after = total === undefined ? 0 : total - before - items.length;
  return (
    <aside className="queue" aria-label={t("queue.label")}>
      <div className="qhead">
        <h2>{t(history ? "queue.decided" : "queue.title")}</h2>
        <span className="meta">
          {position !== undefined && total !== undefined && t("queue.place", { n: number(position + 1), all: number(total) })}
        </span>
      </div>
      <div className="qlist" ref={list}>
        {before > 0 && (
          <Link className="qmore" to="/inbox" search={currentView()}>
            {t("queue.before", { count: before, n: number(before) })}
          </Link>
        )}
        {items.map((item) => {
          const here = item.id === current;
          const others = here ? [] : onlookers(item, me);
          return (
            <div key={item.id}>
              <Item item={item} here={here} others={others.length > 0 ? lookWords(others, "look.is") : ""} open={open} minute={minute} />
              {here && state && needs.length > 0 && (
                <div className="flags" role="group" aria-label={t("queue.flags")}>
                  {needs.map((need) => (
                    <NeedRow
                      key={need.key}
                      need={need}
                      state={state}
                      obligations={obligations}
                      comments={counts.get(need.key) ?? 0}
                      onSelect={onSelect}
                    />
                  ))}
                </div>
              )}
            </div>
          );
        })}
        {history && (
          <Link className="qmore" to="/inbox" search={currentView().whose === "decided" ? currentView() : DECIDED}>
            {t("queue.allDecided")}
          </Link>
        )}
        {after > 0 && (
          <Link className="qmore" to="/inbox" search={currentView()}>
            {t("queue.after", { count: after, n: number(after) })}
          </Link>
        )}
      </div>
      <div className="qfoot">
        <span>
          <Kbd>j</Kbd> <Kbd>k</Kbd> {t("keys.item")}
        </span>
        <span>
          <Kbd>n</Kbd> <Kbd>p</Kbd> {t("keys.flag")}
        </span>
        <button type="button" onClick={() => setOver("keys")}>
          <Kbd>?</Kbd> {t("keys.keys")}
        </button>
      </div>
    </aside>
  );
}
