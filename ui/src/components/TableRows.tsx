import { Fragment } from "react";
import type { SourceTable } from "@/api/types";
import { keep } from "@/lib/format";

/** The row that is meant, its cells that are marked, and the one to look at. */
export interface Here {
  row: number;
  cells: number[];
  look: number | null;
}

/** Rows of a source's table under its header: `from` up to `to`; the row that is meant has its cells and their heads marked. */
export function TableRows({ table, from, to, here }: { table: SourceTable; from: number; to: number; here?: Here | undefined }) {
  const number = (column: number) => (table.types[column] === "number" ? "n" : undefined);
  // A row that is meant as a whole has no head of its own.
  const heads = here && here.cells.length < table.columns.length ? here.cells : [];
  return (
    <table className="grid-table">
      <thead>
        <tr>
          {table.columns.map((column, c) => (
            <th scope="col" key={c} className={[number(c), heads.includes(c) && "at"].filter(Boolean).join(" ") || undefined}>
              {column.split(/(?<=_)/u).map((part, n) => (
                <Fragment key={n}>
                  {n > 0 && <wbr />}
                  {part}
                </Fragment>
              ))}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {table.rows.slice(from, to).map((values, i) => {
          const at = here?.row === from + i;
          return (
            <tr key={from + i} className={at ? "at" : undefined}>
              {values.map((cell, c) => {
                const words = cell === null || cell === undefined ? "–" : keep(String(cell));
                return (
                  <td key={c} className={number(c)} data-look={at && here.look === c ? true : undefined}>
                    {at && here.cells.includes(c) ? <mark>{words}</mark> : words}
                  </td>
                );
              })}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
