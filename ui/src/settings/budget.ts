import type { Project } from "@/api/types";
import { t } from "@/i18n";
import { amount } from "@/lib/usage";

export const LIMITS = ["usd", "tokens", "seconds"] as const;
export type Limit = (typeof LIMITS)[number];
export const PARTS = ["default", "most"] as const;
export type Part = (typeof PARTS)[number];
export type Typed = Record<Part, Record<Limit, string>>;
type Budget = Project["budget"];

const each = <T,>(of: (part: Part, limit: Limit) => T): Record<Part, Record<Limit, T>> =>
  Object.fromEntries(PARTS.map((part) => [part, Object.fromEntries(LIMITS.map((limit) => [limit, of(part, limit)]))])) as Record<Part, Record<Limit, T>>;

export const typedOf = (budget: Budget): Typed => each((part, limit) => (budget[part][limit] == null ? "" : String(budget[part][limit])));

export const isWrong = (typed: string): boolean => typed.trim() !== "" && !(Number(typed) > 0 && Number.isFinite(Number(typed)));

/** What is sent: empty fields are no limits. */
export function budgetFrom(typed: Typed): Record<Part, Partial<Record<Limit, number>>> {
  const part = (fields: Record<Limit, string>) =>
    Object.fromEntries(LIMITS.filter((limit) => fields[limit].trim() !== "").map((limit) => [limit, Number(fields[limit])]));
  return { default: part(typed.default), most: part(typed.most) };
}

/** What was typed over one budget, over another one: a field that nobody touched is as it stands there. */
export function rebased(typed: Typed, before: Budget, after: Budget): Typed {
  const [old, now] = [typedOf(before), typedOf(after)];
  return each((part, limit) => (typed[part][limit] === old[part][limit] ? now[part][limit] : typed[part][limit]));
}

/** What somebody changed, a line for each limit. */
export function budgetChanges(before: Budget, after: Budget): string[] {
  const said = (budget: Budget, part: Part, limit: Limit): string => {
    const value = budget[part][limit];
    return value == null ? t(part === "default" ? "budgets.agents" : "budgets.none") : amount(limit, value);
  };
  return PARTS.flatMap((part) =>
    LIMITS.filter((limit) => (before[part][limit] ?? null) !== (after[part][limit] ?? null)).map((limit) =>
      t("budgets.change", {
        part: t(part === "default" ? "budgets.usual" : "budgets.most"), limit: t(`budgets.${limit}`), before: said(before, part, limit), after: said(after, part, limit),
      }),
    ),
  );
}
