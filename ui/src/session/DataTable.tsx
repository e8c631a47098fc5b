import { useMemo, useState, type ReactNode } from "react";
import type { Cell } from "@/api/types";
import { t } from "@/i18n";
import { count } from "@/lib/format";
import { isNumeric, orderBy } from "./figures";

/** Rows in the page at once, however long the table is. */
const ROWS = 100;

/** A table of any size: a page of rows at a time, each column sortable, wide ones scroll inside. */
export function DataTable({
  label,
  columns,
  rows,
  cell,
}: {
  label: string;
  columns: string[];
  rows: Cell[][];
  cell: (row: number, column: number) => ReactNode;
}) {
  const [sort, setSort] = useState<{ column: number; down: boolean } | null>(null);
  const [from, setFrom] = useState(0);
  const order = useMemo(() => (sort ? orderBy(rows, sort.column, sort.down) : null), [rows, sort]);
  const numeric = useMemo(() => columns.map((_, c) => isNumeric(rows, c)), [rows, columns]);
  const to = Math.min(rows.length, from + ROWS);
  const shown = Array.from({ length: to - from }, (_, i) => order?.[from + i] ?? from + i);
  const next = (column: number) => {
    setFrom(0);
    setSort((now) => (now?.column !== column ? { column, down: false } : now.down ? null : { column, down: true }));
  };
  return (
    <>
      <div className="scrollx" tabIndex={0} role="group" aria-label={label}>
        <table>
          <thead>
            <tr>
              {columns.map((name, c) => (
                <th
                  scope="col"
                  key={c}
                  className={numeric[c] ? "n" : undefined}
                  aria-sort={sort?.column === c ? (sort.down ? "descending" : "ascending") : undefined}
                >
                  {rows.length > 1 ? (
                    <button type="button" className="sorts" title={t("workArea.viewer.sort", { column: name })} onClick={() => next(c)}>
                      {name}
                      <span aria-hidden="true">{sort?.column === c ? (sort.down ? " ↓" : " ↑") : ""}</span>
                    </button>
                  ) : (
                    name
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((r) => (
              <tr key={r}>
                {columns.map((_, c) => (
                  <td key={c} className={numeric[c] ? "n" : undefined}>
                    {cell(r, c)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > ROWS && (
        <div className="pager">
          <span className="meta" role="status">{t("workArea.viewer.rows", { from: count(from + 1), to: count(to), all: count(rows.length) })}</span>
          <button type="button" className="b small" disabled={from === 0} onClick={() => setFrom(Math.max(0, from - ROWS))}>
            ←<span className="sr">{t("workArea.viewer.rowsBefore")}</span>
          </button>
          <button type="button" className="b small" disabled={to === rows.length} onClick={() => setFrom(from + ROWS)}>
            →<span className="sr">{t("workArea.viewer.rowsAfter")}</span>
          </button>
        </div>
      )}
    </>
  );
}
