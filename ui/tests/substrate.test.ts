import { describe, expect, it } from "vitest";
import type { GivenReceipt, Hit, MemoryItem, SourceMore } from "@/api/substrate";
import type { SourceContent } from "@/api/types";
import { firstDifference, grouped, leftGroups, marksOf, placeOf, searchWords, sidesOf, weightWords, whyIn } from "@/given/given";
import { chosen, dayOf, expiryOf, isPast, nameOf, pastWords, scopeWords, sectionsOf } from "@/memory/memory";
import { contents, sources } from "@/mocks/data";
import { given } from "@/mocks/substrate";
import { readSearch } from "@/pages/asked";
import { askOf, countWords, filtersSet, matchedWords, modeWords } from "@/pages/search";
import { itemsOf, matchesOf, partAt, partsOf, rangeOf, windowAround } from "@/reader/parts";

describe("the search's address", () => {
  it("keeps what it knows and drops what it does not", () => {
    expect(readSearch({ q: "units", file: "pdf", from: "2024-02-30x", to: "2024-02-28", mode: "magic", k: 9999, other: 1 })).toEqual({ q: "units", file: "pdf", to: "2024-02-28" });
    expect(readSearch({ q: 1999, k: 50, mode: "text" })).toEqual({ q: "1999", k: 50, mode: "text" });
    expect(filtersSet({ q: "x", k: 50, kind: "heading", mode: "text" })).toBe(2);
  });
  it("asks for the content types of a kind of file, and for whole days", () => {
    const list = sources as SourceMore[];
    const ask = askOf({ file: "table", to: "2024-02-28", source: "s" }, "  wind ", list);
    expect(ask).toMatchObject({ q: "wind", k: 20, type: ["text/csv"], source_id: "s" });
    expect(new Date(ask.captured_to ?? "").getHours()).toBe(23);
    expect(askOf({ file: "pdf" }, "x", [])).not.toHaveProperty("type");
  });
  it("says how many, which way, and why not by meaning", () => {
    const hit = (source_id: string): Hit => ({ block_id: "b", source_id, source_title: "t", version: 1, page: null, char_start: 0, char_end: 1, text: "x", score: 1 });
    expect(countWords({ items: [hit("a"), hit("b")] }, 20)).toBe("2 passages in 2 sources");
    expect(countWords({ items: [hit("a"), hit("a")] }, 2)).toBe("The best 2 passages in 1 source");
    expect(countWords({ items: [] }, 20)).toBe("");
    const index = { mode: "text", blocks: 1200, embedded: 340, state: "building" as const };
    expect(modeWords(index, undefined)).toBe("Meaning is still being computed: 340 of 1,200 passages. The rest is found by its words.");
    expect(modeWords({ ...index, state: "off" }, undefined)).toMatch(/switched off/);
    expect(modeWords(index, "text")).toBe("Found by words.");
    expect(modeWords({ ...index, mode: "hybrid", state: "complete" }, undefined)).toBe("Found by words and meaning.");
    expect(modeWords(null, undefined)).toBe("");
    expect(matchedWords({ ...hit("a"), matched: ["meaning"] })).toBe("by meaning");
    expect(matchedWords(hit("a"))).toBe("");
  });
});

describe("a source's text", () => {
  const board = contents["board"] as SourceContent;
  const parts = partsOf(board);
  it("is shown whole, and places of it are found by passage and by characters", () => {
    expect(parts).toHaveLength(board.blocks.length);
    expect(rangeOf(board, { block: "board-b3" })).toEqual({ start: board.blocks[3]?.char_start, end: board.blocks[3]?.char_end });
    expect(rangeOf(board, { block: "board-b3", start: 5, end: 9 })).toEqual({ start: 5, end: 9 });
    expect(rangeOf(board, { block: "gone" })).toBeNull();
    expect(partAt(parts, board.blocks[3]?.char_start ?? 0)).toBe(3);
    expect(partAt(parts, 1e9)).toBe(parts.length - 1);
  });
  it("is searched whatever the case and the white space, in code points", () => {
    const found = matchesOf([{ key: "k", text: "🛰 one\u00a0 Two. ONE  two", n: 1, start: 0, end: 20, page: null, kind: "text" }], "one two");
    expect(found).toEqual([{ part: 0, start: 2, end: 10 }, { part: 0, start: 12, end: 20 }]);
    expect(matchesOf(parts, "f")).toEqual([]);
    expect(matchesOf(parts, "(c++ [*")).toEqual([]);
  });
  it("folds the rows of a table only where the table itself is shown", () => {
    const energy = partsOf(contents["energy"] as SourceContent);
    expect(itemsOf(energy, true)).toEqual([{ from: 0, to: 9, rows: true }]);
    expect(itemsOf(energy, false)).toHaveLength(9);
    expect(itemsOf(energy.slice(0, 2), true)).toHaveLength(2);
  });
  it("holds a stretch of a long one in the page, around what is looked at", () => {
    expect(windowAround(5, 100, 400)).toEqual({ from: 0, to: 100 });
    expect(windowAround(5000, 9000, 300)).toEqual({ from: 4900, to: 5200 });
    expect(windowAround(8999, 9000, 300)).toEqual({ from: 8700, to: 9000 });
  });
});

