/** Fixtures for developing and for tests: shaped as the API answers, never part of a build. */

import type {
  Agent, Anchor, Artifact, ArtifactDocument, Attention, Check, Checkpoint, CheckpointItem, Claim, Me, Member, Packet,
  Project, RevealItem, Source, SourceContent, Verdict, WorkEvent, WorkSession,
} from "@/api/types";
import { rowsOf } from "@/review/state";

const cp = (text: string) => [...text].length;
const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();

export const me: Me = {
  id: "u1",
  name: "Local reviewer",
  role: "admin",
  workspace: { id: "w1", name: "Workspace" },
  mode: "local",
  sample: true,
};

export const members: Member[] = [
  { id: "u1", name: "Local reviewer", role: "admin", created_at: at(-9000) },
  { id: "u2", name: "A colleague", role: "reviewer", created_at: at(-8000) },
];

const project = (id: string, name: string, description: string, sample_key: Project["sample_key"], counts: Partial<Project["counts"]>): Project => ({
  id, name, description, basket_id: `basket-${id}`, sample_key,
  counts: { sources: 0, unreadable: 0, blocks: 0, sessions: 0, waiting: 0, ...counts },
  budget: { default: {}, most: {}, version: 1, changed_by: null, changed_at: null }, archived_at: null, created_at: at(-4000), updated_at: at(-60),
});

export const projects: Project[] = [
  project("p-check", "Check an AI draft", "Three short sources and a draft of twelve sentences about the loss of Mars Climate Orbiter. Errors are planted in it. Find them before you sign.", "check", { sources: 2, blocks: 16, sessions: 1, waiting: 1 }),
  project("p-report", "Annual report", "Renewable electricity in the United States, and a report that is written every year.", "report", { sources: 1, blocks: 9, sessions: 2, waiting: 2 }),
  project("p-yours", "Yours", "Paste a draft and drop its sources, or ask for research, content or a report.", "yours", {}),
];

const BOARD = [
  "# Mishap board, phase I: our notes",
  "The board named as root cause the “failure to use metric units in the coding of a ground software file”. The file was called Small Forces, and its results went into the models of the spacecraft’s path.",
  "The interface specification asked for newton seconds. The spacecraft team at Lockheed Martin Astronautics supplied thruster data in pound-force seconds, and the navigation team at the Jet Propulsion Laboratory read them as newton seconds.",
  "The effect of each firing on the trajectory was therefore underestimated by a factor of 4.45, the number of newtons in one pound of force. 🛰",
  "Firings to unload the reaction wheels came 10 to 14 times more often than the navigation team had expected, because the solar array stood on one side of the spacecraft and sunlight kept turning it.",
  "The first closest approach was planned at 226 km above the surface of Mars, and the fourth course correction was computed for that altitude.",
  "Worked out again after the loss with corrected data, the closest approach came to 57 km. The board took 80 km as the lowest altitude at which the spacecraft could have survived.",
  "A fourth course correction was carried out on 15 September 1999. A fifth was discussed shortly before arrival but never carried out.",
];
const PRESS = [
  "# Statements and press, autumn 1999: our notes",
  "Mars Climate Orbiter was launched from Cape Canaveral on a Delta II rocket on 11 December 1998. It was to study the weather of Mars and to relay radio traffic for Mars Polar Lander.",
  "The burn began on time. The last signal came at 09:04:52 UTC on 23 September 1999, minutes into the burn.",
  "The first closest approach was planned at about 150 km above the surface of Mars, the project manager said on 23 September 1999, the day of the loss.",
];

function content(id: string, paragraphs: string[]): SourceContent {
  let start = 0;
  const blocks = paragraphs.map((text, ordinal) => {
    const block = {
      block_id: `${id}-b${ordinal}`, ordinal, kind: text.startsWith("#") ? "heading" : "text",
      char_start: start, char_end: start + cp(text), page: null, heading: null,
    };
    start += cp(text) + 2;
    return block;
  });
  return { source_id: id, version: 1, text: paragraphs.join("\n\n"), pages: [], blocks, tables: [] };
}

