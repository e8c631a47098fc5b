/**
 * What a person has done with a packet before they decide: a pure reducer. Nothing here reaches the server
 * until the decision is pressed, and the decision carries all of it together with the packet's digest.
 */

import type { Attention, Claim, DocBlock, KeptBefore, Link, Packet } from "@/api/types";

export type Settlement =
  /** `was`: the words before, where no claim says them. */
  | { kind: "corrected"; how: "use" | "edit" | "remove"; text: string; was?: string }
  | { kind: "kept"; reason: string; why: Why };

/** Why a flag is signed over: the text is taken as it is, or the check itself went wrong. */
export type Why = "accepted" | "check_was_wrong";

export interface Change {
  id: string;
  artifact_id: string | null;
  claim_id: string | null;
  comment: string;
  /** The key of what it is about, where that is no claim. */
  about?: string;
  /** The exact words that it is about. */
  passage?: string;
}

export type Mode =
  | { name: "read" }
  | { name: "keep" | "edit" | "ask"; claim: string | null }
  | { name: "reject" }
  | { name: "reject-text" };

export interface ReviewState {
  digest: string;
  /** A claim's id, or the key of a need that no claim carries. */
  selected: string | null;
  settled: Record<string, Settlement>;
  changes: Change[];
  /** The reader's own word on what was asked for before. */
  judged: Record<string, "met" | "unmet">;
  mode: Mode;
  /** By key, what was said of it when it was looked at: a claim's verdict, another need's sentence. */
  seen: Record<string, string>;
}

/** A claim with its artifact and its number over the whole packet. */
export interface Row {
  claim: Claim;
  artifactId: string;
  n: number;
}

export function rowsOf(packet: Packet): Row[] {
  const single = packet.artifacts.length <= 1;
  let n = 0;
  return packet.artifacts.flatMap((artifact) =>
    artifact.claims.map((claim) => {
      n += 1;
      return { claim, artifactId: artifact.artifact_id, n: single ? claim.n : n };
    }),
  );
}

export function mustSettle(claim: Claim): boolean {
  return claim.verdict === "unsupported" || claim.verdict === "conflict";
}

export function flagsOf(rows: Row[]): Row[] {
  return rows.filter((row) => row.claim.needs_you || mustSettle(row.claim));
}

/** One thing that needs the reader: a flagged claim, or something that no claim carries (`row` is null). */
export interface Need {
  /** The claim's id, or a key of its own. */
  key: string;
  /** A verdict, `high_impact`, `suspicious_source`, `obligation`, or another trigger's name. */
  kind: string;
  sentence: string;
  row: Row | null;
  artifactId: string | null;
  obligation: string | null;
}

/**
 * What needs the reader, in the order in which the server says to look. A flagged claim that it did not name comes
 * last, in reading order: nothing that is flagged is ever left out.
 */
export function needsOf(rows: Row[], attention: Attention[]): Need[] {
  const flagged = new Map(flagsOf(rows).map((row) => [row.claim.id, row]));
  const needs = new Map<string, Need>();
  for (const { kind, sentence, claim_id, obligation_id, artifact_id } of attention) {
    const row = (obligation_id === null && flagged.get(claim_id ?? "")) || null;
    if (claim_id !== null && obligation_id === null && row === null) continue;
    const key = row ? row.claim.id : `${kind} ${obligation_id ?? artifact_id ?? ""} ${obligation_id ? "" : sentence}`;
    if (!needs.has(key)) needs.set(key, { key, kind, sentence, row, artifactId: artifact_id, obligation: obligation_id });
  }
  for (const [key, row] of flagged) {
    if (needs.has(key)) continue;
    const { verdict, headline } = row.claim;
    needs.set(key, { key, kind: verdict, sentence: headline, row, artifactId: row.artifactId, obligation: null });
  }
  return [...needs.values()];
}

export function asked(state: ReviewState, key: string): Change | undefined {
  return state.changes.find((change) => (change.about ?? change.claim_id) === key);
}

/** Needs that are neither corrected, nor kept, nor asked to be changed, nor judged by the reader. */
export function openNeeds(needs: Need[], state: ReviewState): Need[] {
  return needs.filter(
    ({ key, obligation }) => !state.settled[key] && !asked(state, key) && !(obligation && state.judged[obligation]),
  );
}

export interface Tally {
  open: number;
  corrected: number;
  kept: number;
  asked: number;
  passed: number;
}

export function tally(rows: Row[], needs: Need[], state: ReviewState): Tally {
  const here = new Set([...rows.map((row) => row.claim.id), ...needs.map((need) => need.key)]);
  const settled = Object.entries(state.settled).filter(([key]) => here.has(key) || freePlace(key));
  return {
    open: openNeeds(needs, state).length,
    corrected: settled.filter(([, s]) => s.kind === "corrected").length,
    kept: settled.filter(([, s]) => s.kind === "kept").length,
    asked: state.changes.length,
    passed: rows.filter((row) => row.claim.verdict === "supported").length, // an opinion passed nothing
  };
}

/** Ready means: everything that needs the reader is settled and no change is waiting to be asked for. */
export function readyToSign(needs: Need[], state: ReviewState): boolean {
  return openNeeds(needs, state).length === 0 && state.changes.length === 0;
}

export type Action =
  | { type: "select"; claim: string | null }
  | { type: "settle"; claim: string; settlement: Settlement }
  | { type: "take-back"; claim: string }
  | { type: "ask"; change: Change }
  | { type: "unask"; id: string }
  | { type: "judge"; obligation: string; state: "met" | "unmet" }
  | { type: "mode"; mode: Mode }
  | { type: "open"; packet: Packet; digest: string; attention: Attention[] };