describe("what an agent was given", () => {
  const receipt = given.receipt as unknown as GivenReceipt;
  it("stands by source, best first, with each passage's rank", () => {
    const groups = grouped(receipt.included);
    expect(groups.map((group) => group.sourceId)).toEqual(["board", "press"]);
    expect(groups[1]?.passages.map(({ rank }) => rank)).toEqual([4, 3]);
  });
  it("puts both sides of a contradiction beside each other, or what is known of them", () => {
    const [one] = sidesOf(receipt);
    expect(one).toMatchObject({ subject: "first closest approach", a: { says: "226 km" }, b: { says: "150 km" } });
    expect(one?.a.passage?.source_id).toBe("board");
    expect(sidesOf({ ...receipt, contradictions: [{ kind: "polarity", a: "b99", b: "b1" }] })[0]?.a).toEqual({ says: "", passage: undefined });
    expect(sidesOf({ ...receipt, contradictions: undefined })).toEqual([]);
    expect(placeOf("🛰 At 226 KM.", "226 km")).toEqual({ start: 5, end: 11 });
    expect(placeOf("İ 226", "")).toBeNull();
  });
  it("tells marks, of the first release's receipts too, and why a passage came in", () => {
    const [first] = receipt.included;
    expect(marksOf({ ...first!, instruction_like: true })).toEqual(["instruction_like"]);
    expect(marksOf({ ...first!, instruction_like: true, marks: ["hidden_text"] })).toEqual(["hidden_text"]);
    expect(marksOf(first!)).toEqual([]);
    expect(whyIn(receipt, { ...first!, question: 1 })).toBe("for: Say which check would have shown it");
    expect(whyIn(receipt, { ...first!, question: 0 })).toBe("");
    expect(whyIn(receipt, { ...first!, question: 9, pulled: true })).toMatch(/contradicts another/);
  });
  it("says what was left out, most first, counting what is not listed, and how it was ranked", () => {
    expect(leftGroups(receipt).map((group) => [group.count, group.why])).toEqual([[14, "no room"], [1, "the same words as another passage"]]);
    expect(leftGroups({ ...receipt, left_out: [{ block_id: "x", source_title: "a", why: "an old reason" }], left_out_by_reason: undefined })).toEqual([{ count: 1, why: "an old reason", sources: [{ title: "a", count: 1 }] }]);
    expect(searchWords(receipt)).toBe("Ranked by words and meaning. 340 of 1,200 passages could be compared by meaning at that time.");
    expect(searchWords({ ...receipt, included: receipt.included.map((one) => ({ ...one, score: 0 })) })).toBe("Everything fitted, so nothing was ranked.");
    expect(searchWords({ ...receipt, search: undefined })).toBe("");
    expect(weightWords(receipt.weights)).toEqual(["Heading 20 % lower", "approved work 10 % lower", "newer sources up to 5 % higher"]);
    expect(weightWords({ kind: 3 })).toEqual([]);
    expect(weightWords({ content_type: { "text/csv": 1.2, "text/tab-separated-values": 1.2 } })).toEqual(["Table (CSV) 20 % higher"]);
  });
  it("finds the first line that differs", () => {
    expect(firstDifference("a\nb", "a\nb")).toBeNull();
    expect(firstDifference("a\nb\nc", "a\nX\nc")).toEqual({ line: 2, was: "b", is: "X" });
    expect(firstDifference("a", "a\nb")).toEqual({ line: 2, was: "", is: "b" });
  });
});

describe("memory", () => {
  const now = new Date("2024-06-01T12:00:00Z");
  const item = (values: Partial<MemoryItem>): MemoryItem => ({ id: "1", kind: "block", state: "accepted", text: "x", ...values });
  it("keeps apart what is proposed, what holds and what is past", () => {
    const list = [
      item({ id: "p", state: "proposed" }), item({ id: "i", kind: "instruction" }), item({ id: "l", kind: "lesson", expires_at: "2024-05-01T00:00:00Z" }),
      item({ id: "b" }), item({ id: "r", state: "rejected" }), item({ id: "t", kind: "lesson", state: "retired" }),
    ];
    const ids = Object.fromEntries(Object.entries(sectionsOf(list, now)).map(([name, items]) => [name, items.map((one: MemoryItem) => one.id)]));
    expect(ids).toEqual({ proposed: ["p"], blocks: ["b"], instructions: ["i"], lessons: [], past: ["l", "r", "t"] });
    expect(isPast(item({ expires_at: "2024-06-02T00:00:00Z" }), now)).toBe(false);
  });
  it("decides what is selected, else where the keyboard stands", () => {
    const list = [item({ id: "a" }), item({ id: "b" })];
    expect(chosen(list, new Set(["b"]), 0).map((one) => one.id)).toEqual(["b"]);
    expect(chosen(list, new Set(["gone"]), 9).map((one) => one.id)).toEqual(["b"]);
    expect(chosen([], new Set(), 0)).toEqual([]);
  });
  it("says who is told, until when, and why something ended", () => {
    expect(scopeWords(item({ scope: { project_id: null, agent_type: "research" } }))).toBe("Research, in every project, until retired");
    expect(scopeWords(item({}))).toBe("Every agent, in this project, until retired");
    expect(pastWords(item({ state: "rejected", decided_by: "Ana", reason: "too old" }))).toBe("Rejected by Ana: too old");
    expect(pastWords(item({ state: "retired", decided_by: { name: null } }))).toBe("Retired by somebody");
    expect(nameOf("01890a5d-ac96-774b-bcce-b302099a8057")).toBe("");
  });
  it("ends on the evening of the day that was chosen", () => {
    expect(expiryOf("")).toBeNull();
    expect(dayOf(expiryOf("2024-06-03"))).toBe("2024-06-03");
    expect(dayOf(null)).toBe("");
  });
});