const ENERGY_ROWS: [number, string, number][] = [
  [2021, "Wind", 378197], [2021, "Solar", 115258], [2021, "Hydro", 251585],
  [2022, "Wind", 434297], [2022, "Solar", 143797], [2022, "Hydro", 254789],
  [2023, "Wind", 425235], [2023, "Solar", 164502], [2023, "Hydro", 239855],
];
const energyLines = ENERGY_ROWS.map(([y, s, v]) => `year: ${y}; energy_source: ${s}; net_generation_thousand_mwh: ${v}`);

export const contents: Record<string, SourceContent> = {
  board: content("board", BOARD),
  press: content("press", PRESS),
  energy: {
    ...content("energy", energyLines),
    blocks: content("energy", energyLines).blocks.map((block) => ({ ...block, kind: "table_row" })),
    tables: [
      {
        table: 0, row_count: 9, name: "us-renewable-generation", columns: ["year", "energy_source", "net_generation_thousand_mwh"],
        types: ["number", "text", "number"], rows: ENERGY_ROWS.map((row) => row.map(String)),
      },
    ],
  },
};

const source = (id: string, project_id: string, title: string, extra: Partial<Source> = {}): Source => ({
  id, project_id, title, filename: `${id}.md`, content_type: "text/markdown", origin: "file", url: null, status: "ready",
  failure: null, version: 1, sha256: null, byte_size: 2310, block_count: contents[id]?.blocks.length ?? 0, page_count: null, tables: [], table_count: 0,
  notes: [], retracted_at: null, created_at: at(-3000), updated_at: at(-3000), ...extra,
});

export const sources: Source[] = [
  source("board", "p-check", "Mishap board, phase I: our notes"),
  source("press", "p-check", "Statements and press, autumn 1999: our notes"),
  source("energy", "p-report", "US renewable electricity by source", {
    filename: "us-renewable-generation-upto-2023.csv", content_type: "text/csv",
    tables: [{ table: 0, name: "us-renewable-generation", columns: ["year", "energy_source", "net_generation_thousand_mwh"], types: ["number", "text", "number"], row_count: 9 }],
  }),
  source("broken", "p-report", "old-annex.pdf", {
    filename: "old-annex.pdf", content_type: "application/pdf", status: "failed",
    failure: { code: "encrypted_file", message: "The file is protected by a password.", hint: "Save it without the password and drop it again." },
  }),
];

function anchor(id: string, quote: string, role: Anchor["role"]): Anchor {
  const text = contents[id]?.text ?? "";
  const unit = text.indexOf(quote);
  if (unit < 0) throw new Error(`fixture: “${quote}” is not in ${id}`);
  const char_start = cp(text.slice(0, unit));
  const block = contents[id]?.blocks.find((b) => b.char_start <= char_start && char_start < b.char_end);
  return {
    source_id: id, version: 1, block_id: block?.block_id ?? "", page: null, char_start, char_end: char_start + cp(quote),
    quote, source_title: sources.find((s) => s.id === id)?.title ?? id, role,
  };
}

interface Planned {
  text: string;
  verdict?: Verdict;
  headline?: string;
  short?: string;
  anchors?: Anchor[];
  checks?: Check[];
  say?: [string, string | null, string, string | null, [string, string]?];
  correction?: Claim["correction"];
}

const check = (kind: Check["kind"], result: Check["result"], draft: string | null = null, src: string | null = null, note: string | null = null): Check => ({ kind, result, draft, source: src, note });

function said(text: string, words: string | null) {
  const unit = words ? text.indexOf(words) : -1;
  const start = cp(text.slice(0, Math.max(0, unit)));
  return { text, mark: words && unit >= 0 ? ([start, start + cp(words)] as [number, number]) : null };
}

function claimsOf(prefix: string, paragraphs: { block: number; sentences: Planned[] }[]): Claim[] {
  let n = 0;
  return paragraphs.flatMap(({ block, sentences }) => {
    let start = 0;
    return sentences.map((s): Claim => {
      n += 1;
      const verdict = s.verdict ?? "supported";
      const claim: Claim = {
        id: `c_${prefix}${String(n).padStart(4, "0")}`, n, text: s.text, kind: "sentence", path: [block],
        char_start: start, char_end: start + cp(s.text), verdict, opinion: false, needs_you: verdict !== "supported",
        headline: s.headline ?? "", short: s.short ?? "", anchors: s.anchors ?? [],
        say: s.say ? { draft: said(s.say[0], s.say[1]), source: said(s.say[2], s.say[3]), labels: s.say[4] ?? ["Draft says", "Source says"] } : null,
        checks: [...(s.checks ?? []), check("meaning", "not_compared")], correction: s.correction ?? null,
      };
      start = claim.char_end + 1;
      return claim;
    });
  });
}

