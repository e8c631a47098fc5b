import type { Repair } from "@/api/types";
import { t } from "@/i18n";
import { count, duration } from "./format";

export type What = "usd" | "tokens" | "seconds";

/** What one model used; `tokens_in` is all that it read, the cache figures are parts of it. */
export interface ModelFigures {
  model: string;
  turns: number;
  tokens_in: number;
  tokens_out: number;
  cache_read: number;
  cache_written: number;
  cost_usd: number;
  unpriced?: boolean;
}

export interface Limit {
  what: What;
  used: number;
  of: number;
}

/** $0.38, $0.0042, 12,345 tokens, 5 min 12 s: small sums with as many digits as they need. */
export function amount(what: What, value: number): string {
  if (what === "usd") return value >= 0.1 || value <= 0 ? `$${value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}` : `$${Number(value.toPrecision(2))}`;
  return what === "seconds" ? duration(value) : t("usage.tokens", { n: count(Math.round(value)) });
}

/** Each limit of a budget with its approved extensions, and what of it is used. */
export function limitsOf(budget: Record<string, unknown>, used: { cost_usd: number; tokens: number; seconds: number }): Limit[] {
  const times = 1 + (Number(budget["extensions"]) || 0);
  const spent = { usd: used.cost_usd, tokens: used.tokens, seconds: used.seconds };
  return (["usd", "tokens", "seconds"] as const).flatMap((what) => {
    const of = Number(budget[what] ?? 0) * times;
    return of > 0 ? [{ what, used: spent[what], of }] : [];
  });
}

const NEAR = 0.9;

/** "$0.38 of $2.00", and whether that is nearly all of it. */
export function limitWords({ what, used, of }: Limit): string {
  const said = t("usage.of", { used: amount(what, used), of: amount(what, of) });
  const share = used / of;
  return share >= 1 ? `${said}, ${t("usage.usedUp")}` : share >= NEAR ? `${said}, ${t("usage.near")}` : said;
}

/** "1,234 in, 1,000 of it from the cache; 56 out". */
export function tokensWords(one: Pick<ModelFigures, "tokens_in" | "tokens_out" | "cache_read">): string {
  const read = t("usage.in", { n: count(one.tokens_in) });
  const cached = one.cache_read > 0 ? `, ${t("usage.cached", { n: count(one.cache_read) })}` : "";
  return `${read}${cached}; ${t("usage.out", { n: count(one.tokens_out) })}`;
}

export function costWords(one: { cost_usd: number; unpriced?: boolean }): string {
  return one.unpriced ? t("usage.unpriced") : amount("usd", one.cost_usd);
}

const number = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);

/** What a budget's trigger asks with; null where its detail is of another shape. */
export interface BudgetAsk {
  limit: Limit;
  expected: number;
  adds: { what: What; value: number }[];
  turns: number;
  models: ModelFigures[];
}

export function budgetAsk(detail: unknown): BudgetAsk | null {
  if (detail === null || typeof detail !== "object") return null;
  const d = detail as Record<string, unknown>;
  const what = d["limit"];
  if (what !== "usd" && what !== "tokens" && what !== "seconds") return null;
  if (number(d["of"]) <= 0) return null;
  const adds = (d["adds"] ?? {}) as Record<string, unknown>;
  return {
    limit: { what, used: number(d["used"]), of: number(d["of"]) },
    expected: number(d["expected"]),
    adds: (["usd", "tokens", "seconds"] as const).flatMap((one) => (number(adds[one]) > 0 ? [{ what: one, value: number(adds[one]) }] : [])),
    turns: number(d["turns"]),
    models: Object.entries((d["models"] ?? {}) as Record<string, Record<string, unknown>>).map(([model, one]) => ({
      model,
      turns: number(one["turns"]),
      tokens_in: number(one["tokens_in"]),
      tokens_out: number(one["tokens_out"]),
      cache_read: number(one["cache_read"]),
      cache_written: number(one["cache_written"]),
      cost_usd: number(one["cost_usd"]),
      unpriced: one["unpriced"] === true,
    })),
  };
}

/** One recorded turn of a model. */
export interface Turn extends ModelFigures {
  n: number;
  repair: boolean;
  seconds: number;
}

export function turnsOf(events: { type: string; data: Record<string, unknown> }[]): Turn[] {
  return events
    .filter((event) => event.type === "turn_used")
    .map(({ data: d }) => ({
      n: number(d["turn"]),
      repair: d["purpose"] === "repair",
      model: typeof d["model"] === "string" ? d["model"] : "",
      turns: 1,
      tokens_in: number(d["tokens_in"]),
      tokens_out: number(d["tokens_out"]),
      cache_read: number(d["cache_read"]),
      cache_written: number(d["cache_written"]),
      cost_usd: number(d["cost_usd"]),
      unpriced: d["price"] === "unknown",
      seconds: number(d["seconds"]),
    }));
}

const doubts = (counts: Repair["before"]): number => counts.unsupported + counts.uncited + counts.conflict;

/** What became of the claims that went back to the agent before anybody saw them. */
export function repairWords(repair: Repair): string {
  const sent = doubts(repair.before);
  const why = repair.why ? ` ${repair.why}` : "";
  if (repair.state === "started") return t("repair.started", { count: sent });
  if (repair.state === "skipped") return `${t("repair.skipped", { count: sent })}${why}`;
  const left = repair.after ? doubts(repair.after) : sent;
  // From counts alone nobody can tell a claim that was cited from one that is gone.
  if (left < sent && repair.after && repair.after.claims < repair.before.claims) return t("repair.fewer", { n: sent - left, count: sent });
  if (left < sent) return t("repair.done", { n: sent - left, count: sent });
  return `${left > sent ? t("repair.more", { count: sent, n: left }) : t("repair.none", { count: sent })}${why}`;
}
