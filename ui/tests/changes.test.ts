import { describe, expect, it } from "vitest";
import type { ArtifactDiff } from "@/api/types";
import { checkpoints } from "@/mocks/data";
import { cutAtClaims, entriesOf, runsOf } from "@/review/Changes";
import { approveBody, judgedOf } from "@/review/outgoing";
import { reduce, rowsOf, start, type Row } from "@/review/state";

const diff = {
  artifact_id: "a",
  slot: "report",
  from: 1,
  to: 2,
  blocks: [
    { type: "title", kind: "same" },
    { type: "heading", kind: "same" },
    { type: "paragraph", kind: "same" },
    { type: "paragraph", kind: "removed" },
    { type: "paragraph", kind: "same" },
    { type: "paragraph", kind: "changed" },
    { type: "paragraph", kind: "same" },
  ],
  changes: [
    { block: 3, kind: "removed", text: "Gone." },
    { block: 5, kind: "removed", text: "57" },
    { block: 5, kind: "added", text: "60" },
  ],
} as ArtifactDiff;

const row = (id: string) => ({ claim: { id } }) as Row;
const claims: Record<number, Row[]> = { 1: [row("a"), row("b")], 2: [row("c")], 3: [row("d")], 4: [row("e")] };

describe("what changed", () => {
  it("names the block of the document that each block of the diff is", () => {
    expect(entriesOf(diff).map((entry) => entry.index)).toEqual([null, 0, 1, null, 2, 3, 4]);
  });

  it("folds unchanged blocks only where every claim keeps its approval", () => {
    const kept = new Set(["a", "b", "e"]);
    const runs = runsOf(entriesOf(diff), (index) => claims[index] ?? [], kept);
    expect(runs.map((run) => ("folded" in run ? `${run.claims} folded` : `${run.entry.kind} ${run.entry.index}`))).toEqual([
      "same 0", // a heading stands between, whatever is folded around it
      "2 folded",
      "removed null",
      "same 2", // unchanged, and to be read again all the same
      "changed 3",
      "1 folded",
    ]);
  });

  it("cuts a changed text at its claims, by code points of the later text", () => {
    const text = [
      { block: 0, kind: "same", text: "🛰 At " },
      { block: 0, kind: "removed", text: "57" },
      { block: 0, kind: "added", text: "60" },
      { block: 0, kind: "same", text: " km. It was lost." },
    ] as ArtifactDiff["changes"];
    const pieces = cutAtClaims(text, [
      { start: 0, end: 11 },
      { start: 12, end: 24 },
    ]);
    expect(pieces.map(({ range, changes }) => [range, changes.map((c) => `${c.kind} ${c.text}`)])).toEqual([
      [0, ["same 🛰 At ", "removed 57", "added 60", "same  km."]],
      [-1, ["same  "]],
      [1, ["same It was lost."]],
    ]);
  });

  it("leaves what was removed behind the last claim with it", () => {
    const text = [
      { block: 0, kind: "same", text: "It rose." },
      { block: 0, kind: "removed", text: " Twice." },
    ] as ArtifactDiff["changes"];
    expect(cutAtClaims(text, [{ start: 0, end: 8 }]).map((piece) => piece.range)).toEqual([0]);
  });
});

describe("the reader's own word", () => {
  const { packet, packet_digest } = checkpoints[1]!;
  const first = packet.obligations[1]!.id;

  it("is sent with the decision, and taken back by saying it again", () => {
    let state = reduce(start(packet, packet_digest, []), { type: "judge", obligation: first, state: "met" });
    expect(approveBody(packet, state, {}).judged).toEqual([{ obligation_id: first, state: "met" }]);
    state = reduce(state, { type: "judge", obligation: first, state: "unmet" });
    expect(judgedOf(state)).toEqual([{ obligation_id: first, state: "unmet" }]);
    expect(judgedOf(reduce(state, { type: "judge", obligation: first, state: "unmet" }))).toEqual([]);
  });

  it("stays on the way to a newer packet that still asks for it", () => {
    const state = reduce(start(packet, packet_digest, []), { type: "judge", obligation: first, state: "met" });
    expect(reduce(state, { type: "open", packet, digest: "newer", attention: [] }).judged).toEqual({ [first]: "met" });
    const without = { ...packet, obligations: [] };
    expect(reduce(state, { type: "open", packet: without, digest: "newer", attention: [] }).judged).toEqual({});
  });

  it("does not open on a claim that keeps its approval", () => {
    const clean = { ...packet, artifacts: packet.artifacts.map((a) => ({ ...a, claims: a.claims.map((c) => ({ ...c, needs_you: false, verdict: "supported" as const })), carried: a.claims.slice(0, 2).map((c) => c.id) })) };
    expect(start(clean, "d", []).selected).toBe(rowsOf(clean)[2]!.claim.id);
  });
});
