/** Contradictions among a project's sources, put in order for reading. Pure. */

import type { ContradictingSide, SourceContradiction, SourceMore } from "@/api/substrate";
import type { SideWords } from "@/given/Passages";
import { length, slice } from "@/lib/codepoints";

export interface Held {
  id: string;
  item: SourceContradiction;
  /** It was found before and is not any more: one of its sources was retracted, replaced or deleted. */
  gone: boolean;
}

const sideId = (side: ContradictingSide) => `${side.block_id}:${side.differs.join("-")}`;

/** Names a contradiction whichever of its sides comes first. */
export const idOf = (item: SourceContradiction): string => [sideId(item.a), sideId(item.b)].sort().join("/");

/** A renewed list in which nothing that is read moves: what is gone stays where it was, what is new stands at the end. */
export function held(before: Held[], now: SourceContradiction[]): Held[] {
  const fresh = new Map(now.map((item) => [idOf(item), item]));
  const kept = before.map(({ id, item }) => {
    const found = fresh.get(id);
    fresh.delete(id);
    return { id, item, gone: found === undefined };
  });
  return [...kept, ...[...fresh].map(([id, item]) => ({ id, item, gone: false }))];
}

/** Contradictions of one source: its own side of each, and the other one. Where both are its own the first counts so. */
export function pairsOf(items: SourceContradiction[], sourceId: string): { id: string; own: ContradictingSide; other: ContradictingSide }[] {
  return items.map((item) => {
    const [own, other] = item.a.source_id === sourceId ? [item.a, item.b] : [item.b, item.a];
    return { id: idOf(item), own, other };
  });
}

/** Characters that are shown before and after a sentence, at most. */
const AROUND = 160;

/** How many characters stand before the first space and with it; none where it is far: nothing is cut off then but a part of a word. */
function toSpace(text: string): number {
  const at = [...text].findIndex((character) => /\s/u.test(character));
  return at < 0 || at > AROUND / 2 ? 0 : at + 1;
}

/** The sentence of a side with what stands around it; it leads to the sentence in its source. */
export function sideOf(side: ContradictingSide): SideWords {
  const [start = 0, end = 0] = side.sentence;
  const [from = 0, to = 0] = side.differs;
  const all = length(side.text);
  const first = start <= AROUND ? 0 : start - AROUND + toSpace(slice(side.text, start - AROUND, start));
  const tail = end + AROUND < all ? [...slice(side.text, end, end + AROUND)].reverse().join("") : "";
  const last = tail ? end + AROUND - toSpace(tail) : all;
  const before = first > 0 ? "… " : "";
  const after = last < all ? " …" : "";
  const shift = before.length - first;
  return {
    says: side.says,
    at: { start: from + shift, end: to + shift },
    passage: {
      source_id: side.source_id,
      source_title: side.source_title,
      version: side.version,
      page: side.page,
      heading: side.heading,
      kind: side.kind,
      origin: side.origin,
      char_start: side.char_start + start,
      char_end: side.char_start + end,
      text: before + slice(side.text, first, last) + after,
    },
  };
}

/** What of the sources can change what they disagree on. While one is read it takes no part. */
export function stateOfAll(sources: SourceMore[]): string {
  let newest = "";
  let settled = 0;
  let retracted = 0;
  for (const source of sources) {
    if (source.status === "processing") continue;
    settled += 1;
    if (source.retracted_at) retracted += 1;
    if (source.updated_at > newest) newest = source.updated_at;
  }
  return settled === 0 ? "" : `${settled} ${retracted} ${newest}`;
}