const S = {
  launch: "Mars Climate Orbiter was launched from Cape Canaveral on a Delta II rocket on 11 December 1998.",
  purpose: "It was to study the weather of Mars and to relay radio traffic for Mars Polar Lander.",
  signal: "The last signal came at 09:04:52 UTC on 28 September 1999, minutes into the burn that should have put the spacecraft into orbit.",
  teams: "The navigation team at the Jet Propulsion Laboratory supplied thruster data in pound-force seconds, and the spacecraft team at Lockheed Martin Astronautics read them as newton seconds.",
  factor: "The effect of each firing on the trajectory was therefore underestimated by a factor of 44.5.",
  cause: "The board named as root cause the “failure to use metric units in the testing of a ground software file”.",
  wheels: "Firings to unload the reaction wheels came 10 to 14 times more often than the navigation team had expected, because the solar array stood on one side of the spacecraft.",
  planned: "The first closest approach was planned at 226 km above the surface of Mars.",
  again: "Worked out again after the loss, the closest approach came to 57 km.",
  lowest: "The board took 80 km as the lowest altitude at which the spacecraft could have survived.",
  fourth: "A fourth course correction was carried out on 15 September 1999, and a fifth was discussed but never carried out.",
  audit: "The Deep Space Navigation Audit of January 2000 found that two navigators had reported the mismatch in writing.",
};

const passed = (text: string, quote: string, id: string, kind: Check["kind"] = "number", value = ""): Planned => ({
  text, anchors: [anchor(id, quote, "supports")], say: [quote, quote, quote, quote], checks: value ? [check(kind, "same", value, value)] : [check("name", "same", "names", "names")],
});

const checkClaims: Claim[] = claimsOf("mars", [
  {
    block: 0,
    sentences: [
      passed(S.launch, "launched from Cape Canaveral on a Delta II rocket on 11 December 1998", "press", "date", "11 December 1998"),
      passed(S.purpose, "to study the weather of Mars and to relay radio traffic for Mars Polar Lander", "press", "name", "Mars Polar Lander"),
      {
        text: S.signal, verdict: "unsupported", headline: "Date differs", short: "Date: 28 or 23 September",
        say: ["The last signal came at 09:04:52 UTC on 28 September 1999", "28 September 1999", "The last signal came at 09:04:52 UTC on 23 September 1999", "23 September 1999"],
        anchors: [anchor("press", "23 September 1999", "differs")],
        checks: [check("date", "differs", "28 September 1999", "23 September 1999"), check("number", "same", "09:04:52", "09:04:52"), check("name", "none")],
        correction: { label: "Use 23 September", text: S.signal.replace("28 September", "23 September") },
      },
    ],
  },
  {
    block: 2,
    sentences: [
      passed(S.teams, "supplied thruster data in pound-force seconds, and the navigation team at the Jet Propulsion Laboratory read them as newton seconds", "board", "name", "Jet Propulsion Laboratory, Lockheed Martin Astronautics"),
      {
        text: S.factor, verdict: "unsupported", headline: "Number differs", short: "Number: 44.5 or 4.45",
        say: ["underestimated by a factor of 44.5", "44.5", "underestimated by a factor of 4.45", "4.45"],
        anchors: [anchor("board", "by a factor of 4.45", "differs")],
        checks: [check("number", "differs", "44.5", "4.45"), check("direction", "same", "underestimated", "underestimated"), check("quote", "none"), check("date", "none")],
        correction: { label: "Use 4.45", text: S.factor.replace("44.5", "4.45") },
      },
    ],
  },
  {
    block: 3,
    sentences: [
      {
        text: S.cause, verdict: "unsupported", headline: "Quote differs", short: "Quote: one word altered",
        say: ["“failure to use metric units in the testing of a ground software file”", "testing", "“failure to use metric units in the coding of a ground software file”", "coding"],
        anchors: [anchor("board", "failure to use metric units in the coding of a ground software file", "differs")],
        checks: [check("quote", "differs", "“testing”", "“coding”")],
        correction: { label: "Use exact words", text: S.cause.replace("testing", "coding") },
      },
      passed(S.wheels, "10 to 14 times more often than the navigation team had expected", "board", "number", "10 to 14"),
    ],
  },
  {
    block: 5,
    sentences: [
      {
        text: S.planned, verdict: "conflict", headline: "Two sources disagree", short: "Sources: 226 or 150 km",
        say: ["planned at 226 km", "226 km", "planned at about 150 km", "150 km", ["Draft and board say", "Press says"]],
        anchors: [anchor("board", "planned at 226 km", "supports"), anchor("press", "planned at about 150 km", "conflicts")],
        checks: [check("number", "conflict", "226 km", "150 km")],
      },
      passed(S.again, "the closest approach came to 57 km", "board", "number", "57 km"),
      passed(S.lowest, "80 km as the lowest altitude at which the spacecraft could have survived", "board", "number", "80 km"),
    ],
  },
  {
    block: 7,
    sentences: [
      passed(S.fourth, "A fourth course correction was carried out on 15 September 1999", "board", "date", "15 September 1999"),
      {
        text: S.audit, verdict: "unsupported", headline: "Source not found", short: "Source not in this project",
        say: ["The Deep Space Navigation Audit of January 2000 found", "Deep Space Navigation Audit", "No source of this name is in the project.", null],
        checks: [check("citation", "not_found", null, null, "2 sources searched by name and text")],
        correction: { label: "Remove sentence", text: "" },
      },
    ],
  },
]);

