import type { SourceTable } from "@/api/types";
import { TableRows } from "@/components/TableRows";
import { t } from "@/i18n";
import { count } from "@/lib/format";

const ROWS_SHOWN = 500;

export function TableView({ table, id }: { table: SourceTable; id: string }) {
  return (
    <section className="reader !mb-8" id={id}>
      <h2 className="h3 font-sans">
        {table.name} <span className="meta">{t("source.rows", { count: table.row_count })}</span>
      </h2>
      <div className="scrollx mt-2 max-h-[60vh] overflow-auto" tabIndex={0} role="group" aria-label={table.name}>
        <TableRows table={table} from={0} to={ROWS_SHOWN} />
      </div>
      {table.rows.length > ROWS_SHOWN && <p className="meta mt-1 font-sans">{t("reader.rows", { shown: ROWS_SHOWN, all: count(table.rows.length) })}</p>}
    </section>
  );
}
