/** What the search page asks, as its address says it. Pure. */

import { KINDS, type FileKind } from "@/sources/kinds";

export interface SearchSearch {
  q?: string;
  source?: string;
  file?: FileKind;
  kind?: string;
  state?: string;
  from?: string;
  to?: string;
  mode?: "text" | "vector";
  k?: number;
}

export const FEW = 20;
export const MOST = 100;

const word = (value: unknown): string | undefined => (typeof value === "string" && value.trim() !== "" ? value : typeof value === "number" ? String(value) : undefined);
const date = (value: unknown): string | undefined => (typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined);

export function readSearch(search: Record<string, unknown>): SearchSearch {
  const file = word(search["file"]) as FileKind | undefined;
  const mode = search["mode"];
  const k = Number(search["k"]);
  const read: SearchSearch = {
    q: word(search["q"]),
    source: word(search["source"]),
    file: file && KINDS.includes(file) ? file : undefined,
    kind: word(search["kind"]),
    state: word(search["state"]),
    from: date(search["from"]),
    to: date(search["to"]),
    mode: mode === "text" || mode === "vector" ? mode : undefined,
    k: Number.isInteger(k) && k > FEW && k <= MOST ? k : undefined,
  };
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined)) as SearchSearch;
}
