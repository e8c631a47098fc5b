/** The time that the overview looks at, as it stands in the address. */

export const RANGES = ["7d", "30d", "12w", "12m"] as const;
export type Range = (typeof RANGES)[number];

export interface OverviewSearch {
  range?: Range;
  project?: string;
  agent?: string;
  template?: string;
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

export function readOverview(search: Record<string, unknown>): OverviewSearch {
  return {
    range: RANGES.find((one) => one === search["range"]),
    project: text(search["project"]),
    agent: text(search["agent"]),
    template: text(search["template"]),
  };
}

/** Where the first stretch begins, so that none but the last is cut off: midnight here, a Monday, or the first of a month. */
export function spanOf(range: Range, now: Date = new Date()): { from: string; unit: "day" | "week" | "month" } {
  const at = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  if (range === "12m") return { from: new Date(at.getFullYear(), at.getMonth() - 11, 1).toISOString(), unit: "month" };
  if (range === "12w") {
    const monday = at.getDate() - ((at.getDay() + 6) % 7);
    return { from: new Date(at.getFullYear(), at.getMonth(), monday - 77).toISOString(), unit: "week" };
  }
  return { from: new Date(at.getFullYear(), at.getMonth(), at.getDate() - (range === "7d" ? 6 : 29)).toISOString(), unit: "day" };
}

export const zoneHere = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
