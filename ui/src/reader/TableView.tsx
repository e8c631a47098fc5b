import type { SourceTable } from "@/api/types";
import { t } from "@/i18n";
import { count } from "@/lib/format";

const ROWS_SHOWN = 500;

export function TableView({ table, id }: { table: SourceTable; id: string }) {
  const number = (c: number) => (table.types[c] === "number" ? "n" : undefined);
  return (
    <section className="reader !mb-8" id={id}>
      <h2 className="h3 font-sans">
        {table.name} <span className="meta">{t("source.rows", { count: table.row_count })}</span>
      </h2>
      <div className="scrollx mt-2 max-h-[60vh] overflow-auto" tabIndex={0} role="group" aria-label={table.name}>
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
            {table.rows.slice(0, ROWS_SHOWN).map((row, r) => (
              <tr key={r}>
                {row.map((cell, c) => (
                  <td key={c} className={number(c)}>
                    {cell === null || cell === undefined ? "–" : String(cell)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {table.rows.length > ROWS_SHOWN && <p className="meta mt-1 font-sans">{t("reader.rows", { shown: ROWS_SHOWN, all: count(table.rows.length) })}</p>}
    </section>
  );
}
