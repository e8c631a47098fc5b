import type { Verdict, WorkEvent } from "@/api/types";

/** A claim as the history of a running check tells of it. */
export interface Compared {
  n: number;
  text: string;
  verdict: Verdict;
  needs_you: boolean;
}

export interface Ledger {
  done: number;
  total: number;
  needs: number;
  /** In reading order; of a very long draft only the first ones. */
  claims: Compared[];
}

const VERDICTS = new Set(["supported", "partial", "unsupported", "uncited", "conflict"]);

function comparedOf(value: unknown): Compared[] {
  if (!Array.isArray(value)) return [];
  return (value as Record<string, unknown>[]).flatMap((one) =>
    typeof one["n"] === "number" && VERDICTS.has(String(one["verdict"]))
      ? [{ n: one["n"], text: String(one["text"] ?? ""), verdict: one["verdict"] as Verdict, needs_you: one["needs_you"] === true }]
      : [],
  );
}

/** How far a check is and what came out so far. One that began anew, for its sources changed, begins anew here too. */
export function ledgerOf(events: WorkEvent[]): Ledger {
  let ledger: Ledger = { done: 0, total: 0, needs: 0, claims: [] };
  for (const event of events) {
    if (event.type === "leg_started") ledger = { ...ledger, done: 0, needs: 0, claims: [] };
    if (event.type !== "progress" || event.data["label"] !== "claims compared") continue;
    const done = Number(event.data["done"] ?? 0);
    const again = done <= ledger.done;
    ledger = {
      done,
      total: Number(event.data["total"] ?? 0),
      needs: (again ? 0 : ledger.needs) + Number(event.data["needs_you"] ?? 0),
      claims: [...(again ? [] : ledger.claims), ...comparedOf(event.data["claims"])],
    };
  }
  return ledger;
}
