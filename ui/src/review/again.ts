/** Corrections compared again before they are signed: what a check says of the reader's own words. */

import type { Claim } from "@/api/types";
import type { Recheck } from "@/api/reviewing";
import { freePlace, mustSettle, type ReviewState, type Row } from "./state";

const WEIGHT: Record<Claim["verdict"], number> = { conflict: 4, unsupported: 3, partial: 2, uncited: 1, supported: 0 };

/** The claims that a correction now makes, the one that weighs most first; null where the sentence was taken out. */
export function claimsNow(row: Pick<Row, "claim" | "artifactId">, text: string, recheck: Recheck): Claim[] | null {
  if (text === "") return null;
  const all = recheck.artifacts.find((one) => one.artifact_id === row.artifactId)?.claims ?? [];
  const [, ...inside] = row.claim.path;
  const mine = all.filter((claim) => {
    if (claim.kind !== row.claim.kind) return false;
    if (claim.kind === "cell" && claim.path.slice(1).join("/") !== inside.join("/")) return false;
    return claim.kind === "cell" || text.includes(claim.text) || claim.text.includes(text);
  });
  return mine.toSorted((a, b) => WEIGHT[b.verdict] - WEIGHT[a.verdict]);
}

/** How many corrections would be flagged when they are signed. */
export function flaggedNow(rows: Row[], state: ReviewState, recheck: Recheck | undefined): number {
  if (!recheck) return 0;
  return rows.filter((row) => {
    const settlement = state.settled[row.claim.id];
    const first = settlement?.kind === "corrected" ? claimsNow(row, settlement.text, recheck)?.[0] : undefined;
    return first !== undefined && mustSettle(first);
  }).length;
}

/** What distinguishes one set of corrections from another, over the same packet. */
export function correctionsKey(state: ReviewState): string {
  const own = Object.entries(state.settled).flatMap(([key, one]) => (one.kind === "corrected" ? [[key, one.text]] : []));
  return own.length === 0 ? "" : JSON.stringify(own.toSorted(([a = ""], [b = ""]) => a.localeCompare(b)));
}

/** The text of a place without a claim, as it was changed: its claims now, if it makes any. */
export function claimsOfFree(key: string, text: string, recheck: Recheck): Claim[] {
  const place = freePlace(key);
  const all = recheck.artifacts.find((one) => one.artifact_id === place?.artifactId)?.claims ?? [];
  return all.filter((claim) => text.includes(claim.text)).toSorted((a, b) => WEIGHT[b.verdict] - WEIGHT[a.verdict]);
}
