/** What a source is, in words; and which sources a list shows. Pure. */

import { kindOf, type FileKind } from "./kinds";
import type { IndexState, SourceMore, SourceNote } from "@/api/substrate";
import { t, tMaybe } from "@/i18n";
import { bytes, count } from "@/lib/format";

export function kindWord(kind: FileKind): string {
  return t(`files.${kind}`);
}

/** What the numbered parts of a file are called. */
export function partWord(kind: FileKind, n: number): string {
  return t(kind === "slides" ? "reader.slide" : kind === "sheet" ? "reader.sheet" : "reader.page", { n });
}

export const STATES = ["ready", "processing", "failed", "retracted"] as const;
export type SourceState = (typeof STATES)[number];

export function stateOf(source: SourceMore): SourceState {
  return source.retracted_at ? "retracted" : source.status;
}

/** Where it came from. An address is named by its host; the rest is in its title. */
export function cameFrom(source: SourceMore): string {
  if (source.origin === "url" && source.url) {
    try {
      return new URL(source.url).host;
    } catch {
      return source.url;
    }
  }
  return tMaybe(`origin.${source.origin}`, source.origin);
}

/** "12 pages, 80 passages, 2 tables". */
export function figures(source: SourceMore): string {
  const kind = kindOf(source);
  const pages = source.page_count ?? 0;
  const tables = source.tables.length;
  const rows = source.tables.reduce((sum, table) => sum + table.row_count, 0);
  const unit = kind === "slides" ? "source.slides" : kind === "sheet" ? "source.sheets" : "reader.pages";
  return [
    pages > 0 ? t(unit, { count: pages }) : "",
    source.block_count > 0 ? t("source.passages", { count: source.block_count }) : "",
    tables === 1 ? t("source.tableRows", { count: rows }) : tables > 1 ? t("source.tables", { count: tables }) : "",
  ]
    .filter(Boolean)
    .join(", ");
}

/** "Reading page 12 of 80". */
export function progressWords(source: SourceMore): string {
  const p = source.progress;
  if (!p) return t("source.processing");
  const unit = tMaybe(`unit.${p.unit ?? ""}`, p.unit ?? "");
  if (p.phase === "fetching") return t(source.origin === "url" ? "source.fetching" : "source.waits");
  const all = p.total ?? 0;
  if (all > 0) {
    const key = p.phase === "writing" ? "source.writingOf" : "source.readingOf";
    return t(key, { unit, n: count(Math.min(p.done, all)), all: count(all) });
  }
  return t(p.phase === "writing" ? "source.writing" : "source.reading");
}

export function progressShare(source: SourceMore): number | null {
  const p = source.progress;
  return p && p.total && p.total > 0 ? Math.min(1, p.done / p.total) : null;
}

export function noteWords(note: SourceNote): string {
  if (typeof note === "string") return note;
  return [note.message ?? note.text ?? (note.code ? tMaybe(`note.${note.code}`, note.code) : ""), note.hint].filter(Boolean).join(" ");
}

export interface SourceFilter {
  state: SourceState | "all";
  kind: FileKind | "all";
  find: string;
}

export function shownSources(sources: SourceMore[], { state, kind, find }: SourceFilter): SourceMore[] {
  const words = find.trim().toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const fits = (source: SourceMore) => {
    const text = `${source.title} ${source.filename ?? ""} ${source.url ?? ""}`.toLocaleLowerCase();
    return (
      (state === "all" || stateOf(source) === state) &&
      (kind === "all" || kindOf(source) === kind) &&
      words.every((word) => text.includes(word))
    );
  };
  return sources.filter(fits).sort((a, b) => b.created_at.localeCompare(a.created_at) || b.id.localeCompare(a.id));
}

export function counted<T extends string>(sources: SourceMore[], of: (source: SourceMore) => T): Map<T, number> {
  const found = new Map<T, number>();
  for (const source of sources) found.set(of(source), (found.get(of(source)) ?? 0) + 1);
  return found;
}

export function sizeOf(source: SourceMore): string {
  return source.byte_size > 0 ? bytes(source.byte_size) : "";
}

/** How the project's passages can be found, in one quiet line. */
export function indexWords(index: IndexState): string {
  const words = t("index.text");
  if (index.blocks === 0) return t("index.none");
  switch (index.state) {
    case "complete":
      return t("index.complete");
    case "building":
      return `${words} ${t("index.building", { done: count(index.embedded), all: count(index.blocks) })}`;
    case "off":
      return `${words} ${t("index.off")}`;
    case "other_model":
      return `${words} ${t("index.other", { done: count(index.embedded), all: count(index.blocks) })}`;
    case "unavailable":
      return `${words} ${t("index.unavailable")}`;
  }
}

/** Addresses out of lines of text: each once, in their order; what is none is named. */
export function addresses(text: string): { good: string[]; bad: string[] } {
  const good: string[] = [];
  const bad: string[] = [];
  for (const line of text.split(/\s+/)) {
    const one = line.trim();
    if (!one) continue;
    const list = URL.canParse(one) && /^https?:$/.test(new URL(one).protocol) ? good : bad;
    if (!list.includes(one)) list.push(one);
  }
  return { good, bad };
}
