/** What is plotted, how it is written, and what stands beside it. */

import type { Bucket, Figures } from "@/api/overview";
import { t } from "@/i18n";
import { count, duration } from "@/lib/format";

export type Name = "delivered" | "waiting" | "approval" | "edits" | "evidence" | "cost";
type Value = number | null;

export interface Measure {
  name: Name;
  form: "bars" | "line";
  /** One or two lines; the first is the figure. */
  of: ((f: Figures) => Value)[];
  write: (value: number) => string;
  /** The least that the axis reaches. */
  least: number;
  extra: (f: Figures) => string;
}

export const percent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)}\u00a0%`;

/** As money, small sums with as many digits as they need. */
export const money = (n: number): string => (n === 0 || n >= 0.1 ? `$${n.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}` : `$${Number(n.toPrecision(2))}`);

/** Waits run from seconds to weeks. */
export function wait(seconds: number): string {
  if (seconds < 86_400) return duration(seconds).replace(/(\u00a0h) 0\u00a0min$/, "$1");
  const days = seconds / 86_400;
  return `${days < 10 ? days.toFixed(1) : Math.round(days)}\u00a0days`;
}

const counts = (of: Record<string, number>): Record<string, string> => Object.fromEntries(Object.entries(of).map(([name, n]) => [name, count(n)]));

export const MEASURES: Measure[] = [
  {
    name: "delivered",
    form: "bars",
    of: [(f) => f.sessions.completed],
    write: count,
    least: 1,
    extra: (f) => t("overview.m.delivered.extra", counts(f.sessions)),
  },
  {
    name: "waiting",
    form: "line",
    of: [(f) => f.waiting.median_seconds ?? null, (f) => f.waiting.p90_seconds ?? null],
    write: wait,
    least: 60,
    extra: (f) => t("overview.m.waiting.extra", { count: f.waiting.decided, n: count(f.waiting.decided) }),
  },
  {
    name: "approval",
    form: "line",
    of: [(f) => f.approval_rate ?? null],
    write: percent,
    least: 1,
    extra: (f) => t("overview.m.approval.extra", counts({ approved: f.decisions.approved, sent: f.decisions.changes_requested, rejected: f.decisions.rejected })),
  },
  {
    name: "edits",
    form: "line",
    of: [(f) => f.edits.edit_rate ?? null],
    write: percent,
    least: 0.1,
    extra: (f) =>
      f.edits.mean_share === null
        ? ""
        : t("overview.m.edits.extra", { edited: count(f.edits.edited), compared: count(f.edits.compared), share: percent(f.edits.mean_share ?? 0) }),
  },
  {
    name: "evidence",
    form: "line",
    of: [(f) => f.evidence.needs_you_rate ?? null],
    write: percent,
    least: 0.1,
    extra: (f) =>
      t("overview.m.evidence.extra", { needs: count(f.evidence.needs_you), claims: count(f.evidence.claims), wrong: count(f.evidence.check_was_wrong), kept: count(f.evidence.kept) }),
  },
  {
    name: "cost",
    form: "bars",
    of: [(f) => f.cost.per_deliverable_usd ?? null],
    write: money,
    least: 0.01,
    extra: (f) =>
      [t("overview.m.cost.extra", { usd: money(f.cost.usd) }), f.cost.unpriced_sessions > 0 ? t("overview.m.cost.unpriced", { count: f.cost.unpriced_sessions }) : ""]
        .filter(Boolean)
        .join(" "),
  },
];

export const lineName = (name: Name, line: number): string => (line === 1 && name === "waiting" ? t("overview.m.waiting.two") : t(`overview.m.${name}.one`));

/** The beginning of a stretch: "3 Nov", "Nov 2026". The server writes it in the reader's zone, so its own date holds. */
export function stretch(bucket: Pick<Bucket, "start">, unit: string): string {
  const [year = 0, month = 1, day = 1] = bucket.start.slice(0, 10).split("-").map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  const form: Intl.DateTimeFormatOptions = unit === "month" ? { month: "short", year: "numeric" } : { day: "numeric", month: "short" };
  return date.toLocaleDateString("en-GB", { ...form, timeZone: "UTC" }).replace(/ /g, "\u00a0");
}

/** A round top for an axis: 1, 2, 2.5, 5 and their tens. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const ten = 10 ** Math.floor(Math.log10(value));
  return ten * ([1, 2, 2.5, 5, 10].find((step) => step * ten >= value - 1e-12) ?? 10);
}

const TOPS = [60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 172_800, 345_600, 604_800, 1_209_600, 2_592_000];

/** The top of an axis: round in its own unit. */
export function topOf(measure: Measure, values: number[]): number {
  const most = Math.max(measure.least, ...values);
  if (measure.name === "waiting") return TOPS.find((top) => top >= most) ?? roundUp(most / 86_400) * 86_400;
  if (measure.write === percent) return [0.1, 0.25, 0.5, 1].find((top) => top >= most) ?? 1;
  const top = roundUp(most);
  return measure.name === "delivered" ? Math.ceil(top) : top;
}
