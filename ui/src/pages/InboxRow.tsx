import { Link } from "@tanstack/react-router";
import { keepView, type View } from "@/api/inbox";
import type { CheckpointItem } from "@/api/types";
import { Mark } from "@/components/Mark";
import { t } from "@/i18n";
import { dueWords, exact, isOverdue, projectWords, when } from "@/lib/format";
import { lookWords, onlookers } from "@/review/looking";
import { agentWord, needOf } from "@/review/Queue";
import { stillAsleep } from "./handOn";
import { goneWords, rowName, takes } from "./inbox";

/** One review in the list; it keeps its place when it is gone, and says what became of it. */
export function InboxRow({
  item,
  index,
  top,
  here,
  gone,
  view,
  me,
  people,
  may,
  onHere,
  onAssign,
  onSnooze,
  onWake,
}: {
  item: CheckpointItem | undefined;
  index: number;
  top: number;
  here: boolean;
  /** Undefined while it waits; null when nothing is known of it any more. */
  gone: CheckpointItem | null | undefined;
  view: View;
  me: string | undefined;
  people: boolean;
  /** Whether the reader may give it on or put it off. */
  may: boolean;
  onHere: () => void;
  onAssign: () => void;
  onSnooze: () => void;
  onWake: () => void;
}) {
  const place = { "aria-rowindex": index + 2, style: { transform: `translateY(${top}px)` } };
  if (!item)
    return (
      <div role="row" className="irow blank" aria-current={here ? "true" : undefined} {...place} onMouseDown={onHere}>
        <span role="cell" className="ghost" aria-label={t("inbox.notYet")} />
      </div>
    );
  const left = gone !== undefined;
  const need = needOf(item);
  const others = onlookers(item, me);
  const asleep = stillAsleep(item.snoozed_until) !== null;
  const overdue = isOverdue(item.due_at);
  const whose = item.assignee === null ? t("inbox.anyone") : item.assignee.id === me ? t("inbox.you") : (item.assignee.name ?? t("look.somebody"));
  return (
    <div role="row" className="irow" aria-label={left ? `${item.session_title}, ${goneWords(gone ?? undefined, view, me)}` : rowName(item, people ? whose : null)} data-gone={left || undefined} aria-current={here ? "true" : undefined} {...place} onMouseDown={onHere}>
      <span role="cell" className="need">
        {left ? <Mark shape="own" /> : <Mark shape={need.shape} className={need.className} />}
        {left ? t("gone.word") : need.words}
      </span>
      <span role="cell" className="what">
        <Link className="t" to="/review/$checkpointId" params={{ checkpointId: gone?.superseded_by ?? item.id }} title={item.session_title} onClick={() => keepView(view)}>
          {item.session_title}
        </Link>
        <span className="sub">
          {agentWord(item.agent_type, item.agent_title)} · {projectWords(item.project_name, item.project_archived)}
          {item.iteration > 1 ? ` · ${t("review.round", { n: item.iteration, max: item.max_iterations })}` : ""}
          {item.signing.quorum > 1 ? ` · ${t("sign.count", { n: item.votes.length, all: item.signing.quorum })}` : ""}
          {item.risk === "high" ? ` · ${t("inbox.highRisk")}` : ""}
          {others.length > 0 && !left && " · "}
          {others.length > 0 && !left && <b>{lookWords(others, "look.is")}</b>}
        </span>
      </span>
      {left ? (
        <span role="cell" className="why2 became">
          {goneWords(gone ?? undefined, view, me)}
        </span>
      ) : (
        <>
          <span role="cell" className="why2" title={item.headline}>
            {item.headline}
          </span>
          <span role="cell" className="num takes" title={t("inbox.since2", { when: exact(item.opened_at) ?? "" })}>
            {item.effort_seconds === null ? "" : takes(item.effort_seconds)}
          </span>
          <span role="cell" className="num due">
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
          </span>
          {people && (
            <span role="cell" className="for">
              {may ? (
                <button type="button" className="link" aria-label={t("inbox.forOf", { whose })} title={t("handOn.assignOf", { title: item.session_title })} onClick={onAssign}>
                  {whose}
                </button>
              ) : (
                whose
              )}
            </span>
          )}
          <span role="cell" className="later">
            {asleep ? (
              <>
                <span className="sub" title={exact(item.snoozed_until)}>
                  {t("inbox.until", { when: when(item.snoozed_until) })}
                </span>
                {may && (
                  <button type="button" className="link" onClick={onWake}>
                    {t("inbox.wake")}
                  </button>
                )}
              </>
            ) : (
              may && (
                <button type="button" className="link quiet" aria-label={t("handOn.snoozeOf", { title: item.session_title })} onClick={onSnooze}>
                  {t("handOn.snooze")}
                </button>
              )
            )}
          </span>
        </>
      )}
    </div>
  );
}
