/** A source's text as parts to show, what stands where in it, and where words are found. Pure. */

import type { SourceContent } from "@/api/types";
import { length, unitOffsets } from "@/lib/codepoints";

export interface Part {
  key: string;
  text: string;
  n: number | null;
  start: number;
  end: number;
  page: number | null;
  kind: string;
}

/** What only makes a text a heading, an item of a list, a quote or a line: nobody reads it. */
const SIGNS = /^[\s#>*+|:=_~`-]*$/;

/** The whole text as parts: the blocks, and whatever words stand between them, so that nothing is left out. */
export function partsOf(content: SourceContent): Part[] {
  const at = unitOffsets(content.text);
  const parts: Part[] = [];
  const total = length(content.text);
  const pageAt = pageFinder(content.pages);
  let done = 0;
  const between = (to: number) => {
    const text = content.text.slice(at(done), at(to));
    if (to > done && text.trim() !== "" && !SIGNS.test(text))
      parts.push({ key: `gap-${done}`, text: text.trim(), n: null, start: done, end: to, page: null, kind: "gap" });
  };
  for (const block of [...content.blocks].sort((a, b) => a.char_start - b.char_start)) {
    const start = Math.max(block.char_start, done);
    if (block.char_end <= start) continue;
    between(start);
    parts.push({
      key: block.block_id, text: content.text.slice(at(start), at(block.char_end)), n: block.ordinal + 1, start, end: block.char_end,
      page: block.page ?? pageAt(start), kind: block.kind,
    });
    done = block.char_end;
  }
  between(total);
  return parts;
}

function pageFinder(pages: SourceContent["pages"]): (at: number) => number | null {
  const sorted = [...pages].sort((a, b) => a.char_start - b.char_start);
  return (at) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle]?.char_start ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    const page = sorted[low - 1];
    return page && at < page.char_end ? page.page : null;
  };
}

/** Rows of a table that stand one after the other are one item: the table itself is shown as a table. */
export interface Item {
  from: number;
  to: number;
  rows: boolean;
}

const FOLDED = 4;
const isRow = (part: Part | undefined) => part?.kind === "table_row" || part?.kind === "table_header";

export function itemsOf(parts: Part[], hasTables: boolean): Item[] {
  const items: Item[] = [];
  for (let i = 0; i < parts.length; ) {
    let to = i + 1;
    if (hasTables && isRow(parts[i])) while (to < parts.length && isRow(parts[to]) && parts[to]?.page === parts[i]?.page) to += 1;
    if (to - i >= FOLDED) items.push({ from: i, to, rows: true });
    else for (let j = i; j < to; j += 1) items.push({ from: j, to: j + 1, rows: false });
    i = to;
  }
  return items;
}

/** Which part holds a place of the text, or the next one after it. */
export function partAt(parts: Part[], place: number): number {
  const found = parts.findIndex((part) => part.end > place);
  return found < 0 ? Math.max(0, parts.length - 1) : found;
}

export interface Match {
  part: number;
  /** Code points in the part's text. */
  start: number;
  end: number;
}

export const MOST_MATCHES = 500;

/** Where the words stand, upper or lower case, in reading order; white space of any kind counts as one space. */
export function matchesOf(parts: Part[], words: string): Match[] {
  const wanted = words.trim();
  if (wanted.length < 2) return [];
  const pattern = new RegExp(wanted.split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("\\s+"), "giu");
  const found: Match[] = [];
  for (let i = 0; i < parts.length && found.length < MOST_MATCHES; i += 1) {
    const text = parts[i]?.text ?? "";
    for (const match of text.matchAll(pattern)) {
      const start = length(text.slice(0, match.index));
      found.push({ part: i, start, end: start + length(match[0]) });
      if (found.length >= MOST_MATCHES) break;
    }
  }
  return found;
}

/** The range that an address names: of a passage by its id, or of characters. */
export function rangeOf(content: SourceContent, search: { block?: string; start?: number; end?: number }): { start: number; end: number } | null {
  const { start, end, block } = search;
  if (start !== undefined && end !== undefined && end > start) return { start, end };
  const named = block ? content.blocks.find((one) => one.block_id === block) : undefined;
  return named ? { start: named.char_start, end: named.char_end } : null;
}

/** The parts on screen: at most `most` around the one that is looked at. */
export function windowAround(at: number, all: number, most: number): { from: number; to: number } {
  if (all <= most) return { from: 0, to: all };
  const from = Math.max(0, Math.min(at - Math.floor(most / 3), all - most));
  return { from, to: from + most };
}
