/** What an envelope's receipt says, put in order for reading. Pure. */

import type { Contradiction, GivenPassage, GivenReceipt } from "@/api/substrate";
import { t, tMaybe } from "@/i18n";
import { count } from "@/lib/format";
import { kindOf } from "@/sources/kinds";
import { kindWord } from "@/sources/words";

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

/** What was left out, by reason; the largest first. The receipt lists some and counts all of them. */
export function leftGroups(receipt: Pick<GivenReceipt, "left_out" | "left_out_by_reason">): LeftGroup[] {
  const by = new Map<string, { why: string; count: number; sources: Map<string, number> }>();
  for (const item of receipt.left_out) {
    const key = item.reason ?? item.why;
    const group = by.get(key) ?? { why: tMaybe(`leftOut.${key}`, item.why), count: 0, sources: new Map<string, number>() };
    group.count += 1;
    group.sources.set(item.source_title, (group.sources.get(item.source_title) ?? 0) + 1);
    by.set(key, group);
  }
  for (const [key, count] of Object.entries(receipt.left_out_by_reason ?? {})) {
    const group = by.get(key) ?? { why: tMaybe(`leftOut.${key}`, key), count: 0, sources: new Map<string, number>() };
    by.set(key, { ...group, count: Math.max(count, group.count) });
  }
  const groups = [...by.values()].map(({ why, count, sources }) => ({
    why,
    count,
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

/** Marks of a passage in the order that they are said. The first release kept one of them. */
export function marksOf(passage: GivenPassage): string[] {
  return passage.marks ?? (passage.instruction_like ? ["instruction_like"] : []);
}

/** Why a passage came in, where it was not for the task itself. */
export function whyIn(receipt: GivenReceipt, passage: GivenPassage): string {
  if (passage.pulled) return t("given.pulled");
  const question = passage.question ? receipt.questions?.[passage.question] : undefined;
  return question ? t("given.for", { what: question.length > 90 ? `${question.slice(0, 90).trimEnd()} …` : question }) : "";
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

/** What the agent's definition weighs other than 1, as shares: "Heading 20 % less", "newer sources up to 5 % more". */
export function weightWords(weights: Record<string, unknown> | undefined): string[] {
  const words = Object.entries(weights ?? {}).flatMap(([group, value]) => {
    if (group === "recency") return typeof value === "number" && value !== 0 ? [t("given.recency", { n: share(value) })] : [];
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value)
      .filter((entry): entry is [string, number] => typeof entry[1] === "number" && entry[1] !== 1)
      .map(([name, n]) => t(n < 1 ? "given.less" : "given.more", { what: weighed(group, name), n: share(Math.abs(n - 1)) }));
  });
  return [...new Set(words)];
}

const share = (of: number): number => Math.round(of * 1000) / 10;

function weighed(group: string, name: string): string {
  if (group === "kind") return tMaybe(`blockKind.${name}`, name);
  if (group === "content_type") return kindWord(kindOf({ content_type: name, filename: null, origin: "file" }));
  return group === "origin" ? tMaybe(`given.origin.${name}`, name) : name;
}
