/** Until when a review is put off, and who may be given one. Pure. */

import type { CheckpointItem, Member } from "@/api/types";

export const SNOOZES = ["hour", "tomorrow", "week"] as const;
export type Snooze = (typeof SNOOZES)[number];
const MORNING = 9;

/** Until when: in an hour, tomorrow at nine, next Monday at nine, by the reader's clock. */
export function snoozeUntil(how: Snooze, now: Date = new Date()): Date {
  if (how === "hour") return new Date(now.getTime() + 3_600_000);
  const days = how === "tomorrow" ? 1 : ((8 - now.getDay()) % 7 || 7);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, MORNING);
}

/** Until when it was put off already, to have that back: null where it is awake. */
export const stillAsleep = (until: string | null): string | null => (until !== null && new Date(until).getTime() > Date.now() ? until : null);

/** Members to whom it can be given: they may sign it. */
export function ableTo(members: Member[], item: CheckpointItem): Member[] {
  return members.filter((m) => (m.role === "reviewer" || m.role === "admin") && !item.signing.barred.includes(m.id));
}
