import { useLayoutEffect, useRef } from "react";
import type { SourceTable } from "@/api/types";
import { TableRows, type Here } from "@/components/TableRows";
import { t } from "@/i18n";
import { count } from "@/lib/format";
import { scrollCell } from "@/lib/scrollCell";

const ROWS_SHOWN = 500;

export function TableView({ table, id, here }: { table: SourceTable; id: string; here?: Here | undefined }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const row = box.current?.querySelector("tr.at");
    if (!box.current || !row) return;
    const [shown, view] = [row.getBoundingClientRect(), box.current.getBoundingClientRect()];
    box.current.scrollTop += (shown.top + shown.bottom) / 2 - (view.top + view.bottom) / 2;
    scrollCell(box.current);
  }, [here]);
  return (
    <section className="reader !mb-8" id={id}>
      <h2 className="h3 font-sans">
        {table.name} <span className="meta">{t("source.rows", { count: table.row_count })}</span>
      </h2>
      <div className="scrollx mt-2 max-h-[60vh] overflow-auto" tabIndex={0} role="group" aria-label={table.name} ref={box}>
        <TableRows table={table} from={0} to={ROWS_SHOWN} here={here} />
      </div>
      {table.rows.length > ROWS_SHOWN && <p className="meta mt-1 font-sans">{t("reader.rows", { shown: ROWS_SHOWN, all: count(table.rows.length) })}</p>}
    </section>
  );
}
