/** What goes to the server with a decision: the text as corrected, what is asked for, what was kept and judged. */

import { length, slice, unitOffsets } from "@/lib/codepoints";
import { replaceInline, type Replacement } from "@/lib/inline";
import type { ArtifactDocument, Claim, DocBlock, Packet } from "@/api/types";
import { freePlace, plainOf, rowsOf, type ReviewState, type Settlement, type Why } from "./state";

/**
 * The document with the person's corrections in it, ready to be sent, or null when nothing was corrected.
 * Only what the person changed differs from what they were shown.
 */
export function correctedDocument(
  document: ArtifactDocument,
  claims: Claim[],
  settled: Record<string, Settlement>,
  artifactId?: string,
): ArtifactDocument | null {
  const perPlace = new Map<string, { claim: Pick<Claim, "char_start" | "char_end">; text: string }[]>();
  for (const claim of claims) {
    const settlement = settled[claim.id];
    if (settlement?.kind !== "corrected" || claim.kind === "series") continue;
    const place = claim.path.join("/");
    perPlace.set(place, [...(perPlace.get(place) ?? []), { claim, text: settlement.text }]);
  }
  // A text without a claim is changed as a whole.
  for (const [key, settlement] of Object.entries(settled)) {
    const free = freePlace(key);
    if (!free || free.artifactId !== artifactId || settlement.kind !== "corrected") continue;
    const plain = plainOf(document.blocks[free.path[0] ?? -1], free.path);
    if (plain === null || plain !== settlement.was) continue;
    perPlace.set(free.path.join("/"), [{ claim: { char_start: 0, char_end: length(plain) }, text: settlement.text }]);
  }
  if (perPlace.size === 0) return null;

  const edits = (path: number[], raw: string, plain: string): string => {
    const here = perPlace.get(path.join("/"));
    if (!here) return raw;
    const at = unitOffsets(plain);
    const replacements: Replacement[] = here.map(({ claim, text }) => ({
      start: at(claim.char_start),
      end: at(claim.char_end),
      text,
    }));
    return replaceInline(raw, plain, replacements);
  };

  const blocks: DocBlock[] = [];
  document.blocks.forEach((block, index) => {
    switch (block.type) {
      case "chart":
        blocks.push(block);
        break;
      case "list": {
        const { plain_items, ...rest } = block;
        const items = block.items
          .map((item, i) => edits([index, i], item, plain_items?.[i] ?? item))
          .filter((item, i) => item.trim() !== "" || block.items[i]?.trim() === "");
        if (items.length) blocks.push({ ...rest, items });
        break;
      }
      case "table": {
        const { plain_rows: _plain, ...rest } = block;
        const rows = block.rows.map((row, r) =>
          row.map((cell, c) => {
            const here = perPlace.get([index, r, c].join("/"))?.[0];
            if (!here) return cell;
            return typeof cell === "number" && /^-?\d+(\.\d+)?$/.test(here.text) ? Number(here.text) : here.text;
          }),
        );
        blocks.push({ ...rest, rows });
        break;
      }
      default: {
        const { plain, ...rest } = block;
        const text = edits([index], block.text, plain ?? block.text);
        if (text.trim() !== "" || block.text.trim() === "") blocks.push({ ...rest, text } as DocBlock);
      }
    }
  });
  return { ...document, blocks };
}

export interface Judged {
  obligation_id: string;
  state: "met" | "unmet";
}

export function judgedOf(state: ReviewState): Judged[] {
  return Object.entries(state.judged).map(([obligation_id, word]) => ({ obligation_id, state: word }));
}

/** Flags that were kept with a reason, for the claims of the packet. */
export function acknowledgedOf(packet: Packet, state: ReviewState): { claim_id: string; reason: string; kind: Why }[] {
  const ids = new Set(rowsOf(packet).map((row) => row.claim.id));
  return Object.entries(state.settled).flatMap(([claim_id, s]) =>
    s.kind === "kept" && ids.has(claim_id) ? [{ claim_id, reason: s.reason, kind: s.why }] : [],
  );
}

/** For so long the server holds what a decision sets free, so that it can be taken back. */
export const UNDO_SECONDS = 6;

export interface ApproveBody {
  packet_digest: string;
  acknowledged: { claim_id: string; reason: string; kind: Why }[];
  edits: { artifact_id: string; body: ArtifactDocument }[];
  judged: Judged[];
  undo_seconds: number;
  feedback?: string;
  answers?: Record<string, unknown>;
}

/** The artifacts that were corrected, as they would be signed. */
export function editsOf(packet: Packet, state: ReviewState, documents: Record<string, ArtifactDocument>): ApproveBody["edits"] {
  return packet.artifacts.flatMap((artifact) => {
    const document = documents[artifact.artifact_id];
    const body = document ? correctedDocument(document, artifact.claims, state.settled, artifact.artifact_id) : null;
    return body ? [{ artifact_id: artifact.artifact_id, body }] : [];
  });
}

export function approveBody(
  packet: Packet,
  state: ReviewState,
  documents: Record<string, ArtifactDocument>,
  answers?: Record<string, unknown>,
): ApproveBody {
  return {
    packet_digest: state.digest,
    acknowledged: acknowledgedOf(packet, state),
    edits: editsOf(packet, state, documents),
    judged: judgedOf(state),
    undo_seconds: UNDO_SECONDS,
    ...(answers ? { answers } : {}),
  };
}

/** What goes back to the agent: the changes asked for, and each correction, since a round starts from the agent's text. */
export function changesToSend(
  packet: Packet,
  state: ReviewState,
  say: (settlement: Extract<Settlement, { kind: "corrected" }>) => string,
): { artifact_id?: string; claim_id?: string; passage?: string; comment: string }[] {
  const where = new Map(rowsOf(packet).map((row) => [row.claim.id, row.artifactId]));
  const sent = state.changes.map((change) => ({
    ...(change.artifact_id ? { artifact_id: change.artifact_id } : {}),
    ...(change.claim_id ? { claim_id: change.claim_id } : {}),
    ...(change.passage ? { passage: change.passage } : {}),
    comment: change.comment,
  }));
  for (const [claim_id, settlement] of Object.entries(state.settled)) {
    const artifact_id = where.get(claim_id);
    if (settlement.kind !== "corrected") continue;
    const free = freePlace(claim_id);
    if (artifact_id) sent.push({ artifact_id, claim_id, comment: say(settlement) });
    else if (free && settlement.was) sent.push({ artifact_id: free.artifactId, passage: settlement.was, comment: say(settlement) });
  }
  return sent;
}

/** The words of a claim that differ, as a range of its own text in code points; null when nothing is marked. */
export function markedRange(claim: Claim): { start: number; end: number } | null {
  const said = claim.say?.draft;
  const [from, to] = said?.mark ?? [];
  if (!said || from === undefined || to === undefined) return null;
  const words = slice(said.text, from, to);
  if (!words) return null;
  const excerpt = claim.text.indexOf(said.text);
  const unit = excerpt >= 0 ? excerpt + unitOffsets(said.text)(from) : claim.text.indexOf(words);
  if (unit < 0) return null;
  const start = [...claim.text.slice(0, unit)].length;
  return { start, end: start + [...words].length };
}
