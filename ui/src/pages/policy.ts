/** A project's review policy as a form: what is typed, what of it differs, and how a change reads. */

import type { PolicySettings } from "@/api/types";
import { t } from "@/i18n";

export const CONSEQUENCES = ["internal_draft", "internal_record", "named_recipient", "public"] as const;
export type Consequence = (typeof CONSEQUENCES)[number];
export const TIMES = ["due", "remind", "expire"] as const;
export type Time = (typeof TIMES)[number];
export type MaySign = "workspace" | "yes" | "no";

/** What stands in the fields. Numbers are as typed; an empty time is never. */
export interface Values {
  quorum: Record<Consequence, string>;
  separate: boolean;
  maySign: MaySign;
  due: string;
  remind: string;
  expire: string;
}

/** What holds where nothing was ever set. */
export const UNSET: PolicySettings = {
  quorum: { internal_draft: 1, internal_record: 1, named_recipient: 1, public: 1 },
  separate_duties: false,
  policy_may_sign: null,
  due_hours: null,
  remind_hours: null,
  expire_hours: null,
};

export function valuesOf(settings: PolicySettings): Values {
  const hours = (value: number | null) => (value === null ? "" : String(value));
  return {
    quorum: Object.fromEntries(CONSEQUENCES.map((name) => [name, String(settings.quorum[name] ?? 1)])) as Record<Consequence, string>,
    separate: settings.separate_duties,
    maySign: settings.policy_may_sign === null ? "workspace" : settings.policy_may_sign ? "yes" : "no",
    due: hours(settings.due_hours),
    remind: hours(settings.remind_hours),
    expire: hours(settings.expire_hours),
  };
}

/** By field, what is wrong with it as typed; the server knows the rest. */
export function problemsIn(values: Values): Record<string, string> {
  const wrong: Record<string, string> = {};
  for (const name of CONSEQUENCES) if (!/^[1-9]$/.test(values.quorum[name].trim())) wrong[`quorum.${name}`] = t("policyPage.badQuorum");
  for (const name of TIMES) {
    const typed = values[name].trim();
    if (typed !== "" && !(Number(typed) > 0)) wrong[`${name}_hours`] = t("policyPage.badHours");
  }
  return wrong;
}

export interface Changes {
  quorum?: Partial<Record<Consequence, number>>;
  separate_duties?: boolean;
  policy_may_sign?: boolean | null;
  due_hours?: number | null;
  remind_hours?: number | null;
  expire_hours?: number | null;
}

/** Only what differs from the version that was looked at: somebody else's change of another setting stays. */
export function changesIn(values: Values, before: Values): Changes {
  const changes: Changes = {};
  for (const name of CONSEQUENCES) {
    if (values.quorum[name].trim() !== before.quorum[name]) changes.quorum = { ...changes.quorum, [name]: Number(values.quorum[name]) };
  }
  if (values.separate !== before.separate) changes.separate_duties = values.separate;
  if (values.maySign !== before.maySign) changes.policy_may_sign = values.maySign === "workspace" ? null : values.maySign === "yes";
  for (const name of TIMES) {
    const typed = values[name].trim();
    if (typed !== before[name]) changes[`${name}_hours`] = typed === "" ? null : Number(typed);
  }
  return changes;
}

export function countOf(changes: Changes): number {
  const { quorum, ...rest } = changes;
  return Object.keys(quorum ?? {}).length + Object.keys(rest).length;
}

/** What the reader changed of `before`, over what holds now. */
export function rebased(values: Values, before: Values, now: Values): Values {
  const pick = <K extends keyof Omit<Values, "quorum">>(name: K): Values[K] => (values[name] === before[name] ? now[name] : values[name]);
  return {
    quorum: Object.fromEntries(
      CONSEQUENCES.map((name) => [name, values.quorum[name] === before.quorum[name] ? now.quorum[name] : values.quorum[name]]),
    ) as Record<Consequence, string>,
    separate: pick("separate"),
    maySign: pick("maySign"),
    due: pick("due"),
    remind: pick("remind"),
    expire: pick("expire"),
  };
}

/** Each setting that a version changed, in a line. */
export function differences(settings: PolicySettings, before: PolicySettings): string[] {
  const [now, then] = [valuesOf(settings), valuesOf(before)];
  const lines: string[] = [];
  const say = (what: string, from: string, to: string) => {
    if (from !== to) lines.push(t("policyPage.change", { what, from, to }));
  };
  const steps = new Set(CONSEQUENCES.map((name) => `${then.quorum[name]} ${now.quorum[name]}`));
  if (steps.size === 1) say(t("policyPage.quorum"), then.quorum.public, now.quorum.public);
  else
    for (const name of CONSEQUENCES) say(`${t("policyPage.quorum")}, ${t(`policyPage.consequence.${name}`).toLowerCase()}`, then.quorum[name], now.quorum[name]);
  const yes = (on: boolean) => t(on ? "policyPage.maySignOption.yes" : "policyPage.maySignOption.no");
  say(t("policyPage.duties"), yes(then.separate), yes(now.separate));
  say(t("policyPage.maySign"), t(`policyPage.maySignOption.${then.maySign}`), t(`policyPage.maySignOption.${now.maySign}`));
  const hours = (value: string) => (value === "" ? t("policyPage.never_") : `${value}\u00a0${t("policyPage.hours")}`);
  for (const name of TIMES) say(t(`policyPage.${name}`), hours(then[name]), hours(now[name]));
  return lines;
}
