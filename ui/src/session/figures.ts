import type { Cell, DocBlock } from "@/api/types";

/** The rows behind a Vega-Lite chart that carries its data with it; null where it does not. */
export function figuresOf(spec: Record<string, unknown>): { columns: string[]; rows: Cell[][] } | null {
  const values = (spec["data"] as { values?: unknown } | undefined)?.values;
  if (!Array.isArray(values)) return null;
  const rows = (values as unknown[]).filter((row): row is Record<string, unknown> => row !== null && typeof row === "object" && !Array.isArray(row));
  const columns = [...new Set(rows.slice(0, 50).flatMap((row) => Object.keys(row)))].slice(0, 30);
  if (columns.length === 0) return null;
  return { columns, rows: rows.map((row) => columns.map((name) => cellOf(row[name]))) };
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  return typeof value === "number" || typeof value === "string" ? value : JSON.stringify(value);
}

const NUMERIC = /^[-+−]?[\d,.\s]+%?$/;

/** Whether a column holds numbers, by its first rows. */
export function isNumeric(rows: Cell[][], column: number): boolean {
  const values = rows.slice(0, 500).map((row) => row[column]).filter((value) => value !== null && value !== undefined && value !== "");
  return values.length > 0 && values.every((v) => typeof v === "number" || (String(v).length < 40 && NUMERIC.test(String(v))));
}

/** The order of rows by one column: numbers by size, words by the alphabet, what is missing last either way. */
export function orderBy(rows: Cell[][], column: number, down: boolean): number[] {
  const numbers = isNumeric(rows, column);
  const key = (row: Cell[]): number | string | null => {
    const value = row[column];
    if (value === null || value === undefined || value === "") return null;
    return numbers ? Number(String(value).replace(/[,\s%]/g, "").replace("−", "-")) : String(value);
  };
  const keys = rows.map(key);
  return rows
    .map((_, i) => i)
    .sort((a, b) => {
      const [one, other] = [keys[a] ?? null, keys[b] ?? null];
      if (one === null || other === null) return one === other ? a - b : one === null ? 1 : -1;
      const by = typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other), "en");
      return (down ? -by : by) || a - b;
    });
}

/** The words of a document as they would be posted: no citations, no marks, blocks apart by an empty line. */
export function plainText(blocks: DocBlock[]): string {
  return blocks
    .flatMap((block) => {
      switch (block.type) {
        case "list":
          return [(block.plain_items ?? block.items).map((item, i) => `${block.ordered ? `${i + 1}.` : "•"} ${item}`).join("\n")];
        case "table":
        case "chart":
          return [];
        default:
          return [block.plain ?? block.text];
      }
    })
    .join("\n\n");
}
