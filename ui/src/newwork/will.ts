import type { Agent, Policy, Strategy } from "@/api/types";
import { t } from "@/i18n";

export interface Step {
  title: string;
  words: string;
  stop?: boolean;
  end?: boolean;
}

/** What the project's policy makes of a request before it is filed, as far as that is settled then. */
export interface Ahead {
  /** Whether it may end without a person, if nothing is found. */
  mayEnd: boolean;
  outside: boolean;
  signatures: number;
  separate: boolean;
  expireHours: number | null;
}

const NOTHING_SET: Ahead = { mayEnd: true, outside: false, signatures: 1, separate: false, expireHours: null };

const CONSEQUENCE: Record<string, string> = { public: "public", external_recipient: "named_recipient" };

/** By the policy in force, what the setting says the result is meant for, and whether it leaves the project. */
export function aheadOf(policy: Policy | undefined, agent: Agent | null, config: Record<string, unknown>, folder: boolean): Ahead {
  if (!policy) return NOTHING_SET;
  const impact = agent?.impact_setting ? agent.impact_values?.[String(config[agent.impact_setting])] : undefined;
  const consequence = impact ? (CONSEQUENCE[impact] ?? "named_recipient") : folder ? "internal_record" : "internal_draft";
  const { settings } = policy;
  const signatures = settings.quorum[consequence] ?? 1;
  return {
    mayEnd: Boolean(policy.may_sign) && !impact && !folder && signatures === 1 && !settings.separate_duties,
    outside: Boolean(impact) || folder,
    signatures,
    separate: settings.separate_duties,
    expireHours: settings.expire_hours,
  };
}

/** What policy makes of "stop only where it matters", or null where it may do as it says. */
export function noteOf(ahead: Ahead): string | null {
  if (ahead.mayEnd) return null;
  return ahead.outside ? t("workArea.willPolicy.outside") : t("workArea.willPolicy.noPolicy");
}

export function hoursWords(hours: number): string {
  return hours >= 48 && hours % 24 === 0 ? t("workArea.willPolicy.days", { count: hours / 24 }) : t("workArea.willPolicy.hours", { count: hours });
}

function signs(ahead: Ahead): string {
  return [
    ahead.signatures > 1 ? t("workArea.willPolicy.two", { count: ahead.signatures }) : "",
    ahead.separate ? t("workArea.willPolicy.separate") : "",
    ahead.expireHours ? t("workArea.willPolicy.expires", { time: hoursWords(ahead.expireHours) }) : "",
  ]
    .filter(Boolean)
    .join(" ");
}

const joined = (...words: string[]): string => words.filter(Boolean).join(" ");

export function checkSteps(sources: number, ahead: Ahead = NOTHING_SET): Step[] {
  return [
    { title: t("will.now"), words: t("will.checkNow", { count: sources }) },
    { title: t("will.compared"), words: t("will.comparedWords") },
    { title: t("will.sign"), words: joined(t("will.checkSign"), signs(ahead)), stop: true },
    { title: t("will.saved"), words: t("will.savedWords"), end: true },
  ];
}

/** What will happen, by strategy, by whether a model does the work, and by policy. */
export function workSteps(sources: number, strategy: Strategy, model: boolean, ahead: Ahead = NOTHING_SET, folder = ""): Step[] {
  const steps: Step[] = [{ title: t("will.now"), words: t("will.pinned", { count: sources }) }];
  if (strategy === "checkpoint_required") steps.push({ title: t("will.plan"), words: t("will.planWords"), stop: true });
  steps.push({
    title: t("will.reads"),
    words: `${model ? t("will.readsModel") : t("will.readsQuotes")} ${strategy === "final_only" ? t("will.collected") : t("will.doubts")}`,
    stop: strategy !== "final_only" ? true : undefined,
  });
  steps.push({ title: t("will.compared"), words: joined(t("will.comparedWords"), model ? t("will.repair") : "") });
  const alone = strategy === "auto_approve_low_risk" && ahead.mayEnd;
  const note = strategy === "auto_approve_low_risk" ? noteOf(ahead) : null;
  steps.push({
    title: t("will.sign"),
    words: joined(alone ? t("will.signMaybe") : (note ?? t("will.signWords")), signs(ahead)),
    stop: true,
  });
  if (folder) steps.push({ title: t("workArea.willPolicy.folder", { folder }), words: t("workArea.willPolicy.folderWords") });
  steps.push({ title: t("will.saved"), words: t("will.savedWords"), end: true });
  return steps;
}
