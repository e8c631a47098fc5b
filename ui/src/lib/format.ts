/** Times, money and counts as people say them. */

import { t } from "@/i18n";

const day = 24 * 3600 * 1000;
// Making a format takes longer than writing with it.
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const NUMBER = new Intl.NumberFormat("en-US");

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

export function clock(iso: string): string {
  return TIME.format(new Date(iso));
}

/** "today 17:00", "tomorrow", "yesterday 09:12", "Fri", "3 Nov", "3 Nov 2024". */
export function when(iso: string | null | undefined, now: Date = new Date()): string {
  if (!iso) return "";
  const date = new Date(iso);
  const days = Math.round((startOfDay(date) - startOfDay(now)) / day);
  if (days === 0) return `today ${clock(iso)}`;
  if (days === 1) return "tomorrow";
  if (days === -1) return `yesterday ${clock(iso)}`;
  if (days > 1 && days < 7) return date.toLocaleDateString("en-GB", { weekday: "short" });
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year }).replace(" ", "\u00a0");
}

/** The name of a project; that it is archived stands beside it, since its work is still in the lists. */
export function projectWords(name: string, archived: boolean): string {
  return archived ? t("projectOf.archived", { name }) : name;
}

export function isOverdue(iso: string | null, now: Date = new Date()): boolean {
  return iso !== null && new Date(iso).getTime() < now.getTime();
}

/** When it is due: "today 17:00", or "overdue since yesterday 09:12". */
export function dueWords(iso: string, now: Date = new Date()): string {
  return isOverdue(iso, now) ? t("due.overdue", { when: when(iso, now) }) : when(iso, now);
}

export function exact(iso: string | null | undefined): string | undefined {
  return iso ? new Date(iso).toLocaleString("en-GB") : undefined;
}

export function count(n: number): string {
  return NUMBER.format(n);
}

export function usd(n: number): string {
  return `$${n.toFixed(2)}`;
}

/** 52 → "52 s", 312 → "5 min 12 s", 4000 → "1 h 7 min". */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s}\u00a0s`;
  if (s < 3600) return s % 60 ? `${Math.floor(s / 60)}\u00a0min ${s % 60}\u00a0s` : `${s / 60}\u00a0min`;
  return `${Math.floor(s / 3600)}\u00a0h ${Math.floor((s % 3600) / 60)}\u00a0min`;
}

export function bytes(n: number): string {
  if (n < 1000) return `${n} bytes`;
  if (n < 1_000_000) return `${Math.round(n / 1000)} kB`;
  return `${(n / 1_000_000).toFixed(1)} MB`;
}

const NO_BREAK =
  /(\d) (?=(?:January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec|km|m|cm|mm|kg|g|t|s|ms|h|min|Hz|W|kW|MW|GW|TWh|GWh|MWh|kWh|N|J|V|A|°C|K|%|pp|€|MB|GB|kB)(?![\p{L}\p{N}]))/gu;

/** Number and unit, day and month never break apart. Replaces one character by one: offsets stay. */
export function keep(text: string): string {
  return text.replace(NO_BREAK, "$1\u00a0");
}