const para = (...texts: string[]) => ({ type: "paragraph" as const, text: texts.join(" "), plain: texts.join(" ") });
const head = (text: string) => ({ type: "heading" as const, level: 2, text, plain: text });

export const checkDocument: ArtifactDocument = {
  version: 1,
  title: "Why Mars Climate Orbiter was lost (practice draft)",
  refs: {},
  blocks: [
    { ...para(S.launch, S.purpose, S.signal), text: [S.launch, S.purpose, S.signal].join(" ").replace("Mars Climate Orbiter", "**Mars Climate Orbiter**") },
    head("What went wrong"), para(S.teams, S.factor), para(S.cause, S.wheels),
    head("The altitude"), para(S.planned, S.again, S.lowest),
    head("The warnings"), para(S.fourth, S.audit),
  ],
};

const summary = (claims: Claim[]) => {
  const needs_you = claims.filter((c) => c.needs_you).length;
  return { claims: claims.length, needs_you, passed: claims.length - needs_you };
};

const artifact = (id: string, session_id: string, slot: string, artifact_type: Artifact["artifact_type"], document: ArtifactDocument, claims: Claim[]): Artifact => ({
  id, session_id, slot, artifact_type, type: artifact_type, title: document.title, version: 1, iteration: 1, digest: `d-${id}-1`, high_impact: null,
  versions: [{ version: 1, author: "agent", author_name: null, iteration: 1, created_at: at(-30), signed: false, signed_by: null }],
  document, body: "", claims, summary: summary(claims), created_at: at(-30),
});

