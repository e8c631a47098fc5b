/** What is remembered, in the order of the page; and which keys do what. Pure. */

import type { MemoryItem, Person } from "@/api/substrate";
import { t } from "@/i18n";
import { when } from "@/lib/format";
import { agentWord } from "@/review/Queue";

export interface Sections {
  proposed: MemoryItem[];
  blocks: MemoryItem[];
  instructions: MemoryItem[];
  lessons: MemoryItem[];
  past: MemoryItem[];
}

const atOf = (item: MemoryItem) => item.decided_at ?? item.created_at ?? "";

/** An item past its time is past, whether the server has noticed already or not. */
export function isPast(item: MemoryItem, now: Date = new Date()): boolean {
  if (item.state === "rejected" || item.state === "retired" || item.state === "expired") return true;
  return item.expires_at !== null && item.expires_at !== undefined && new Date(item.expires_at).getTime() <= now.getTime();
}

export function sectionsOf(items: MemoryItem[], now: Date = new Date()): Sections {
  const live = items.filter((item) => !isPast(item, now));
  const newest = (list: MemoryItem[]) => list.toSorted((a, b) => atOf(b).localeCompare(atOf(a)));
  const accepted = live.filter((item) => item.state === "accepted");
  return {
    proposed: live.filter((item) => item.state === "proposed").toSorted((a, b) => (a.created_at ?? "").localeCompare(b.created_at ?? "")),
    blocks: newest(accepted.filter((item) => item.kind === "block")),
    instructions: newest(accepted.filter((item) => item.kind === "instruction")),
    lessons: newest(accepted.filter((item) => item.kind === "lesson")),
    past: newest(items.filter((item) => isPast(item, now))),
  };
}

export function nameOf(person: Person | undefined): string {
  if (!person) return "";
  if (typeof person === "string") return /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(person) ? "" : person;
  return person.name ?? "";
}

/** "Research, in this project, until 3 Dec". */
export function scopeWords(item: MemoryItem): string {
  const agent = item.scope?.agent_type;
  return [
    agent ? agentWord(agent) : t("memory.anyAgent"),
    t(item.scope && item.scope.project_id === null ? "memory.scopeEverywhere" : "memory.scopeHere"),
    item.expires_at ? t("memory.until", { when: when(item.expires_at) }) : t("memory.forever"),
  ].join(", ");
}

/** "Rejected by Ana: too old". */
export function pastWords(item: MemoryItem): string {
  if (item.state === "expired" || (isPast(item) && (item.state === "accepted" || item.state === "proposed"))) return t("memory.expired", { when: when(item.expires_at ?? item.decided_at ?? null) });
  const state = t(`memory.state.${item.state}`);
  const name = nameOf(item.decided_by) || t("memory.somebody");
  return item.reason ? t("memory.stateWhy", { state, name, reason: item.reason }) : t("memory.stateBy", { state, name });
}

/** What a decision is about: what is selected, else the item that the keyboard stands on. */
export function chosen(proposed: MemoryItem[], selected: ReadonlySet<string>, at: number): MemoryItem[] {
  const picked = proposed.filter((item) => selected.has(item.id));
  if (picked.length > 0) return picked;
  const here = proposed[Math.min(at, proposed.length - 1)];
  return here ? [here] : [];
}

/** The end of a day as the reader's clock has it, or null. */
export function expiryOf(day: string): string | null {
  return day === "" ? null : new Date(`${day}T23:59:59`).toISOString();
}

/** The day of a moment as a date field wants it. */
export function dayOf(iso: string | null | undefined): string {
  if (!iso) return "";
  const date = new Date(iso);
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;
}
