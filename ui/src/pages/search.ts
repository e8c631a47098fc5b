/** How the search page asks the server, and what it says of the answer. Pure. */

import type { Found, Hit, IndexState, SearchAsk, SourceMore } from "@/api/substrate";
import { t } from "@/i18n";
import { count } from "@/lib/format";
import { kindOf } from "@/sources/kinds";
import { FEW, type SearchSearch } from "./asked";

export function filtersSet(search: SearchSearch): number {
  return [search.source, search.file, search.kind, search.state, search.from, search.to, search.mode].filter((value) => value !== undefined).length;
}

/** The last moment of a day, as the reader's clock has it. */
const endOf = (day: string): string => new Date(`${day}T23:59:59.999`).toISOString();

export function askOf(search: SearchSearch, q: string, sources: SourceMore[]): SearchAsk {
  const types = search.file ? new Set(sources.filter((source) => kindOf(source) === search.file && source.content_type).map((source) => source.content_type ?? "")) : null;
  return {
    q: q.trim(),
    k: search.k ?? FEW,
    ...(search.source ? { source_id: search.source } : {}),
    ...(types && types.size > 0 ? { type: [...types].sort() } : {}),
    ...(search.kind ? { kind: search.kind } : {}),
    ...(search.state ? { state: search.state } : {}),
    ...(search.from ? { captured_from: new Date(`${search.from}T00:00:00`).toISOString() } : {}),
    ...(search.to ? { captured_to: endOf(search.to) } : {}),
    ...(search.mode ? { mode: search.mode } : {}),
  };
}

/** "The best 20 passages in 3 sources". */
export function countWords(found: Found, k: number): string {
  const n = found.items.length;
  const sources = new Set(found.items.map((hit) => hit.source_id)).size;
  const passages = n >= k ? t("search.countBest", { count: n }) : t("search.count", { count: n });
  return n === 0 ? "" : `${passages} ${t("search.sources", { count: sources })}`;
}

/** Which way was searched, and why not by meaning where it was not. */
export function modeWords(index: IndexState | null | undefined, asked: string | undefined): string {
  if (!index) return "";
  const mode = index.mode === "vector" ? "vector" : index.mode === "text" ? "text" : "hybrid";
  if (asked === "text" || index.state === "complete") return t(`search.found.${mode}`);
  return t(`search.why.${index.state}`, { done: count(index.embedded), all: count(index.blocks) });
}

/** Where a hit was matched, where the server says so. */
export function matchedWords(hit: Hit): string {
  const by = hit.matched ?? [];
  if (by.includes("text") && by.includes("meaning")) return t("search.by.both");
  if (by.includes("meaning")) return t("search.by.meaning");
  return by.includes("text") ? t("search.by.text") : "";
}