const reportClaims: Claim[] = [
  ...claimsOf("report", [
    {
      block: 0,
      sentences: [
        {
          text: "Wind generation rose in 2023, to 425,235 thousand megawatthours.", verdict: "unsupported",
          headline: "Direction differs", short: "Direction: rose or fell",
          say: ["Wind generation rose in 2023", "rose", "434,297 in 2022, 425,235 in 2023: fell", "fell"],
          anchors: [anchor("energy", "year: 2023; energy_source: Wind; net_generation_thousand_mwh: 425235", "differs")],
          checks: [check("direction", "differs", "rose", "fell"), check("number", "same", "425,235", "425,235")],
          correction: { label: "Use fell", text: "Wind generation fell in 2023, to 425,235 thousand megawatthours." },
        },
        { text: "Solar generation grew to 164,502 thousand megawatthours.", anchors: [anchor("energy", "year: 2023; energy_source: Solar; net_generation_thousand_mwh: 164502", "supports")], checks: [check("number", "same", "164,502", "164,502")] },
        { text: "More sunny days may have helped.", verdict: "uncited", headline: "No citation", short: "No citation", checks: [check("citation", "none")] },
      ],
    },
  ]),
  ...[0, 1, 2].map((r): Claim => {
    const [, name, value] = ENERGY_ROWS[6 + r] ?? [0, "", 0];
    const wrong = r === 2;
    return {
      id: `c_cell${r}`, n: 4 + r, text: wrong ? "239,955" : value.toLocaleString("en-US"), kind: "cell", path: [1, r, 1], char_start: 0,
      char_end: 7, verdict: wrong ? "unsupported" : "supported", opinion: false, needs_you: wrong, headline: wrong ? "Computed again, it differs" : "",
      short: wrong ? `${name}: 239,955 or 239,855` : "", say: wrong ? { draft: said("239,955", "239,955"), source: said("239,855", "239,855"), labels: ["Table says", "Computed again"] } : null,
      checks: [check("computed", wrong ? "differs" : "same", wrong ? "239,955" : String(value), String(value))], anchors: [],
      correction: wrong ? { label: "Use 239,855", text: "239,855" } : null,
    };
  }),
  {
    id: "c_series0", n: 7, text: "Series of the chart: net generation by source", kind: "series", path: [2], char_start: 0, char_end: 0, verdict: "supported", opinion: false,
    needs_you: false, headline: "", short: "", say: null, checks: [check("computed", "same", "3 points", "3 points")], anchors: [], correction: null,
  },
];

const reportDocument: ArtifactDocument = {
  version: 1, title: "US renewable electricity in 2023", refs: {},
  blocks: [
    { type: "paragraph", text: reportClaims.slice(0, 3).map((c) => c.text).join(" "), plain: reportClaims.slice(0, 3).map((c) => c.text).join(" ") },
    {
      type: "table", caption: "Net generation by source, 2023", columns: [{ name: "Source" }, { name: "Net generation", unit: "thousand MWh" }],
      rows: [["Wind", "425,235"], ["Solar", "164,502"], ["Hydro", "239,955"]], plain_rows: [["Wind", "425,235"], ["Solar", "164,502"], ["Hydro", "239,955"]], computed: {},
    },
    {
      type: "chart", title: "Net generation by source and year",
      spec: {
        $schema: "https://vega.github.io/schema/vega-lite/v6.json",
        data: { values: ENERGY_ROWS.map(([year, sourceName, value]) => ({ year: String(year), source: sourceName, value })) },
        mark: "bar",
        encoding: { x: { field: "year", type: "nominal", title: null, axis: { labelAngle: 0 } }, xOffset: { field: "source" }, y: { field: "value", type: "quantitative", title: "thousand MWh" }, color: { field: "source", type: "nominal", title: null } },
      },
    },
    { type: "opinion", text: "In our view the year shows how much wind varies.", plain: "In our view the year shows how much wind varies." },
  ],
};

export const artifacts: Artifact[] = [
  artifact("a-check", "s-check", "draft", "generic_output", checkDocument, checkClaims),
  artifact("a-report", "s-report", "report", "report", reportDocument, reportClaims),
];

const session = (id: string, project_id: string, title: string, agent_type: string, extra: Partial<WorkSession> = {}): WorkSession => ({
  id, project_id, project_name: projects.find((p) => p.id === project_id)?.name ?? "", project_archived: false, title, agent_type, agent_title: null, task_description: title, config: {},
  approval_strategy: "final_only", runtime: "extractive", runtime_label: "quote finder, no AI used", status: "pending_review", phase: "review",
  iteration: 1, leg: 1, progress: null, priority: 0, budget: { usd: 2 },
  usage: { tokens: 0, tokens_in: 0, tokens_out: 0, cost_usd: 0, seconds: 4, turns: 0, turns_lost: 0, unpriced: false, models: [] }, repairs: [], artifacts_count: 1, checkpoint_id: null, held: null, failure: null,
  task_document_id: null, external_ref: null, metadata: {}, deliveries: [], approved_by: null, created_by: "Local reviewer",
  created_at: at(-40), updated_at: at(-30), settled_at: null, forked_from: null, ...extra,
}) as WorkSession;

