/** What an envelope's receipt says, put in order for reading. Pure. */

import type { Contradiction, GivenPassage, GivenReceipt } from "@/api/substrate";
import { t, tMaybe } from "@/i18n";
import { count } from "@/lib/format";

export interface Ranked {
  passage: GivenPassage;
  rank: number;
}

export interface Group {
  sourceId: string;
  title: string;
  version: number;
  passages: Ranked[];
}

/** Passages by source; sources in the order of their best passage, passages as they were sent. */
export function grouped(included: GivenPassage[]): Group[] {
  const order = included
    .map((passage, i) => ({ passage, i }))
    .sort((a, b) => (a.passage.rank ?? Infinity) - (b.passage.rank ?? Infinity) || b.passage.score - a.passage.score || a.i - b.i);
  const rank = new Map(order.map(({ passage }, i) => [passage, passage.rank ?? i + 1]));
  const groups = new Map<string, Group>();
  for (const { passage } of order) {
    const key = `${passage.source_id}/${passage.version}`;
    if (!groups.has(key)) groups.set(key, { sourceId: passage.source_id, title: passage.source_title, version: passage.version, passages: [] });
  }
  for (const passage of included) groups.get(`${passage.source_id}/${passage.version}`)?.passages.push({ passage, rank: rank.get(passage) ?? 0 });
  return [...groups.values()];
}

/** Whether anything was ranked at all: when everything fits, nothing is. */
export function isRanked(receipt: GivenReceipt): boolean {
  return receipt.included.some((passage) => passage.score > 0 || typeof passage.rank === "number");
}

export interface LeftGroup {
  why: string;
  count: number;
  sources: { title: string; count: number }[];
}

/** What was left out, by reason; the largest first. */
export function leftGroups(receipt: GivenReceipt): LeftGroup[] {
  const by = new Map<string, Map<string, number>>();
  for (const item of receipt.left_out) {
    const why = tMaybe(`leftOut.${item.why}`, item.why);
    const sources = by.get(why) ?? new Map<string, number>();
    sources.set(item.source_title, (sources.get(item.source_title) ?? 0) + 1);
    by.set(why, sources);
  }
  const groups = [...by].map(([why, sources]) => ({
    why,
    count: [...sources.values()].reduce((sum, n) => sum + n, 0),
    sources: [...sources].map(([title, n]) => ({ title, count: n })).sort((a, b) => b.count - a.count),
  }));
  return groups.sort((a, b) => b.count - a.count);
}

export interface Sides {
  kind: Contradiction["kind"];
  subject: string;
  a: { says: string; passage: GivenPassage | undefined };
  b: { says: string; passage: GivenPassage | undefined };
}

/** Both sides of each contradiction with the passages that they stand in. */
export function sidesOf(receipt: GivenReceipt): Sides[] {
  const at = (alias: string) => receipt.included.find((passage) => passage.alias === alias);
  return (receipt.contradictions ?? []).map((one) => ({
    kind: one.kind,
    subject: one.subject ?? "",
    a: { says: one.a_says ?? "", passage: at(one.a) },
    b: { says: one.b_says ?? "", passage: at(one.b) },
  }));
}

/** Where the words stand in the text, in code points; null where they do not. */
export function placeOf(text: string, words: string): { start: number; end: number } | null {
  const unit = words ? text.toLowerCase().indexOf(words.toLowerCase()) : -1;
  if (unit < 0 || text.toLowerCase().length !== text.length) return null;
  const start = [...text.slice(0, unit)].length;
  return { start, end: start + [...text.slice(unit, unit + words.length)].length };
}

export function hasHidden(receipt: GivenReceipt, passage: GivenPassage): boolean {
  return passage.hidden_text === true || marksOf(receipt, passage).includes("hidden_text");
}

export function hasInstruction(receipt: GivenReceipt, passage: GivenPassage): boolean {
  return passage.instruction_like || marksOf(receipt, passage).includes("instruction_like");
}

/** Marks of a passage; the first releases kept a list of aliases, later ones a list for each alias. */
function marksOf(receipt: GivenReceipt, passage: GivenPassage): string[] {
  const { marks } = receipt;
  if (Array.isArray(marks)) return marks.includes(passage.alias) ? ["instruction_like"] : [];
  if (typeof marks !== "object" || marks === null) return [];
  const own = (marks as Record<string, unknown>)[passage.alias];
  if (Array.isArray(own)) return own.filter((mark): mark is string => typeof mark === "string");
  if (typeof own === "object" && own !== null) return Object.entries(own).filter(([, value]) => value === true).map(([name]) => name);
  return [];
}

export function searchWords(receipt: GivenReceipt): string {
  if (!isRanked(receipt)) return receipt.included.length > 0 ? t("given.search.all") : "";
  const { mode, embedded, blocks } = receipt.search ?? {};
  const known = mode === "text" || mode === "vector" || mode === "hybrid" ? t(`given.search.${mode}`) : "";
  const part = mode !== "text" && typeof embedded === "number" && typeof blocks === "number" && embedded < blocks ? t("given.searchPart", { done: count(embedded), all: count(blocks) }) : "";
  return [known, part].filter(Boolean).join(" ");
}

/** The first line in which two texts differ, or null. */
export function firstDifference(before: string, after: string): { line: number; was: string; is: string } | null {
  if (before === after) return null;
  const a = before.split("\n");
  const b = after.split("\n");
  let i = 0;
  while (i < Math.min(a.length, b.length) && a[i] === b[i]) i += 1;
  return { line: i + 1, was: a[i] ?? "", is: b[i] ?? "" };
}

/** "What counted: 2 of source kind report". Only what differs from 1 says anything. */
export function weightWords(weights: Record<string, unknown> | undefined): string[] {
  return Object.entries(weights ?? {})
    .filter((entry): entry is [string, number] => typeof entry[1] === "number" && entry[1] !== 1)
    .map(([name, value]) => `${name.replaceAll("_", " ")} × ${value}`);
}
