import type { SourceTable } from "@/api/types";
import { keep } from "@/lib/format";

/** Rows of a source's table under its header: `from` up to `to`; the row that is meant has its cells marked. */
export function TableRows({ table, from, to, here }: { table: SourceTable; from: number; to: number; here?: { row: number; cells: number[] } }) {
  const number = (column: number) => (table.types[column] === "number" ? "n" : undefined);
  return (
    <table className="grid-table">
      <thead>
        <tr>
          {table.columns.map((column, c) => (
            <th scope="col" key={c} className={number(c)}>
              {column}
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
                  <td key={c} className={number(c)}>
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
