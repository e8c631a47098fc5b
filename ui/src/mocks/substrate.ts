import { http, HttpResponse } from "msw";
import type { ContradictingSide, Found, GivenReceipt, IndexState, MemoryItem, Rest, SourceContradictions, SourceMore } from "@/api/substrate";
import type { Envelope, Source } from "@/api/types";
import { problem, url } from "./answers";
import * as data from "./data";

const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
const missing = (what: string) => problem(404, "not_found", `This ${what} does not exist, or you may not see it.`);
const cp = (text: string) => [...text].length;

/** Sources in every state they can be in, beside the plain ones. */
export const moreSources: Partial<Source>[] = [
  { id: "reading", title: "Inspection report 2024", filename: "inspection-2024.pdf", content_type: null, status: "processing", version: 0, byte_size: 8_400_000, block_count: 0, progress: { phase: "reading", done: 12, total: 80, unit: "pages" } } as Partial<Source>,
  { id: "slides", title: "Kick-off", filename: "kick-off.pptx", content_type: "application/vnd.openxmlformats-officedocument.presentationml.presentation", page_count: 14, block_count: 62, byte_size: 1_240_000 },
  { id: "scan", title: "Minutes 1998 (scan)", filename: "minutes.pdf", content_type: "application/pdf", page_count: 9, block_count: 41, byte_size: 3_100_000, notes: ["2 pages hold no text: pages 4 and 7. They are probably pictures."] },
  { id: "page", title: "How the interface was specified", origin: "url", url: "https://example.org/notes/interfaces.html", filename: null, content_type: "text/html", block_count: 18, byte_size: 48_000 },
  { id: "old-note", title: "First press note", retracted_at: at(-500), block_count: 4 },
];

export const indexState: IndexState = { mode: "hybrid", model: "minilm", blocks: 1200, embedded: 340, state: "building", message: null };

const rest: Rest = {
  envelopes: [{ id: "e1", session_id: "s-run", session_title: "Losses traced to units and interfaces" }],
  sessions: [{ id: "s-run", title: "Losses traced to units and interfaces", status: "in_progress" }],
  artifacts: [{ id: "a-find", session_id: "s-run", title: "A ground file gave impulse in the wrong unit" }],
};

/** A search as the server answers it: every word, whole text of the block, highlights in code points. */
export function found(query: string, k: number, only: string | null): Found {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const items = Object.entries(data.contents).flatMap(([source_id, content]) =>
    content.blocks.map((block) => {
      const text = [...content.text].slice(block.char_start, block.char_end).join("");
      const highlights: [number, number][] = [];
      for (const word of words) {
        for (let i = text.toLowerCase().indexOf(word); i >= 0; i = text.toLowerCase().indexOf(word, i + word.length))
          highlights.push([cp(text.slice(0, i)), cp(text.slice(0, i + word.length))]);
      }
      return {
        block_id: block.block_id, source_id, source_title: data.sources.find((s) => s.id === source_id)?.title ?? source_id, version: 1, page: source_id === "board" ? 2 : null,
        heading: block.ordinal > 0 && source_id === "board" ? "Mishap board, phase I" : null, kind: block.kind, state: "accepted", char_start: block.char_start, char_end: block.char_end, text, score: highlights.length,
        highlights: highlights.sort((a, b) => a[0] - b[0]), matched: (highlights.length > 1 ? ["text", "meaning"] : ["text"]) as ("text" | "meaning")[],
      };
    }),
  );
  const hits = items.filter((hit) => hit.score > 0 && (only === null || hit.source_id === only)).sort((a, b) => b.score - a.score);
  return { items: hits.slice(0, k), index: indexState };
}

