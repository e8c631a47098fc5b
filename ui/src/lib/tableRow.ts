/** A passage that is a row of a table: which row it is, and which of its cells hold some of its characters. */

import { unitOffsets } from "./codepoints";

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
  /** The column of the first characters that are wanted: the one to look at. */
  look: number | null;
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

/** The row that reads like `text`, with the cells that hold any of `wanted`, which are code points in `text`. */
export function rowAt<T extends Table>(tables: T[], text: string, wanted: { start: number; end: number }[]): RowAt<T> | null {
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
        const [first] = wanted;
        return {
          table,
          row,
          cells: columns.filter((column) => wanted.some((range) => holds(column, range))),
          look: (first && columns.find((column) => holds(column, first))) ?? null,
        };
      }
    }
  }
  return null;
}
