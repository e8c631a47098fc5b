/**
 * Where each character of a block's plain text stands in its inline Markdown.
 *
 * The server says what the plain text is (citations, emphasis, link and code markers removed); here both
 * are walked side by side, so that no second Markdown parser has to agree with the server's.
 */

const CITATION = /\[\[[^\]|]*\|[\s\S]*?\]\]/y;
const LINK_TAIL = /\]\([^)\s]*(?:\s+"[^"]*")?\)/y;

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

/** UTF-16 positions in `raw` of every UTF-16 unit of `plain`, or null where the two cannot be lined up. */
export function align(raw: string, plain: string): number[] | null {
  const positions: number[] = [];
  let i = 0;
  while (i < raw.length && positions.length < plain.length) {
    const j = positions.length;
    const citation = raw.startsWith("[[", i) && !plain.startsWith("[[", j) ? matchAt(CITATION, raw, i) : null;
    const tail = raw.startsWith("](", i) && !plain.startsWith("](", j) ? matchAt(LINK_TAIL, raw, i) : null;
    if (citation) i += citation.length;
    else if (tail) i += tail.length;
    else {
      if (raw[i] === plain[j]) positions.push(i);
      i += 1;
    }
  }
  return positions.length === plain.length ? positions : null;
}

const CITATIONS = /\[\[[^\]|]*\|[\s\S]*?\]\]/g;
const END_MARK = /[.!?…]["”’»)]*$/u;

export interface Replacement {
  /** UTF-16 range in the plain text. */
  start: number;
  end: number;
  /** The new sentence; empty removes it. */
  text: string;
}

/** `raw` with ranges of its plain text replaced. A kept sentence keeps its citations, a removed one loses them. */
export function replaceInline(raw: string, plain: string, replacements: Replacement[]): string {
  const positions = align(raw, plain);
  // Without an alignment the plain text itself is edited: markers are lost, words are not.
  const base = positions ? raw : plain;
  const at = (index: number): number => (positions ? (positions[index] ?? raw.length) : index);
  let result = base;
  for (const { start, end, text } of [...replacements].sort((a, b) => b.start - a.start)) {
    if (end <= start) continue;
    const from = at(start);
    let to = at(end - 1) + 1;
    const before = base.slice(from, to);
    if (text === "") {
      const after = /^(?:\s*\[\[[^\]|]*\|[\s\S]*?\]\])+/.exec(result.slice(to));
      to += after ? after[0].length : 0;
      const head = result.slice(0, from);
      const rest = result.slice(to);
      result = head.trimEnd() === "" ? rest.trimStart() : head.trimEnd() + (rest === "" ? "" : rest.replace(/^\s*/, " "));
      continue;
    }
    const citations = (before.match(CITATIONS) ?? []).join("");
    const mark = END_MARK.exec(text);
    const sentence =
      citations && mark
        ? text.slice(0, mark.index) + citations + text.slice(mark.index)
        : text + citations;
    result = result.slice(0, from) + sentence + result.slice(to);
  }
  return result;
}
