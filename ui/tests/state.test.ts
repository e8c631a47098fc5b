import { describe, expect, it } from "vitest";
import type { Claim } from "@/api/types";
import { attentionOf, checkDocument, checkpoints } from "@/mocks/data";
import { numbersOf } from "@/review/Draft";
import { cells } from "@/review/Strip";
import { approveBody, changesToSend, correctedDocument, markedRange } from "@/review/outgoing";
import { changedClaims, flagsOf, needsOf, openNeeds, readyToSign, reduce, rowsOf, start, tally, type ReviewState } from "@/review/state";

const checkpoint = checkpoints[0]!;
const packet = checkpoint.packet;
const rows = rowsOf(packet);
const needs = needsOf(rows, checkpoint.attention);
const open = (state: ReviewState) => openNeeds(needs, state).map((need) => need.row?.n);
const begin = () => start(packet, checkpoint.packet_digest, checkpoint.attention);
const claim = (n: number): Claim => rows.find((row) => row.n === n)!.claim;
const use = (state: ReviewState, n: number) =>
  reduce(state, { type: "settle", claim: claim(n).id, settlement: { kind: "corrected", how: "use", text: claim(n).correction!.text } });
const keep = (state: ReviewState, n: number, reason = "the board is the record") =>
  reduce(state, { type: "settle", claim: claim(n).id, settlement: { kind: "kept", reason, why: "accepted" } });
const settleAll = () => keep(use(use(use(use(begin(), 3), 5), 6), 12), 8);

describe("settling flags", () => {
  it("opens on the first flag", () => {
    expect(begin().selected).toBe(claim(3).id);
    expect(open(begin())).toEqual([3, 5, 6, 12, 8]);
  });
  it("is ready only when every flag is corrected or kept", () => {
    let state = begin();
    for (const n of [3, 5, 6, 12]) {
      state = use(state, n);
      expect(readyToSign(needs, state)).toBe(false);
    }
    state = keep(state, 8);
    expect(readyToSign(needs, state)).toBe(true);
    expect(tally(rows, needs, state)).toEqual({ open: 0, corrected: 4, kept: 1, asked: 0, passed: 7 });
  });
  it("takes one back and is open again", () => {
    const state = reduce(settleAll(), { type: "take-back", claim: claim(5).id });
    expect(readyToSign(needs, state)).toBe(false);
    expect(open(state)).toEqual([5]);
  });
  it("never settles and sends back the same claim", () => {
    const change = { id: "1", artifact_id: "a-check", claim_id: claim(5).id, comment: "word for word" };
    let state = reduce(use(begin(), 5), { type: "ask", change });
    expect(state.settled[claim(5).id]).toBeUndefined();
    expect(open(state)).toEqual([3, 6, 12, 8]);
    state = use(state, 5);
    expect(state.changes).toEqual([]);
  });
  it("is not ready to sign while a change waits to be asked for", () => {
    const state = reduce(settleAll(), { type: "ask", change: { id: "1", artifact_id: null, claim_id: null, comment: "shorter" } });
    expect(readyToSign(needs, state)).toBe(false);
  });
  it("a flagged claim is one that needs a person, whatever the flag says", () => {
    const odd = rows.map((row) => (row.n === 5 ? { ...row, claim: { ...row.claim, needs_you: false } } : row));
    expect(flagsOf(odd).map((row) => row.n)).toContain(5);
  });
});

describe("what is sent", () => {
  it("names the packet, the reasons and the corrected document", () => {
    const body = approveBody(packet, settleAll(), { "a-check": checkDocument });
    expect(body.packet_digest).toBe(checkpoint.packet_digest);
    expect(body.acknowledged).toEqual([{ claim_id: claim(8).id, reason: "the board is the record", kind: "accepted" }]);
    expect(body.undo_seconds).toBe(6);
    const [edit] = body.edits;
    expect(edit?.artifact_id).toBe("a-check");
    const text = edit!.body.blocks.map((block) => ("text" in block ? block.text : "")).join("\n");
    expect(text).toContain("23 September 1999");
    expect(text).toContain("a factor of 4.45.");
    expect(text).toContain("in the coding of");
    expect(text).not.toContain("Deep Space Navigation Audit");
    expect(text).toContain("**Mars Climate Orbiter** was launched");
    expect(JSON.stringify(edit!.body)).not.toContain('"plain');
  });
  it("sends no edit when nothing was corrected", () => {
    const state = [3, 5, 6, 8, 12].reduce((s, n) => keep(s, n), begin());
    const body = approveBody(packet, state, { "a-check": checkDocument });
    expect(body.edits).toEqual([]);
    expect(body.acknowledged).toHaveLength(5);
  });
  it("leaves every other block exactly as it was", () => {
    const document = correctedDocument(checkDocument, packet.artifacts[0]!.claims, use(begin(), 5).settled)!;
    document.blocks.forEach((block, i) => {
      const before = checkDocument.blocks[i]!;
      if (i !== 2 && "text" in block && "text" in before) expect(block.text).toBe(before.text);
    });
  });
  it("edits list items and cells in their place", () => {
    const document = {
      version: 1 as const, title: "t", refs: {},
      blocks: [
        { type: "list" as const, ordered: false, items: ["*One* is 1.", "Two is 3."], plain_items: ["One is 1.", "Two is 3."] },
        { type: "table" as const, columns: [{ name: "a" }], rows: [[1], ["x"]], plain_rows: [["1"], ["x"]] },
      ],
    };
    const base = claim(5);
    const claims: Claim[] = [
      { ...base, id: "c1", path: [0, 1], char_start: 0, char_end: 9, text: "Two is 3." },
      { ...base, id: "c2", kind: "cell", path: [1, 0, 0], char_start: 0, char_end: 1, text: "1" },
    ];
    const out = correctedDocument(document, claims, {
      c1: { kind: "corrected", how: "edit", text: "Two is 2." },
      c2: { kind: "corrected", how: "use", text: "7" },
    })!;
    expect(out.blocks[0]).toEqual({ type: "list", ordered: false, items: ["*One* is 1.", "Two is 2."] });
    expect(out.blocks[1]).toEqual({ type: "table", columns: [{ name: "a" }], rows: [[7], ["x"]] });
  });
  it("turns corrections into changes when the work goes back", () => {
    const state = reduce(use(begin(), 5), { type: "ask", change: { id: "1", artifact_id: "a-check", claim_id: claim(4).id, comment: "teams are swapped" } });
    const sent = changesToSend(packet, state, (s) => `to: ${s.text}`);
    expect(sent).toEqual([
      { artifact_id: "a-check", claim_id: claim(4).id, comment: "teams are swapped" },
      { artifact_id: "a-check", claim_id: claim(5).id, comment: `to: ${claim(5).correction!.text}` },
    ]);
  });
});