export const sessions: WorkSession[] = [
  session("s-check", "p-check", "Why Mars Climate Orbiter was lost (practice draft)", "check", { checkpoint_id: "k-check" }),
  session("s-report", "p-report", "US renewable electricity in 2023", "reporting", { checkpoint_id: "k-report" }),
  session("s-last", "p-report", "US renewable electricity in 2022", "reporting", { status: "completed", approved_by: "Local reviewer", settled_at: at(-2000), deliveries: [{ id: "d1", kind: "record", target: null, status: "delivered", attempts: 1, being_made: false, due_at: null, detail: "Saved in this project" }] }),
  session("s-plan", "p-report", "What drives wind generation", "research", { checkpoint_id: "k-plan", approval_strategy: "checkpoint_required", artifacts_count: 0 }),
  session("s-run", "p-check", "Losses traced to units and interfaces", "research", {
    status: "in_progress", phase: "work", progress: { done: 3, total: 5, label: "findings" }, artifacts_count: 1, task_document_id: "e1",
    task_description: "Which well-documented losses came from a mismatch of units or interfaces, and which check would have shown it beforehand?",
    usage: { tokens: 66076, tokens_in: 61204, tokens_out: 4872, cost_usd: 0.38, seconds: 312, turns: 9, turns_lost: 0, unpriced: false, models: [] }, runtime: "claude", runtime_label: "Claude",
  }),
];

const findingText = "The interface specification asked for newton seconds.";
artifacts.push(
  artifact("a-find", "s-run", "finding-1", "research_finding",
    { version: 1, title: "A ground file gave impulse in the wrong unit", refs: {}, blocks: [para(findingText)] },
    claimsOf("find", [{ block: 0, sentences: [passed(findingText, "The interface specification asked for newton seconds.", "board", "name", "newton seconds")] }])),
);

function packet(id: string, session_id: string, artifactIds: string[], extra: Partial<Packet> = {}): Packet {
  const list = artifacts.filter((a) => artifactIds.includes(a.id));
  return {
    version: 2, session_id, checkpoint_id: id, kind: "final", iteration: 1, reasons: ["final"], task: sessions.find((s) => s.id === session_id)?.task_description ?? "",
    strategy: "final_only", plan: null, envelope: null, triggers: [], obligations: [], question: null,
    effects: [{ kind: "record", label: "Saves the report in this project" }], form: null,
    artifacts: list.map((a) => ({ artifact_id: a.id, slot: a.slot, type: a.artifact_type, title: a.title, version: a.version, digest: `d-${a.id}-${a.version}`, claims: a.claims, summary: a.summary })),
    summary: summary(list.flatMap((a) => a.claims)), ...extra,
  };
}

const VERDICTS = ["unsupported", "conflict", "partial", "uncited"];

/** What needs a person, in the server's order: claims by verdict, then triggers that stand alone, then obligations. */
export function attentionOf(p: Packet): Attention[] {
  const claims = rowsOf(p).filter((row) => row.claim.needs_you);
  claims.sort((a, b) => VERDICTS.indexOf(a.claim.verdict) - VERDICTS.indexOf(b.claim.verdict));
  const alone = p.triggers.filter((one) => one.kind === "suspicious_source" || one.kind === "low_confidence");
  return [
    ...claims.map(({ claim, artifactId, n }) => ({
      kind: claim.verdict, sentence: claim.headline, artifact_id: artifactId, claim_id: claim.id, obligation_id: null, n,
    })),
    ...alone.map((one) => ({ kind: one.kind, sentence: String(one.detail), artifact_id: null, claim_id: null, obligation_id: null, n: null })),
    ...p.obligations
      .filter((one) => one.state !== "met")
      .map((one) => ({ kind: "obligation", sentence: `It was asked for and is not there: “${one.comment}”`, artifact_id: null, claim_id: null, obligation_id: one.id, n: null })),
  ];
}

