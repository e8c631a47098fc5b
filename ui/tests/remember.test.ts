import { beforeEach, describe, expect, it } from "vitest";
import { checkpoints } from "@/mocks/data";
import { recall, remember } from "@/review/remember";
import { acknowledgedOf } from "@/review/outgoing";
import { keptBefore, reduce, rowsOf, start, type ReviewState } from "@/review/state";

const checkpoint = { ...checkpoints[0]!, status: "pending_review" as const };
const { packet } = checkpoint;
const rows = rowsOf(packet);
const id = (n: number) => rows.find((row) => row.n === n)!.claim.id;
const begin = () => start(packet, checkpoint.packet_digest, checkpoint.attention);
const keep = (state: ReviewState, n: number) =>
  reduce(state, { type: "settle", claim: id(n), settlement: { kind: "kept", reason: "It is known.", why: "check_was_wrong" } });
const change = { id: "1", artifact_id: null, claim_id: null, comment: "shorter" };

beforeEach(() => sessionStorage.clear());

describe("what was settled outlives loading the page again", () => {
  it("for the same packet, at the first flag that is still open", () => {
    const state = reduce(keep(begin(), 3), { type: "ask", change });
    remember(checkpoint, state);
    const { state: again, dropped } = recall(checkpoint);
    expect(dropped).toBe(false);
    expect(again.settled).toEqual(state.settled);
    expect(again.changes).toEqual([change]);
    expect(again.selected).toBe(id(5));
  });
  it("and is dropped, and said to be, once the packet is another one", () => {
    remember(checkpoint, keep(begin(), 3));
    for (const moved of [{ packet_digest: "other" }, { id: "another" }]) {
      const { state, dropped } = recall({ ...checkpoint, ...moved });
      expect(dropped).toBe(true);
      expect(state.settled).toEqual({});
    }
    // What is read now takes its place.
    remember({ ...checkpoint, id: "another" }, begin());
    expect(recall({ ...checkpoint, id: "another" }).dropped).toBe(false);
  });
  it("nothing is kept of what is decided, and an older checkpoint takes nothing from the one that waits", () => {
    remember(checkpoint, keep(begin(), 3));
    remember({ ...checkpoint, id: "older", status: "approved" }, begin());
    expect(Object.keys(recall(checkpoint).state.settled)).toEqual([id(3)]);
    remember({ ...checkpoint, status: "changes_requested" }, keep(begin(), 3));
    expect(recall(checkpoint)).toEqual({ state: begin(), dropped: false });
  });
  it("storage that holds something else is left alone", () => {
    sessionStorage.setItem(`proofroom review ${checkpoint.session_id}`, "{");
    expect(recall(checkpoint)).toEqual({ state: begin(), dropped: false });
    sessionStorage.setItem(`proofroom review ${checkpoint.session_id}`, "[1]");
    expect(recall(checkpoint).dropped).toBe(false);
  });
});

describe("flags that were kept", () => {
  it("are sent with a change request too", () => {
    expect(acknowledgedOf(packet, keep(begin(), 3))).toEqual([{ claim_id: id(3), reason: "It is known.", kind: "check_was_wrong" }]);
    expect(acknowledgedOf(packet, { ...begin(), settled: { need: { kind: "kept", reason: "x", why: "accepted" } } })).toEqual([]);
  });
  it("are named beside the same claim of the next packet", () => {
    const kept = { claim_id: id(3), by: null, name: "Ada", reason: "It is known.", kind: "accepted" as const };
    const next = { ...packet, artifacts: packet.artifacts.map((artifact) => ({ ...artifact, kept_before: [kept] })) };
    expect(keptBefore(next, id(3))).toEqual(kept);
    expect(keptBefore(next, id(5))).toBeUndefined();
    expect(keptBefore(packet, id(3))).toBeUndefined();
  });
});
