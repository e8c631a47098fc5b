import type { Claim, Verdict } from "@/api/types";
import type { Shape } from "@/components/Mark";
import { t } from "@/i18n";
import { asked, mustSettle, type ReviewState } from "./state";

/** How a claim shows: verdict colours only while it is open, signing ink once a person has settled it. */
export type Look = Verdict | "own" | undefined;

export function lookOf(claim: Claim, state: ReviewState): Look {
  if (state.settled[claim.id] || asked(state, claim.id)) return "own";
  return claim.needs_you || mustSettle(claim) ? claim.verdict : undefined;
}

export function shapeOf(claim: Claim, state: ReviewState): Shape {
  const look = lookOf(claim, state);
  if (look) return look;
  return claim.verdict === "uncited" ? "none" : "supported";
}

export function wordOf(claim: Claim, state: ReviewState): string {
  const settlement = state.settled[claim.id];
  if (settlement?.kind === "corrected") return settlement.text === "" ? t("said.removed") : t("said.corrected");
  if (settlement?.kind === "kept") return t("said.kept");
  if (asked(state, claim.id)) return t("said.asked");
  if (claim.needs_you || mustSettle(claim)) return t(`verdict.${claim.verdict}`);
  return claim.opinion ? t("verdict.opinion") : t("verdict.supported");
}
