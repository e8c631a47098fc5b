/** Which reviews the inbox shows, in which order, and until when one is put off. */

import type { CheckpointItem, Member } from "@/api/types";
import { agentWord } from "@/review/Queue";

export type Whose = "all" | "mine" | "unassigned" | "snoozed";
export type Order = "oldest" | "due";

export function matchesText(item: CheckpointItem, find: string): boolean {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${item.session_title} ${item.project_name} ${item.headline} ${agentWord(item.agent_type, item.agent_title)}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

export function shown(items: CheckpointItem[], whose: Whose, me: string | undefined, order: Order, find: string): CheckpointItem[] {
  const found = items.filter(
    (item) =>
      matchesText(item, find) &&
      (whose === "mine" ? item.assignee !== null && item.assignee.id === me : whose === "unassigned" ? item.assignee === null : true),
  );
  if (order === "oldest") return found;
  // Without a due time it comes last; equal ones keep the order in which they opened.
  const due = (item: CheckpointItem) => (item.due_at ? new Date(item.due_at).getTime() : Infinity);
  return found.toSorted((a, b) => (due(a) === due(b) ? 0 : due(a) - due(b)));
}

export const SNOOZES = ["hour", "tomorrow", "week"] as const;
export type Snooze = (typeof SNOOZES)[number];
const MORNING = 9;

/** Until when: in an hour, tomorrow at nine, next Monday at nine, by the reader's clock. */
export function snoozeUntil(how: Snooze, now: Date = new Date()): Date {
  if (how === "hour") return new Date(now.getTime() + 3_600_000);
  const days = how === "tomorrow" ? 1 : ((8 - now.getDay()) % 7 || 7);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, MORNING);
}

/** Members to whom it can be given: they may sign it. */
export function ableTo(members: Member[], item: CheckpointItem): Member[] {
  return members.filter((m) => (m.role === "reviewer" || m.role === "admin") && !item.signing.barred.includes(m.id));
}
