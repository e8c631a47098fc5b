import { describe, expect, it } from "vitest";
import type { IndexState, SourceMore } from "@/api/substrate";
import { merged } from "@/api/substrate";
import { ApiError } from "@/api/client";
import { sources } from "@/mocks/data";
import { worthShowing } from "@/sources/UploadList";
import { deletedWords } from "@/sources/SourcePanel";
import { Uploads, type Send, type Upload } from "@/sources/uploads";
import { kindOf } from "@/sources/kinds";
import { addresses, cameFrom, figures, indexWords, noteWords, progressShare, progressWords, shownSources, stateOf } from "@/sources/words";

const one = (extra: Partial<SourceMore> = {}): SourceMore => ({ ...structuredClone(sources[0]!), filename: null, notes: [], ...extra }) as SourceMore;

describe("a source in words", () => {
  it("goes by its content, then by its name, then by where it came from", () => {
    expect(kindOf(one({ content_type: "application/pdf", filename: "letter.docx" }))).toBe("pdf");
    expect(kindOf(one({ content_type: null, filename: "Letter.DOCX" }))).toBe("word");
    expect(kindOf(one({ content_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" }))).toBe("sheet");
    expect(kindOf(one({ content_type: "text/tab-separated-values" }))).toBe("table");
    expect(kindOf(one({ content_type: null, filename: null, origin: "url" }))).toBe("page");
    expect(kindOf(one({ content_type: null, filename: null, origin: "text" }))).toBe("text");
    expect(kindOf(one({ content_type: null, filename: "a.xyz" }))).toBe("other");
  });
  it("counts slides as slides and sheets as sheets", () => {
    expect(figures(one({ content_type: "x/presentationml", page_count: 14, block_count: 62 }))).toBe("14 slides, 62 passages");
    expect(figures(one({ content_type: "x/spreadsheetml", page_count: 3, block_count: 1 }))).toBe("3 sheets, 1 passage");
    const table = { table: 0, name: "t", columns: [], types: [], row_count: 9 };
    expect(figures(one({ page_count: null, block_count: 0, tables: [table] }))).toBe("1 table with 9 rows");
    expect(figures(one({ page_count: null, block_count: 0, tables: [table, table] }))).toBe("2 tables");
  });
  it("says how far it is read, and never more than all of it", () => {
    const reading = (progress: SourceMore["progress"]) => one({ status: "processing", progress });
    expect(progressWords(reading({ phase: "reading", done: 12, total: 80, unit: "pages" }))).toBe("Reading page 12 of 80");
    expect(progressWords(reading({ phase: "reading", done: 90, total: 80, unit: "pages" }))).toBe("Reading page 80 of 80");
    expect(progressWords(reading({ phase: "reading", done: 3, total: null, unit: null }))).toBe("Reading");
    expect(progressWords(reading({ phase: "writing", done: 0, total: null, unit: null }))).toBe("Storing passages");
    expect(progressWords(reading(null))).toBe("reading");
    expect(progressWords(one({ origin: "url", progress: { phase: "fetching", done: 0, total: null, unit: null } }))).toBe("Fetching the page");
    expect(progressShare(reading({ phase: "reading", done: 20, total: 80, unit: "pages" }))).toBe(0.25);
    expect(progressShare(reading({ phase: "reading", done: 1, total: 0, unit: "pages" }))).toBeNull();
  });
  it("names the host of an address, and reads notes of every shape", () => {
    expect(cameFrom(one({ origin: "url", url: "https://example.org/a?b=c" }))).toBe("example.org");
    expect(cameFrom(one({ origin: "text" }))).toBe("pasted text");
    expect(cameFrom(one({ origin: "artifact" }))).toBe("approved work");
    expect(noteWords("2 pages hold no text.")).toBe("2 pages hold no text.");
    expect(noteWords({ message: "Named .doc.", hint: "It is a PDF." })).toBe("Named .doc. It is a PDF.");
    expect(noteWords({ code: "unheard_of" })).toBe("unheard_of");
  });
  it("filters by state, kind and every word of its name, newest first", () => {
    const list = [
      one({ id: "1", title: "Annual report", created_at: "2024-01-01" }),
      one({ id: "2", title: "Report of the board", content_type: "application/pdf", created_at: "2024-03-01" }),
      one({ id: "3", title: "report", status: "failed", retracted_at: null, created_at: "2024-02-01" }),
      one({ id: "4", title: "old", retracted_at: "2024-02-02", created_at: "2024-02-02" }),
    ];
    const ids = (filter: Parameters<typeof shownSources>[1]) => shownSources(list, filter).map((source) => source.id);
    expect(ids({ state: "all", kind: "all", find: "" })).toEqual(["2", "4", "3", "1"]);
    expect(ids({ state: "all", kind: "all", find: "REPORT board" })).toEqual(["2"]);
    expect(ids({ state: "failed", kind: "all", find: "" })).toEqual(["3"]);
    expect(ids({ state: "retracted", kind: "all", find: "" })).toEqual(["4"]);
    expect(ids({ state: "ready", kind: "pdf", find: "" })).toEqual(["2"]);
    expect(stateOf(list[3]!)).toBe("retracted");
  });
  it("says truthfully how passages can be found", () => {
    const index = (values: Partial<IndexState>): IndexState => ({ blocks: 1200, embedded: 340, state: "building", ...values });
    expect(indexWords(index({}))).toBe("Every passage can be found by its words. By meaning: 340 of 1,200.");
    expect(indexWords(index({ state: "complete", embedded: 1200 }))).toBe("Every passage can be found by its words and by meaning.");
    expect(indexWords(index({ state: "off", embedded: 0 }))).toMatch(/switched off/);
    expect(indexWords(index({ state: "other_model" }))).toMatch(/340 of 1,200 passages fit the present model/);
    expect(indexWords(index({ state: "unavailable" }))).toMatch(/not available/);
    expect(indexWords(index({ blocks: 0, embedded: 0, state: "complete" }))).toMatch(/Nothing can be found yet/);
  });
  it("takes addresses out of lines, each once, and names what is none", () => {
    expect(addresses("https://a.example/x\n\nhttps://a.example/x http://b.example\nftp://c.example\nnotes.txt")).toEqual({
      good: ["https://a.example/x", "http://b.example"], bad: ["ftp://c.example", "notes.txt"],
    });
  });
  it("says what a deletion took, of what the server counts", () => {
    expect(deletedWords({ versions: 2, blocks: 1200, envelopes: 0, unheard: 3, note: "x" })).toBe("2 versions, 1,200 passages");
    expect(deletedWords({ deleted: { blocks: 4 } })).toBe("4 passages");
    expect(deletedWords(undefined)).toBe("");
  });
  it("puts what changed in its place", () => {
    const held = [one({ id: "1", title: "a" }), one({ id: "2", title: "b" })];
    expect(merged(held, [one({ id: "2", title: "B" }), one({ id: "3", title: "c" })]).map((s) => s.title)).toEqual(["a", "B", "c"]);
    expect(merged(held, [])).toBe(held);
  });
});

/** A server that answers when it is told to. */
function slow() {
  const calls: { name: string; key: string; answer: (id: string) => void; refuse: (error: unknown) => void; signal: AbortSignal }[] = [];
  const send: Send = (_project, what, key, _sent, signal) =>
    new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
      calls.push({ name: "text" in what ? what.text : "", key, answer: (id) => resolve(one({ id })), refuse: reject, signal });
    });
  return { calls, send };
}
const settle = async () => {
  for (let i = 0; i < 5; i += 1) await Promise.resolve();
};

describe("uploads", () => {
  const texts = (...names: string[]) => names.map((text) => ({ text }));
  it("send a few at a time, and go on after one is refused", async () => {
    const { calls, send } = slow();
    const uploads = new Uploads(send);
    uploads.add("p", texts("a", "b", "c", "d", "e"));
    expect(calls.map((call) => call.name)).toEqual(["a", "b", "c"]);
    calls[0]?.refuse(new ApiError(422, { code: "encrypted_file", detail: "Protected." }));
    calls[1]?.answer("s1");
    await settle();
    expect(calls.map((call) => call.name)).toEqual(["a", "b", "c", "d", "e"]);
    expect(uploads.items.map((item) => item.state)).toEqual(["refused", "done", "sending", "sending", "sending"]);
  });
  it("send what was refused again, as a new intention", async () => {
    const { calls, send } = slow();
    const uploads = new Uploads(send);
    uploads.add("p", texts("a"));
    calls[0]?.refuse(new ApiError(0, {}));
    await settle();
    uploads.again("p");
    expect(calls).toHaveLength(2);
    expect(calls[1]?.key).not.toBe(calls[0]?.key);
    calls[1]?.answer("s1");
    await settle();
    expect(uploads.items[0]).toMatchObject({ state: "done", error: null });
    expect(uploads.busy).toBe(false);
  });
  it("are stopped one by one or all; an answer that comes late changes nothing", async () => {
    const { calls, send } = slow();
    const uploads = new Uploads(send);
    uploads.add("p", texts("a", "b", "c", "d"));
    uploads.stop(uploads.items[0]!.id);
    expect(calls[0]?.signal.aborted).toBe(true);
    expect(calls.map((call) => call.name)).toEqual(["a", "b", "c", "d"]);
    calls[0]?.answer("late");
    uploads.stopAll("p");
    await settle();
    expect(uploads.items.map((item) => item.state)).toEqual(["stopped", "stopped", "stopped", "stopped"]);
    uploads.clear("p");
    expect(uploads.items).toEqual([]);
  });
  it("say what was here already: before they were sent, or twice in one drop", async () => {
    const { calls, send } = slow();
    const uploads = new Uploads(send);
    uploads.add("p", texts("old", "new", "new again"), ["s-old"]);
    calls[0]?.answer("s-old");
    calls[1]?.answer("s-new");
    await settle();
    calls[2]?.answer("s-new");
    await settle();
    expect(uploads.items.map((item) => item.state)).toEqual(["here", "done", "here"]);
  });
  it("show what says something; what is done stands in the list of sources", () => {
    const item = (id: number, state: Upload["state"]): Upload => ({ id, projectId: "p", name: String(id), size: 1, sent: 0, state, error: null, source: null });
    const many = [item(1, "done"), item(2, "here"), item(3, "refused"), item(4, "sending"), ...Array.from({ length: 100 }, (_, i) => item(10 + i, "waiting"))];
    const { shown, waiting } = worthShowing(many);
    expect(shown.map((one) => one.state)).toEqual(["sending", "refused", "here", "waiting", "waiting", "waiting"]);
    expect(waiting).toBe(97);
  });
});
