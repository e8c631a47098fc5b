import type { SourceTable } from "@/api/types";
import { keep } from "@/lib/format";
import type { RowAt } from "@/lib/tableRow";

const NEIGHBOURS = 1;

/** A row of a source's table under its header, with what stands above and below it; the cells that are meant are marked. */
export function SheetTable({ found: { table, row, cells } }: { found: RowAt<SourceTable> }) {
  const from = Math.max(0, row - NEIGHBOURS);
  const number = (column: number) => (table.types[column] === "number" ? "n" : undefined);
  return (
    <div className="scrollx" tabIndex={0} role="group" aria-label={table.name}>
      <table className="sheettable">
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
          {table.rows.slice(from, row + NEIGHBOURS + 1).map((values, i) => {
            const here = from + i === row;
            return (
              <tr key={from + i} className={here ? "at" : undefined}>
                {values.map((cell, c) => {
                  const words = cell === null || cell === undefined ? "–" : keep(String(cell));
                  return (
                    <td key={c} className={number(c)}>
                      {here && cells.includes(c) ? <mark>{words}</mark> : words}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