describe("a newer packet", () => {
  const newer = structuredClone(packet);
  newer.artifacts[0]!.claims = newer.artifacts[0]!.claims.map((c) =>
    c.n === 5 ? { ...c, id: "c_new", text: "The effect was 4.45.", verdict: "supported", needs_you: false } : c,
  );
  it("counts what changed and what went", () => {
    expect(changedClaims(packet, newer)).toBe(1);
    expect(changedClaims(packet, packet)).toBe(0);
  });
  it("keeps what was done about sentences that are still there, and drops the rest", () => {
    const state = reduce(settleAll(), { type: "open", packet: newer, digest: "d2", attention: attentionOf(newer) });
    expect(state.digest).toBe("d2");
    expect(state.settled[claim(5).id]).toBeUndefined();
    expect(state.settled[claim(8).id]).toEqual({ kind: "kept", reason: "the board is the record", why: "accepted" });
    expect(approveBody(newer, state, {}).packet_digest).toBe("d2");
  });
});

describe("a verdict that became worse", () => {
  it("has to be looked at again, though its words are the same", () => {
    const worse = structuredClone(packet);
    const kept = reduce(begin(), { type: "settle", claim: claim(8).id, settlement: { kind: "kept", reason: "read", why: "accepted" } });
    worse.artifacts[0]!.claims[7]!.verdict = "unsupported";
    const state = reduce(kept, { type: "open", packet: worse, digest: "d2", attention: attentionOf(worse) });
    expect(state.settled[claim(8).id]).toBeUndefined();
    expect(state.selected).not.toBeNull();
  });
});

describe("what needs the reader", () => {
  it("never leaves out a flagged claim that the order does not name", () => {
    expect(needsOf(rows, []).map((need) => need.row?.n)).toEqual([3, 5, 6, 8, 12]);
    expect(needsOf(rows, checkpoint.attention.slice(3)).map((need) => need.row?.n)).toEqual([12, 8, 3, 5, 6]);
  });
  it("leaves out a claim that is not in the packet, and names the same thing once", () => {
    const one = { kind: "suspicious_source", sentence: "A source gives orders.", artifact_id: null, claim_id: null, obligation_id: null, n: null };
    const gone = { ...checkpoint.attention[0]!, claim_id: "c_gone" };
    expect(needsOf(rows, [gone, one, one, ...checkpoint.attention]).map((need) => need.row?.n)).toEqual([undefined, 3, 5, 6, 12, 8]);
  });
});

describe("the strip and the gutter", () => {
  const rows = Array.from({ length: 70 }, (_, i) => ({ claim: { ...rowsOf(checkpoints[0]!.packet)[0]!.claim, id: `c${i}`, verdict: (i % 2 && i < 60 ? "uncited" : "supported") as Claim["verdict"], needs_you: i % 2 === 1 && i < 60 }, artifactId: "a", n: i + 1 }));
  const state = start(checkpoints[0]!.packet, checkpoints[0]!.packet_digest, []);

  it("counts runs of passed claims, and lets one stand for itself", () => {
    const shown = cells(rows, state);
    expect(shown.filter((cell) => "run" in cell && cell.run.length === 1)).toEqual([]);
    expect(shown.map((cell) => ("run" in cell ? cell.run.length : 1)).reduce((a, b) => a + b)).toBe(70);
    expect(shown.at(-1)).toMatchObject({ run: { length: 10 } });
  });

  it("joins the numbers of a line as long as the mark beside them has room", () => {
    expect(numbersOf(10, [9, 10])).toBe("9, 10");
    expect(numbersOf(12, [11, 12])).toBe("11, 12");
    expect(numbersOf(114, [113, 114])).toBe("114+");
    expect(numbersOf(9, [9, 10, 11])).toBe("9+");
  });
});

describe("the words that differ", () => {
  it("are found inside the sentence, in code points", () => {
    const base = claim(5);
    const text = `🛰 ${base.text}`;
    const range = markedRange({ ...base, text })!;
    expect([...text].slice(range.start, range.end).join("")).toBe("44.5");
  });
  it("are nowhere when nothing is marked", () => {
    expect(markedRange({ ...claim(5), say: null })).toBeNull();
  });
});
