/** A passage that is a row of a table: which row it is, and which of its cells hold some of its characters. */

import { length, unitOffsets } from "./codepoints";

interface Table {
  columns: string[];
  types: string[];
  rows: unknown[][];
}

export interface RowAt<T> {
  table: T;
  /** Index in `table.rows`. */
  row: number;
  /** Columns whose words overlap the wanted characters. */
  cells: number[];
  /** The column to look at: of a figure that was compared, else of the first characters that are wanted. */
  look: number | null;
  /** Where the cell to look at stands in the text, in code points. */
  place: { start: number; end: number } | null;
}

const LETTER = /[\p{L}\p{N}]/u;

const wordsOf = (cell: unknown) => (cell === null || cell === undefined ? "" : String(cell).trim());

/**
 * Where each cell stands in the text of its row, one after the other; null when they do not all stand there. `only` asks
 * that nothing else stands there: "1" and "2" are in "12,24" too.
 */
function cellsIn(text: string, row: unknown[], only: boolean): [number, number][] | null {
  let done = 0;
  const found: [number, number][] = [];
  for (const cell of row) {
    const words = wordsOf(cell);
    const at = words === "" ? done : text.indexOf(words, done);
    if (at < 0 || (only && LETTER.test(text.slice(done, at)))) return null;
    found.push([at, at + words.length]);
    done = at + words.length;
  }
  return only && LETTER.test(text.slice(done)) ? null : found;
}

/** Digits alone, so that "434,297" is 434297; null of what is no number. */
function figureOf(words: string): string | null {
  const plain = words.replace(/[\s,'’]/gu, "");
  return /^[-−+]?\d+(\.\d+)?%?$/u.test(plain) ? plain.replace("−", "-").replace("%", "") : null;
}

/**
 * The row that reads like `text`, with the cells that hold any of `wanted`, which are code points in `text`, and those
 * with one of `figures`, the numbers that were compared.
 */
export function rowAt<T extends Table>(tables: T[], text: string, wanted: { start: number; end: number }[], figures: string[] = []): RowAt<T> | null {
  const meant = figures.map(figureOf).filter((figure) => figure !== null);
  const unit = unitOffsets(text);
  for (const only of [true, false]) {
    for (const table of tables) {
      for (let row = 0; row < table.rows.length; row += 1) {
        const places = cellsIn(text, table.rows[row] ?? [], only);
        if (!places || places.every(([from, to]) => from === to)) continue;
        const holds = (column: number, range: { start: number; end: number }) => {
          const [from, to] = places[column] ?? [0, 0];
          return from < to && from < unit(range.end) && unit(range.start) < to;
        };
        const columns = places.map((_, column) => column);
        const figure = (column: number) => {
          const words = figureOf(wordsOf(table.rows[row]?.[column]));
          return words !== null && meant.includes(words);
        };
        const [first] = wanted;
        const look = columns.find(figure) ?? (first && columns.find((column) => holds(column, first))) ?? null;
        const [from, to] = (look === null ? undefined : places[look]) ?? [0, 0];
        return {
          table,
          row,
          cells: columns.filter((column) => figure(column) || wanted.some((range) => holds(column, range))),
          look,
          place: look === null ? null : { start: length(text.slice(0, from)), end: length(text.slice(0, to)) },
        };
      }
    }
  }
  return null;
}
