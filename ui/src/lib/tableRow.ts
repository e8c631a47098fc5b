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
}

const wordsOf = (cell: unknown) => (cell === null || cell === undefined ? "" : String(cell).trim());

/** Where each cell stands in the text of its row, one after the other; null when they do not all stand there. */
function cellsIn(text: string, row: unknown[]): [number, number][] | null {
  let done = 0;
  const found: [number, number][] = [];
  for (const cell of row) {
    const words = wordsOf(cell);
    const at = words === "" ? done : text.indexOf(words, done);
    if (at < 0) return null;
    found.push([at, at + words.length]);
    done = at + words.length;
  }
  return found;
}

/** The row that reads like `text`, with the cells that hold any of `wanted`, which are code points in `text`. */
export function rowAt<T extends Table>(tables: T[], text: string, wanted: { start: number; end: number }[]): RowAt<T> | null {
  const unit = unitOffsets(text);
  for (const table of tables) {
    for (let row = 0; row < table.rows.length; row += 1) {
      const places = cellsIn(text, table.rows[row] ?? []);
      if (!places || places.every(([from, to]) => from === to)) continue;
      const cells = places.flatMap(([from, to], column) =>
        from < to && wanted.some(({ start, end }) => from < unit(end) && unit(start) < to) ? [column] : [],
      );
      return { table, row, cells };
    }
  }
  return null;
}