function checkpoint(p: Packet, extra: Partial<Checkpoint> = {}): Checkpoint {
  const s = sessions.find((x) => x.id === p.session_id);
  return {
    id: p.checkpoint_id, session_id: p.session_id, project_id: s?.project_id ?? "", project_name: s?.project_name ?? "", project_archived: s?.project_archived ?? false, session_title: s?.title ?? "",
    agent_type: s?.agent_type ?? "", agent_title: s?.agent_title ?? null, strategy: p.strategy, kind: p.kind, reasons: p.reasons, status: "pending_review", approve_pending: false, held: null, undo_until: null,
    packet_digest: `digest-${p.checkpoint_id}-1`, packet: p, form: p.form, iteration: p.iteration, max_iterations: 3, can_request_changes: true, assignee: null,
    due_at: null, expires_at: null, looking: null, lookers: [], signing: { quorum: 1, separate_duties: false, barred: [] }, votes: [], attention: attentionOf(p), extends_over: null, undeliverable: [], void_decision: null,
    snoozed_until: null, superseded_by: null, opened_at: at(-25), decision: null, consequence: `Sign version ${p.artifacts[0]?.version ?? 1} and save the report`,
    headline: "A date, a number and a quote differ", effects: p.effects, summary: p.summary, decided_at: null, ...extra,
  };
}

export const checkpoints: Checkpoint[] = [
  checkpoint(packet("k-check", "s-check", ["a-check"]), { due_at: at(30) }),
  checkpoint(packet("k-report", "s-report", ["a-report"], {
    iteration: 2, triggers: [{ id: "t1", kind: "conflict", detail: "two figures for hydro" }],
    obligations: [
      { id: "o1", comment: "must have table", state: "met", note: "It has 1 table; at least 1 table was asked for.", artifact_slot: "report", claim_text: null, passage: null, checks: [] },
      { id: "o2", comment: "Say that wind fell", state: "unmet", artifact_slot: "report", passage: null, checks: [], note: "The claim stands as it did.", claim_text: "Wind generation rose in 2023, to 425,235 thousand megawatthours." },
    ],
  }), { headline: "Direction differs; a cell computed again differs" }),
  checkpoint(packet("k-plan", "s-plan", [], {
    kind: "plan", reasons: ["plan"], effects: [],
    plan: { steps: [{ title: "Which years fell below the trend?", detail: "From the table of net generation" }, { title: "What do the sources say about wind speeds?" }, { title: "What is missing?" }] },
  }), { consequence: "Approve the plan and start", headline: "Plan to approve before it starts" }),
  checkpoint(packet("k-question", "s-plan", [], {
    kind: "mid", reasons: ["question"], effects: [], question: { text: "Which year should the comparison start from?" },
    form: {
      type: "object", required: ["year"],
      properties: { year: { type: "integer", title: "First year", minimum: 2014, maximum: 2022 }, include_hydro: { type: "boolean", title: "Include hydro", default: true } },
    },
  }), { consequence: "Answer and go on", headline: "Which year should the comparison start from?" }),
];
for (const c of checkpoints) c.form = c.packet.form;

export function inboxItem(c: Checkpoint): CheckpointItem {
  const { packet: p, attention: _attention, ...rest } = c;
  return {
    ...rest, summary: p.summary, risk: p.risk?.level ?? "low", effort_seconds: 30 + 20 * p.summary.needs_you, begin_by: c.opened_at,
    template_id: null, template_name: null, batch_exceptions: ["It did not start from a template."],
    flags: rowsOf(p).filter((r) => r.claim.needs_you).map((r) => ({ claim_id: r.claim.id, n: r.n, short: r.claim.short, verdict: r.claim.verdict })),
  };
}

export const reveal: RevealItem[] = [
  { claim_id: "c_mars0003", text: S.signal, kind: "date", truth: "The last signal came on 23 September 1999.", explanation: "The time of day is right and the day is not, and comparing the dates shows it.", only_a_reader: false, caught: true },
  { claim_id: "c_mars0004", text: S.teams, kind: "meaning", truth: "The spacecraft team supplied the data; the navigation team read them.", explanation: "The two teams have changed places, yet every name and every unit stands in the source.", only_a_reader: true, caught: false },
  { claim_id: "c_mars0005", text: S.factor, kind: "number", truth: "The factor was 4.45.", explanation: "The decimal point has moved one place.", only_a_reader: false, caught: true },
];

