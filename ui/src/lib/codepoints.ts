/** The API counts Unicode code points; JavaScript strings count UTF-16 units. These convert. */

const SURROGATE = /[\uD800-\uDBFF][\uDC00-\uDFFF]/;

/** Returns a function from a code point offset to the UTF-16 offset in `text`, clamped to its ends. */
export function unitOffsets(text: string): (codePoint: number) => number {
  if (!SURROGATE.test(text)) return (at) => Math.min(Math.max(at, 0), text.length);
  const starts: number[] = [];
  for (let i = 0; i < text.length; i += (text.codePointAt(i) ?? 0) > 0xffff ? 2 : 1) starts.push(i);
  starts.push(text.length);
  return (at) => starts[Math.min(Math.max(at, 0), starts.length - 1)] ?? text.length;
}

/** `text[start:end]` as Python would cut it. */
export function slice(text: string, start: number, end?: number): string {
  const at = unitOffsets(text);
  return text.slice(at(start), end === undefined ? undefined : at(end));
}

/** The length of `text` in code points. */
export function length(text: string): number {
  if (!SURROGATE.test(text)) return text.length;
  let n = 0;
  for (const _ of text) n += 1;
  return n;
}

export interface Piece {
  text: string;
  /** Index of the range that covers this piece, or -1. */
  range: number;
}

/**
 * Cuts `text` at ranges of code points. Ranges may come in any order; where two overlap, the earlier
 * start keeps the shared part, so that every character is shown exactly once.
 */
export function cut(text: string, ranges: { start: number; end: number }[]): Piece[] {
  const at = unitOffsets(text);
  const order = ranges
    .map((range, index) => ({ index, start: at(range.start), end: at(range.end) }))
    .sort((a, b) => a.start - b.start || a.index - b.index);
  const pieces: Piece[] = [];
  let done = 0;
  for (const range of order) {
    const start = Math.max(range.start, done);
    if (range.end <= start) continue;
    if (start > done) pieces.push({ text: text.slice(done, start), range: -1 });
    pieces.push({ text: text.slice(start, range.end), range: range.index });
    done = range.end;
  }
  if (done < text.length) pieces.push({ text: text.slice(done), range: -1 });
  return pieces;
}
