import type { Source } from "@/api/types";
import { t } from "@/i18n";

export function sizeWords(source: Source): string {
  if (source.tables.length > 0) {
    const rows = source.tables.reduce((sum, table) => sum + table.row_count, 0);
    return t("source.rows", { count: rows });
  }
  return t("source.passages", { count: source.block_count });
}