const step = (seq: number, minutes: number, type: string, data: Record<string, unknown> = {}): WorkEvent => ({ seq, type, at: at(minutes), data });
export const events: Record<string, WorkEvent[]> = {
  "s-run": [
    step(1, -6, "session_created"), step(2, -6, "queued"), step(3, -6, "leg_started", { leg: 1 }),
    step(4, -6, "envelope_pinned", { blocks: 41, sources: 2, tokens: 21480, left_out: 12 }),
    step(5, -5, "plan_written", { steps: 5 }),
    step(6, -5, "tool_called", { tool: "search_context", label: "“unit”, “conversion”: 18 passages", ok: true }),
    step(7, -5, "tool_called", { tool: "read_block", label: "Mishap board, phase I: our notes, paragraphs 4 to 9", ok: true }),
    step(8, -4, "artifact_saved", { artifact_id: "a-find", slot: "finding-1", title: "A ground file gave impulse in the wrong unit", version: 1, artifact_type: "research_finding", summary: { claims: 1, needs_you: 0, passed: 1 } }),
    step(9, -3, "trigger_noted", { kind: "conflict", detail: "altitude figures differ between two sources" }),
    step(10, -2, "progress", { done: 3, total: 5, label: "findings" }),
    step(11, -1, "tool_called", { tool: "read_block", label: "Statements and press, autumn 1999", ok: true }),
  ],
  "s-check": [step(1, -40, "session_created"), step(2, -39, "artifact_saved", { artifact_id: "a-check", slot: "draft", title: "Why Mars Climate Orbiter was lost", version: 1, summary: { claims: 12, needs_you: 5, passed: 7 } }), step(3, -39, "checkpoint_opened", { checkpoint_id: "k-check", kind: "final", reasons: ["final"] })],
  "s-last": [step(1, -2010, "session_created"), step(2, -2005, "decided", { decision: "approve", by: "Local reviewer" }), step(3, -2000, "completed")],
};

const runtimes = [
  { name: "extractive", label: "quote finder, no AI used", uses_model: false, available: true, why_not: null },
  { name: "claude", label: "Claude", uses_model: true, available: false, why_not: "It needs a key: set ANTHROPIC_API_KEY and start again." },
  { name: "pydantic_ai", label: "other providers", uses_model: true, available: true, why_not: null, providers: ["openai", "ollama"] },
];
export const definitionOf = (name: string) => `name: ${name}\ntitle: ${name.charAt(0).toUpperCase()}${name.slice(1)}\ngoal: Answer the task from the project's sources.\ninstructions: Cite every sentence.\ntools:\n  - emit_artifact\noutput_types:\n  - generic_output\n`;
export const agents: Agent[] = [
  {
    name: "research", title: "Research", goal: "Answer the task from the project's sources, one finding per point, each with the exact words it rests on.",
    output_types: ["research_finding"], runtimes, default_runtime: "extractive", origin: "program", digest: "0", definition: definitionOf("research"),
    config_schema: {
      type: "object",
      properties: {
        scope: { type: "string", title: "Scope", description: "What belongs to the question and what does not, in a sentence or two.", default: "", maxLength: 2000 },
        depth: { type: "string", title: "Depth", description: "Quick looks up the question itself, standard its parts too, thorough also what the first passages lead to.", enum: ["quick", "standard", "thorough"], default: "standard" },
        max_findings: { type: "integer", title: "Most findings", description: "The largest number of findings to hand in.", minimum: 1, maximum: 20, default: 7 },
        focus_areas: { type: "array", title: "Focus areas", description: "Aspects to look into in any case, one per line.", items: { type: "string", maxLength: 200 }, maxItems: 12, default: [] },
        include_sources: { type: "array", title: "Only these sources", items: { type: "string" }, default: [] },
      },
    },
  },
  {
    name: "content", title: "Content", goal: "Write variations for a channel, each claim sourced.", output_types: ["content_draft"], runtimes, default_runtime: "extractive", origin: "program", digest: "0", definition: definitionOf("content"),
    config_schema: { type: "object", properties: { platform: { type: "string", title: "Platform", enum: ["blog", "linkedin", "x", "email", "generic"], default: "blog" }, variations: { type: "integer", title: "Variations", minimum: 1, maximum: 5, default: 1 } } },
  },
  {
    name: "reporting", title: "Report", goal: "Write a report whose every number is computed.", output_types: ["report"], runtimes, default_runtime: "extractive", origin: "program", digest: "0", definition: definitionOf("reporting"),
    config_schema: { type: "object", properties: { sections: { type: "array", title: "Sections", description: "What the report holds.", items: { type: "string", enum: ["key_figures", "totals", "change", "chart"] }, default: ["key_figures", "totals"] } } },
  },
];