const board = data.contents["board"];
const press = data.contents["press"];
const passage = (content: typeof board, source_id: string, title: string, n: number, alias: string, extra: Record<string, unknown> = {}) => {
  const block = content?.blocks[n];
  return {
    alias, block_id: block?.block_id ?? "", source_id, source_title: title, version: 1, kind: "text", heading: null, page: null, char_start: block?.char_start ?? 0, char_end: block?.char_end ?? 0,
    text: [...(content?.text ?? "")].slice(block?.char_start, block?.char_end).join(""), score: 1 - n / 10, tokens: 60, instruction_like: false, ...extra,
  };
};
const BOARD = "Mishap board, phase I: our notes";
const PRESS = "Statements and press, autumn 1999: our notes";
const receipt: GivenReceipt = {
  task: "Which well-documented losses came from a mismatch of units or interfaces, and which check would have shown it beforehand?",
  obligations: [{ comment: "Say which check would have shown it", about: "The navigation team read them as newton seconds." }],
  notes: [
    { id: "m1", kind: "instruction", text: "Give figures in SI units, and the original unit in brackets.", scope: { project_id: "p-check", agent_type: null } },
    { id: "m2", kind: "lesson", text: "Dates of press statements are not dates of events.", scope: { project_id: null, agent_type: "research" } },
  ],
  included: [
    passage(board, "board", BOARD, 1, "b1"), passage(board, "board", BOARD, 2, "b2"), passage(board, "board", BOARD, 5, "b3"), passage(press, "press", PRESS, 3, "b4"),
    passage(press, "press", PRESS, 2, "b5", { instruction_like: true, marks: ["instruction_like", "hidden_text"], question: 1 }),
  ],
  contradictions: [{ kind: "number", a: "b3", b: "b4", subject: "first closest approach", a_says: "226 km", b_says: "150 km" }],
  tables: [{ source_id: "energy", source_title: "US renewable electricity by source", version: 1, table: 0, name: "us-renewable-generation", columns: ["year", "energy_source", "net_generation_thousand_mwh"], row_count: 9 }],
  left_out: [
    { block_id: "x", source_title: PRESS, reason: "budget", why: "no room left in 24,000 tokens" }, { block_id: "y", source_title: PRESS, reason: "duplicate", why: `the same words as in “${BOARD}”` },
    { block_id: "z", source_title: BOARD, reason: "budget", why: "no room left in 24,000 tokens" },
  ],
  left_out_by_reason: { budget: 14, duplicate: 1 }, questions: ["Which losses?", "Say which check would have shown it"],
  left_out_count: 15, token_budget: 24_000, tokens: 21_480, flags: ["instruction_like"], search: { mode: "hybrid", model: "minilm", embedded: 340, blocks: 1200 },
  weights: { kind: { heading: 0.8 }, origin: { captured: 1, approved: 0.9 }, recency: 0.05 }, reads: [{ call: "1", tool: "search_context", query: "newton seconds", block_ids: ["x", "y"] }, { call: "2", tool: "read_block", block_ids: ["z"] }],
};
export const given: Envelope = { id: "e1", session_id: "s-run", iteration: 1, digest: "sha", body: "# Task\n\nWhich losses …\n", created_at: at(-6), receipt: receipt as unknown as Envelope["receipt"] };

const sideOf = (n: number, content: typeof board, source_id: string, title: string, says: string): ContradictingSide => {
  const block = content?.blocks[n];
  const text = [...(content?.text ?? "")].slice(block?.char_start, block?.char_end).join("");
  const at = Math.max(0, cp(text.slice(0, text.indexOf(says))));
  return {
    block_id: block?.block_id ?? "", source_id, source_title: title, version: 1, page: source_id === "board" ? 2 : null, heading: null, kind: "paragraph", origin: "captured",
    char_start: block?.char_start ?? 0, char_end: block?.char_end ?? 0, text, says, sentence: [0, cp(text)], differs: [at, at + cp(says)],
  };
};

/** What the board and the press disagree on, while both are in use. */
export function contradictions(sources: Source[], only: string | null): SourceContradictions {
  const used = sources.filter((source) => !source.retracted_at).map((source) => source.id);
  const item = { kind: "number" as const, subject: "first closest approach", a: sideOf(3, press, "press", PRESS, "150 km"), b: sideOf(5, board, "board", BOARD, "226 km"), repeated: 1 };
  const items = used.includes("board") && used.includes("press") && (only === null || only === "board" || only === "press") ? [item] : [];
  return { items, found: items.length, compared: 1_200, comparable: 1_200, complete: true, forms: 0, message: "" };
}

const anchors = [{ source_id: "board", version: 1, char_start: board?.blocks[2]?.char_start ?? 0, char_end: board?.blocks[2]?.char_end ?? 0, quote: "The interface specification asked for newton seconds." }];
const memory = (): MemoryItem[] => [
  { id: "p1", kind: "block", state: "proposed", text: "The interface specification asked for newton seconds; the spacecraft team supplied pound-force seconds.", anchors, origin: { session_id: "s-run", artifact_id: "a-find", version: 1, title: "Losses traced to units and interfaces" }, created_at: at(-90) },
  { id: "p2", kind: "block", state: "proposed", text: "The effect of each firing on the trajectory was underestimated by a factor of 4.45.", anchors, origin: { session_id: "s-run", artifact_id: "a-find", version: 1, title: "Losses traced to units and interfaces" }, created_at: at(-80) },
  { id: "p4", kind: "block", state: "proposed", text: "The lowest altitude that the spacecraft could have survived was 80 km.", anchors, origin: { session_id: "s-run" }, created_at: at(-60), rests_on_retracted: true, in_question: [{ source_id: "old-note", title: "First press note", why: "retracted", reason: "Withdrawn" }], claims: [{ id: "c", needs_you: true }] },
  { id: "p3", kind: "lesson", state: "proposed", text: "Dates of press statements are not dates of events.", scope: { project_id: "p-check", agent_type: "research" }, origin: { session_id: "s-check" }, created_at: at(-70) },
  { id: "i1", kind: "instruction", state: "accepted", text: "Give figures in SI units, and the original unit in brackets.", scope: { project_id: "p-check", agent_type: null }, created_by: "Local reviewer", created_at: at(-5000), decided_at: at(-5000) },
  { id: "l1", kind: "lesson", state: "accepted", text: "Names of teams change between phases; say which phase.", scope: { project_id: null, agent_type: "research" }, expires_at: at(60 * 24 * 20), created_by: "A colleague", created_at: at(-4000), decided_at: at(-4000) },
  { id: "a1", kind: "block", state: "accepted", text: "A fourth course correction was carried out on 15 September 1999.", anchors, origin: { session_id: "s-check", version: 2, title: "Why Mars Climate Orbiter was lost" }, created_at: at(-3000), decided_by: "Local reviewer", decided_at: at(-2900) },
  { id: "r1", kind: "block", state: "rejected", text: "Ten of the wheels failed.", decided_by: "A colleague", decided_at: at(-1500), reason: "The source speaks of firings, not of wheels", created_at: at(-1600) },
];

