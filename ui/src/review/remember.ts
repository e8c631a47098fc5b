/**
 * What a person has settled in a review, kept for this tab so that loading the page again does not lose it. It belongs
 * to one checkpoint and one packet: once the packet is another one it is dropped, and the page says so.
 */

import type { Checkpoint } from "@/api/types";
import { openNeeds, needsOf, rowsOf, start, type ReviewState } from "./state";

type Kept = Pick<ReviewState, "settled" | "changes" | "judged">;
type Stored = Kept & { checkpoint: string; digest: string };

type Pending = Pick<Checkpoint, "id" | "session_id" | "status" | "packet" | "packet_digest" | "attention">;

const keyOf = (session: string) => `proofroom review ${session}`;

function read(session: string): Stored | null {
  try {
    const stored = JSON.parse(sessionStorage.getItem(keyOf(session)) ?? "null") as Stored | null;
    return stored && typeof stored.digest === "string" && stored.settled && Array.isArray(stored.changes) && stored.judged ? stored : null;
  } catch {
    return null; // storage that is off, or that something else wrote to
  }
}

function isEmpty({ settled, changes, judged }: Kept): boolean {
  return Object.keys(settled).length + changes.length + Object.keys(judged).length === 0;
}

/** The state to begin with, and whether something was dropped because the packet moved. */
export function recall(checkpoint: Pending): { state: ReviewState; dropped: boolean } {
  const fresh = start(checkpoint.packet, checkpoint.packet_digest, checkpoint.attention);
  const stored = checkpoint.status === "pending_review" ? read(checkpoint.session_id) : null;
  if (!stored || isEmpty(stored)) return { state: fresh, dropped: false };
  if (stored.checkpoint !== checkpoint.id || stored.digest !== checkpoint.packet_digest) {
    return { state: fresh, dropped: true };
  }
  const { settled, changes, judged } = stored;
  const state = { ...fresh, settled, changes, judged };
  const first = openNeeds(needsOf(rowsOf(checkpoint.packet), checkpoint.attention), state)[0]?.key;
  return { state: { ...state, selected: first ?? fresh.selected }, dropped: false };
}

/** Keeps what was settled so far; nothing is kept of what is decided. */
export function remember(checkpoint: Pick<Checkpoint, "id" | "session_id" | "status">, state: ReviewState): void {
  const { settled, changes, judged, digest } = state;
  const waits = checkpoint.status === "pending_review";
  if (!waits || isEmpty({ settled, changes, judged })) {
    // Of a decided one: another checkpoint of the session may be the one that waits.
    if (waits || read(checkpoint.session_id)?.checkpoint === checkpoint.id) forget(checkpoint.session_id);
    return;
  }
  const stored: Stored = { checkpoint: checkpoint.id, digest, settled, changes, judged };
  try {
    sessionStorage.setItem(keyOf(checkpoint.session_id), JSON.stringify(stored));
  } catch {
    // Full or off: the page works without it.
  }
}

function forget(session: string): void {
  try {
    sessionStorage.removeItem(keyOf(session));
  } catch {
    // As above.
  }
}
