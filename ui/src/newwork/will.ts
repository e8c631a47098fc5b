import type { Strategy } from "@/api/types";
import { t } from "@/i18n";

export interface Step {
  title: string;
  words: string;
  stop?: boolean;
  end?: boolean;
}

export function checkSteps(sources: number): Step[] {
  return [
    { title: t("will.now"), words: t("will.checkNow", { count: sources }) },
    { title: t("will.compared"), words: t("will.comparedWords") },
    { title: t("will.sign"), words: t("will.checkSign"), stop: true },
    { title: t("will.saved"), words: t("will.savedWords"), end: true },
  ];
}

/** What will happen, by strategy and by whether a model does the work. */
export function workSteps(sources: number, strategy: Strategy, model: boolean): Step[] {
  const steps: Step[] = [{ title: t("will.now"), words: t("will.pinned", { count: sources }) }];
  if (strategy === "checkpoint_required") steps.push({ title: t("will.plan"), words: t("will.planWords"), stop: true });
  steps.push({
    title: t("will.reads"),
    words: `${model ? t("will.readsModel") : t("will.readsQuotes")} ${strategy === "final_only" ? t("will.collected") : t("will.doubts")}`,
    stop: strategy !== "final_only" ? true : undefined,
  });
  steps.push({ title: t("will.compared"), words: `${t("will.comparedWords")}${model ? ` ${t("will.repair")}` : ""}` });
  steps.push({
    title: t("will.sign"),
    words: strategy === "auto_approve_low_risk" ? t("will.signMaybe") : t("will.signWords"),
    stop: true,
  });
  steps.push({ title: t("will.saved"), words: t("will.savedWords"), end: true });
  return steps;
}