const DECIDED = { accept: "accepted", reject: "rejected", retire: "retired" } as const;

/** What issue 4 adds to the API, over the same sources as the rest. */
export function substrateHandlers(sources: Source[]) {
  const items = memory();
  const index = { ...indexState };
  return [
    http.get(url("/projects/:pid/search"), ({ request }) => {
      const query = new URL(request.url).searchParams;
      return HttpResponse.json(found(query.get("q") ?? "", Number(query.get("k") ?? 10), query.get("source_id")));
    }),
    http.get(url("/projects/:pid/contradictions"), ({ request }) => HttpResponse.json(contradictions(sources, new URL(request.url).searchParams.get("source_id")))),
    http.get(url("/projects/:pid/index"), () => HttpResponse.json(index)),
    http.post(url("/projects/:pid/index/rebuild"), () => HttpResponse.json(index, { status: 202 })),
    http.get(url("/projects/:pid/sources/:id/dependents"), ({ params, request }) => {
      const goes = new URL(request.url).searchParams.has("goes") ? { goes: { versions: 1, blocks: 3, envelopes: 2, artifacts: 1 } } : {};
      return HttpResponse.json({ ...goes, ...(params["id"] === "board" ? rest : { envelopes: [], sessions: [], artifacts: [] }) });
    }),
    http.post(url("/projects/:pid/sources/:id/restore"), ({ params }) => {
      const source = sources.find((one) => one.id === params["id"]) as SourceMore | undefined;
      if (!source) return missing("source");
      Object.assign(source, { retracted_at: null, retract_reason: null });
      return HttpResponse.json(source);
    }),
    http.post(url("/projects/:pid/sources/:id/retract"), async ({ params, request }) => {
      const source = sources.find((one) => one.id === params["id"]) as SourceMore | undefined;
      if (!source) return missing("source");
      source.retracted_at = new Date().toISOString();
      source.retract_reason = ((await request.json()) as { reason: string }).reason;
      return HttpResponse.json({ ...rest, source });
    }),
    http.post(url("/projects/:pid/sources/:id/retry"), ({ params }) => {
      const source = sources.find((one) => one.id === params["id"]);
      if (!source) return missing("source");
      Object.assign(source, { status: "processing", failure: null });
      return HttpResponse.json(source, { status: 202 });
    }),
    http.put(url("/projects/:pid/sources/:id/content"), ({ params }) => {
      const source = sources.find((one) => one.id === params["id"]);
      if (!source) return missing("source");
      Object.assign(source, { status: "processing" });
      return HttpResponse.json(source, { status: 202 });
    }),
    http.delete(url("/projects/:pid/sources/:id"), ({ params }) => {
      const where = sources.findIndex((one) => one.id === params["id"]);
      if (where < 0) return missing("source");
      sources.splice(where, 1);
      return HttpResponse.json({ versions: 1, blocks: 9, envelopes: 1, artifacts: 0 });
    }),
    http.get(url("/projects/:pid/work-sessions/:sid/envelope"), ({ params }) => (params["sid"] === "s-run" ? HttpResponse.json(given) : missing("envelope"))),
    http.get(url("/projects/:pid/work-sessions/:sid/envelope/rebuild"), () => HttpResponse.json({ body: given.body, digest: given.digest, identical: true })),
    http.get(url("/projects/:pid/memory"), () => HttpResponse.json({ items, next_cursor: null })),
    http.post(url("/projects/:pid/memory"), async ({ request }) => {
      const made = { id: `m-${items.length}`, state: "accepted", created_at: new Date().toISOString(), created_by: data.me.name, ...((await request.json()) as object) } as MemoryItem;
      items.push(made);
      return HttpResponse.json(made, { status: 201 });
    }),
    http.post(url("/projects/:pid/memory/decisions"), async ({ request }) => {
      const { items: decided } = (await request.json()) as { items: { id: string; decision: keyof typeof DECIDED; reason?: string }[] };
      for (const one of decided) {
        const item = items.find((each) => each.id === one.id);
        if (item) Object.assign(item, { state: DECIDED[one.decision], reason: one.reason ?? null, decided_by: data.me.name, decided_at: new Date().toISOString() });
      }
      return HttpResponse.json({ items: items.filter((item) => decided.some((one) => one.id === item.id)) });
    }),
    http.patch(url("/projects/:pid/memory/:id"), async ({ params, request }) => {
      const item = items.find((one) => one.id === params["id"]);
      if (!item) return missing("item");
      Object.assign(item, await request.json());
      return HttpResponse.json(item);
    }),
  ];
}
