/**
 * Words of a document as places in it: a path (block, then item or row, then column) and code points of the plain text
 * there. The text on screen carries `data-place`; what is shown beside it, such as words that were taken away, carries
 * `data-aside` and does not count.
 */

import type { ArtifactDocument } from "@/api/types";
import { length, slice, unitOffsets } from "./codepoints";

export interface Words {
  artifactId: string;
  path: number[];
  start: number;
  end: number;
  quote: string;
}

export const LONGEST = 2000;
/** What is found again elsewhere has to say something, or to stand there alone: a short word stands in many places. */
const TELLING = 8;

/** The value of `data-place`. */
export function placeKey(artifactId: string, path: number[]): string {
  return `${artifactId} ${path.join("/")}`;
}

const SKIPPED = ".sr, [data-aside], svg";

/** The text nodes of a place that count, in order. */
function* texts(place: Element): Generator<Text> {
  const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.parentElement?.closest(SKIPPED)) yield node as Text;
  }
}

const spaces = (text: string) => text.replaceAll("\u00a0", " ");

/** Where a boundary of a selection stands in the text of a place, in UTF-16 units. */
function offsetIn(place: Element, node: Node, offset: number): number {
  const probe = document.createRange();
  probe.setStart(place, 0);
  probe.setEnd(node, offset);
  let at = 0;
  for (const text of texts(place)) {
    if (text === probe.endContainer) return at + probe.endOffset;
    if (!probe.intersectsNode(text)) break;
    at += text.data.length;
  }
  return at;
}

/**
 * The selected words, or null: nothing is selected, it is not in a document, or what is on screen is not what stands in
 * the document (a correction that was not signed yet). `plain` answers the plain text of a place. What reaches beyond
 * the place in which it begins ends with it.
 */
export function selectedWords(selection: Selection | null, plain: (artifactId: string, path: number[]) => string | null): Words | null {
  if (!selection || selection.isCollapsed || selection.rangeCount === 0) return null;
  const range = selection.getRangeAt(0);
  const start = range.startContainer;
  const place = (start instanceof Element ? start : start.parentElement)?.closest<HTMLElement>("[data-place]");
  if (!place) return null;
  const [artifactId = "", way = ""] = (place.dataset["place"] ?? "").split(" ");
  const path = way.split("/").map(Number);
  const text = plain(artifactId, path);
  const shown = [...texts(place)].map((node) => node.data).join("");
  if (text === null || spaces(shown) !== spaces(text)) return null;
  let from = offsetIn(place, start, range.startOffset);
  let to = place.contains(range.endContainer) ? offsetIn(place, range.endContainer, range.endOffset) : text.length;
  while (from < to && /\s/.test(text[from] ?? "")) from += 1;
  while (to > from && /\s/.test(text[to - 1] ?? "")) to -= 1;
  if (to <= from) return null;
  const quote = text.slice(from, to);
  const begin = length(text.slice(0, from));
  return { artifactId, path, start: begin, end: begin + length(quote), quote };
}

/** The range on screen of words at a place, or null where they are not on screen. */
export function rangeOf(root: Element, { artifactId, path, start, end, quote }: Words): Range | null {
  const place = root.querySelector(`[data-place="${CSS.escape(placeKey(artifactId, path))}"]`);
  if (!place) return null;
  const nodes = [...texts(place)];
  const shown = nodes.map((node) => node.data).join("");
  const at = unitOffsets(shown);
  const [from, to] = [at(start), at(end)];
  if (spaces(shown.slice(from, to)) !== spaces(quote)) return null;
  const range = document.createRange();
  let done = 0;
  let begun = false;
  for (const node of nodes) {
    const after = done + node.data.length;
    if (!begun && from < after) {
      range.setStart(node, from - done);
      begun = true;
    }
    if (begun && to <= after) {
      range.setEnd(node, to - done);
      return range;
    }
    done = after;
  }
  return null;
}

/** Every place of a document that has text, in reading order. */
export function placesIn(document: ArtifactDocument): { path: number[]; text: string }[] {
  return document.blocks.flatMap((block, index): { path: number[]; text: string }[] => {
    switch (block.type) {
      case "chart":
        return [];
      case "list":
        return block.items.map((item, i) => ({ path: [index, i], text: block.plain_items?.[i] ?? item }));
      case "table":
        return block.rows.flatMap((row, r) =>
          row.flatMap((cell, c) => (cell === null ? [] : [{ path: [index, r, c], text: String(block.plain_rows?.[r]?.[c] ?? cell) }])),
        );
      default:
        return [{ path: [index], text: block.plain ?? block.text }];
    }
  });
}

/** The same words in another version: where they stood, else nearest in the same place, else in the nearest one; null when gone. */
export function foundAgain(words: Words, document: ArtifactDocument): Words | null {
  const places = placesIn(document);
  const same = (a: number[], b: number[]) => a.length === b.length && a.every((part, i) => part === b[i]);
  const own = places.find(({ path }) => same(path, words.path));
  if (own && slice(own.text, words.start, words.end) === words.quote) return words;
  const alone = places.reduce((n, { text }) => n + text.split(words.quote).length - 1, 0) === 1;
  const telling = alone || words.quote.length >= TELLING || /\S\s+\S/.test(words.quote);
  const near = places
    .filter(({ path, text }) => text.includes(words.quote) && (telling || same(path, words.path)))
    .toSorted((a, b) => distance(a.path, words.path) - distance(b.path, words.path))[0];
  if (!near) return null;
  let best = -1;
  for (let at = near.text.indexOf(words.quote); at >= 0; at = near.text.indexOf(words.quote, at + 1)) {
    const begin = length(near.text.slice(0, at));
    if (best < 0 || Math.abs(begin - words.start) < Math.abs(best - words.start)) best = begin;
    else break;
  }
  return { ...words, path: near.path, start: best, end: best + length(words.quote) };
}

function distance(a: number[], b: number[]): number {
  return Math.abs((a[0] ?? 0) - (b[0] ?? 0)) * 10_000 + Math.abs((a[1] ?? 0) - (b[1] ?? 0)) * 100 + Math.abs((a[2] ?? 0) - (b[2] ?? 0));
}
