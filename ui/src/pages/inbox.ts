/** How long a review takes, and what is said of one that left the list. */

import type { View } from "@/api/inbox";
import type { CheckpointItem, DecisionRecord } from "@/api/types";
import type { Shape } from "@/components/Mark";
import { t } from "@/i18n";
import { dueWords, isOverdue, when } from "@/lib/format";
import { needOf } from "@/review/Queue";
import { stillAsleep } from "./handOn";

/** "about 6 min", "under a minute", "about 3 h". */
export function takes(seconds: number): string {
  if (seconds < 45) return t("inbox.underMinute");
  const minutes = Math.max(1, Math.round(seconds / 60));
  return minutes < 90 ? t("inbox.minutes", { n: minutes }) : t("inbox.hours", { n: Math.round(minutes / 60) });
}

const GONE = { approve: "gone.signed", reject: "gone.rejected", request_changes: "gone.sentBack" } as const;

/** What became of a row that is not in its view any more; `now` is how it stands, where that is known. */
export function goneWords(now: CheckpointItem | undefined, view: View, me: string | undefined): string {
  if (!now) return t("gone.away");
  const by = now.decision?.by === me && me !== undefined ? t("decided.you") : (now.decision?.name ?? t("look.somebody"));
  switch (now.status) {
    case "approved":
      return t("gone.signed", { by });
    case "rejected":
      return t("gone.rejected", { by });
    case "changes_requested":
      return t("gone.sentBack", { by });
    case "expired":
      return t("gone.expired");
    case "superseded":
      return t("gone.superseded");
    case "pending_review":
      break;
  }
  if (now.held) return t(GONE[now.held], { by });
  const asleep = stillAsleep(now.snoozed_until) !== null;
  if (asleep !== (view.whose === "snoozed")) return asleep ? t("gone.snoozed", { when: when(now.snoozed_until) }) : t("gone.woken");
  if (view.whose === "mine" || view.whose === "unassigned") return now.assignee ? t("gone.assigned", { to: now.assignee.id === me ? t("inbox.you") : (now.assignee.name ?? t("look.somebody")) }) : t("gone.unassigned");
  return t("gone.away");
}

const LOOK = { approve: { shape: "own", className: "" }, request_changes: { shape: "regressed", className: "" }, reject: { shape: "warn", className: "text-error" } } satisfies Record<string, { shape: Shape; className: string }>;

/** "Approved by Ana", "Rejected by you: the reason". */
export function saidBy({ decision }: Pick<CheckpointItem, "decision">, me: string | undefined): { shape: Shape; className: string; words: string } {
  if (!decision) return { shape: "stop", className: "", words: "" };
  const by = decision.by === null ? t("past.policy") : decision.by === me && decision.via !== "sample" ? t("decided.you") : (decision.name ?? t("look.somebody"));
  return { ...LOOK[decision.decision], words: t(`past.${decision.decision}`, { by, reason: decision.reason ?? "" }) };
}

/** "signed unread; 12 were chosen, in the place of Ana". Of how many were signed in the end no record can tell. */
export function batchWords({ announced, instead_of = [] }: NonNullable<DecisionRecord["batch"]>): string {
  const names = instead_of.map((one) => one.name).join(", ");
  return [announced ? t("past.together", { n: announced }) : t("past.unread"), names && t("past.insteadOf", { names })].filter(Boolean).join(", ");
}

/** A row in one sentence, as a screen reader says it. */
export function rowName(item: CheckpointItem, whose: string | null): string {
  return [
    item.session_title,
    needOf(item).words,
    item.headline,
    item.risk === "high" ? t("inbox.highRisk") : "",
    item.due_at ? (isOverdue(item.due_at) ? dueWords(item.due_at) : t("inbox.rowDue", { when: when(item.due_at) })) : "",
    whose ? t("inbox.rowFor", { whose }) : "",
  ]
    .filter(Boolean)
    .join(", ");
}