export function start(packet: Packet, digest: string, attention: Attention[]): ReviewState {
  const rows = rowsOf(packet);
  const kept = carriedOf(packet);
  return {
    digest,
    selected: (needsOf(rows, attention)[0]?.key ?? (rows.find((row) => !kept.has(row.claim.id)) ?? rows[0])?.claim.id) ?? null,
    settled: {},
    changes: [],
    judged: {},
    mode: { name: "read" },
    seen: saidOfAll(rows, needsOf(rows, attention)),
  };
}

function saidOfAll(rows: Row[], needs: Need[]): Record<string, string> {
  return {
    ...Object.fromEntries(needs.map((need) => [need.key, need.sentence])),
    ...Object.fromEntries(rows.map(({ claim }) => [claim.id, claim.verdict])),
  };
}

export function reduce(state: ReviewState, action: Action): ReviewState {
  switch (action.type) {
    case "select":
      return { ...state, selected: action.claim, mode: { name: "read" } };
    case "settle":
      return {
        ...state,
        settled: { ...state.settled, [action.claim]: action.settlement },
        // A claim is settled or sent back, never both.
        changes: state.changes.filter((change) => (change.about ?? change.claim_id) !== action.claim),
        mode: { name: "read" },
      };
    case "take-back": {
      const { [action.claim]: _gone, ...settled } = state.settled;
      return { ...state, settled, mode: { name: "read" } };
    }
    case "ask": {
      const { [action.change.about ?? action.change.claim_id ?? ""]: _gone, ...settled } = state.settled;
      return { ...state, settled, changes: [...state.changes, action.change], mode: { name: "read" } };
    }
    case "unask":
      return { ...state, changes: state.changes.filter((change) => change.id !== action.id) };
    case "judge": {
      const { [action.obligation]: before, ...rest } = state.judged;
      return { ...state, judged: before === action.state ? rest : { ...rest, [action.obligation]: action.state } };
    }
    case "mode":
      return { ...state, mode: action.mode };
    case "open":
      return carryOver(state, action.packet, action.digest, action.attention);
  }
}

/**
 * Goes to a newer packet. A claim's id comes from its words, so what was done about a sentence that is still
 * there, with the same verdict, is still meant; everything else has to be looked at again.
 */
function carryOver(state: ReviewState, packet: Packet, digest: string, attention: Attention[]): ReviewState {
  const needs = needsOf(rowsOf(packet), attention);
  const fresh = start(packet, digest, attention);
  const same = (key: string) => key in fresh.seen && fresh.seen[key] === state.seen[key];
  const settled = Object.fromEntries(Object.entries(state.settled).filter(([key]) => same(key)));
  const changes = state.changes.filter((change) => {
    const about = change.about ?? change.claim_id;
    return about === null || about in fresh.seen;
  });
  const wanted = new Set(packet.obligations.map((o) => o.id));
  const judged = Object.fromEntries(Object.entries(state.judged).filter(([id]) => wanted.has(id)));
  const next = { ...fresh, settled, changes, judged };
  const first = openNeeds(needs, next)[0]?.key;
  const kept = state.selected !== null && state.selected in fresh.seen ? state.selected : null;
  return { ...next, selected: first ?? kept ?? fresh.selected };
}

/** How many claims of the newer packet a reader of the older one has not seen as they now stand. */
export function changedClaims(before: Packet, after: Packet): number {
  const old = new Map(rowsOf(before).map((row) => [row.claim.id, row.claim.verdict]));
  const now = rowsOf(after);
  const ids = new Set(now.map((row) => row.claim.id));
  const differing = now.filter((row) => old.get(row.claim.id) !== row.claim.verdict).length;
  const gone = [...old.keys()].filter((id) => !ids.has(id)).length;
  return Math.max(differing, gone);
}

/** Claims of a packet that keep the approval of the round before. */
export function carriedOf(packet: Packet): Set<string> {
  return new Set(packet.artifacts.flatMap((artifact) => artifact.carried ?? []));
}

/** Who kept this claim with a reason when it was last sent back. */
export function keptBefore(packet: Packet, claimId: string): KeptBefore | undefined {
  return packet.artifacts.flatMap((artifact) => artifact.kept_before ?? []).find((kept) => kept.claim_id === claimId);
}

/** The block's plain text in which a claim's offsets count, or null for a series. */
export function plainOf(block: DocBlock | undefined, path: number[]): string | null {
  if (!block) return null;
  switch (block.type) {
    case "list":
      return block.plain_items?.[path[1] ?? 0] ?? block.items[path[1] ?? 0] ?? null;
    case "table": {
      const [, row = 0, column = 0] = path;
      const cell = block.plain_rows?.[row]?.[column] ?? block.rows[row]?.[column];
      return cell === undefined || cell === null ? null : String(cell);
    }
    case "chart":
      return null;
    default:
      return block.plain ?? block.text;
  }
}

/** The addresses that stand behind words of the text at a path. */
export function linksOf(block: DocBlock, path: number[]): Link[] {
  return block.links?.[path.slice(1).join("/")] ?? [];
}

/** The key under which a text that claims nothing is selected and changed. */
export function freeKey(artifactId: string, path: number[]): string {
  return `free ${artifactId} ${path.join("/")}`;
}

/** The place behind such a key; null for every other key. */
export function freePlace(key: string): { artifactId: string; path: number[] } | null {
  const [word, artifactId, path] = key.split(" ");
  return word === "free" && artifactId && path ? { artifactId, path: path.split("/").map(Number) } : null;
}
