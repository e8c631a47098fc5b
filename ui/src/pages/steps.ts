import type { Summary, WorkEvent, WorkSession } from "@/api/types";
import type { Shape } from "@/components/Mark";
import { t, tMaybe } from "@/i18n";
import { triggerWords } from "@/lib/trigger";

export interface Step {
  seq: number;
  at: string;
  shape: Shape;
  words: string;
  small: string;
  bad: boolean;
  /** The recorded call of a tool that can be looked at. */
  call?: string;
}

const s = (value: unknown): string => (typeof value === "string" ? value : typeof value === "number" ? String(value) : "");
const n = (value: unknown): number => (typeof value === "number" ? value : 0);
const size = (value: unknown): number => (Array.isArray(value) ? value.length : n(value));

/** How many claims the counts of a ledger hold that its sources do not bear. */
const doubts = (counts: unknown): number => {
  const of = (counts ?? {}) as Record<string, unknown>;
  return n(of["unsupported"]) + n(of["uncited"]) + n(of["conflict"]);
};

/** What the checks made of an artifact, in words; opinions were not checked and are not counted as passed. */
export function claimsWords({ claims = 0, needs_you = 0, passed = claims - needs_you }: Partial<Summary>): string {
  if (claims === 0) return "";
  if (needs_you > 0) return t("step.savedNeeds", { claims, needs: needs_you });
  return passed > 0 ? t("step.savedPassed", { count: passed }) : t("step.savedOpinions");
}

/** Whose decision came to nothing. */
function voidWords(d: WorkEvent["data"]): string {
  return tMaybe(`void.${s(d["void_decision"])}`, t("step.superseded"), { who: t("void.their", { name: s(d["by"]) || t("look.somebody") }) });
}

/**
 * One event as a step a person can read, or null where it says nothing new to a reader. `told` are the legs that said
 * themselves what cut them off.
 */
export function stepOf(event: WorkEvent, told: ReadonlySet<number> = new Set()): Step | null {
  const d = event.data;
  const step = (shape: Shape, words: string, small = "", bad = false): Step => ({ seq: event.seq, at: event.at, shape, words, small, bad });
  switch (event.type) {
    case "session_created":
      return step("dot", t("step.created"));
    case "leg_started":
      return n(d["leg"]) > 1 ? step("dot", t("step.goesOn")) : null;
    case "envelope_pinned":
      return step("supported", t("step.pinned"), t("step.pinnedWords", { count: n(d["sources"]), passages: t("source.passages", { count: n(d["blocks"]) }) }));
    case "plan_written":
      return step("supported", t("step.plan"), t("step.planWords", { count: size(d["steps"]) }));
    case "tool_called":
      return {
        ...step(d["ok"] === false ? "none" : "supported", tMaybe(`tool.${s(d["tool"])}`, s(d["tool"])), s(d["label"]), d["ok"] === false),
        ...(s(d["call"]) ? { call: s(d["call"]) } : {}),
      };
    case "said":
      return step("dot", t("step.said"), s(d["text"]).slice(0, 240));
    case "artifact_saved": {
      const small = claimsWords((d["summary"] ?? {}) as Partial<Summary>);
      return step("supported", n(d["version"]) > 1 ? t("step.savedAgain", { title: s(d["title"]), n: n(d["version"]) }) : t("step.saved", { title: s(d["title"]) }), small);
    }
    case "trigger_noted":
      return step("partial", tMaybe(`reason.${s(d["kind"])}`, s(d["kind"])), triggerWords(d["detail"]));
    case "trigger_withdrawn":
      return step("supported", t("step.doubtGone", { kind: tMaybe(`reason.${s(d["kind"])}`, s(d["kind"])) }), s(d["title"]));
    case "checkpoint_opened":
      return step("stop", d["kind"] === "plan" ? t("step.stopPlan") : d["kind"] === "final" ? t("step.stopFinal") : t("step.stopMid"));
    case "decided": {
      const by = s(d["name"]) || s(d["by"]) || t("decided.you");
      const decision = s(d["decision"]);
      if (decision === "reject") return step("none", t("step.rejected", { by }), s(d["reason"]));
      if (decision === "request_changes") return step("own", t("step.sentBack", { by }));
      return step("own", t("step.signed", { by }));
    }
    case "voted":
      return step("own", t("step.voted", { by: s(d["by"]) }), t("step.votedWords", { n: n(d["votes"]), all: n(d["needed"]) }));
    case "commented":
      return step("note", t("step.commented", { by: s(d["by"]) }), s(d["text"]).slice(0, 240));
    case "reminded":
      return step("dot", t("step.reminded"));
    case "expired":
      return step("none", t("step.expired"));
    case "withdrawn":
      return d["void_decision"] ? step("warn", voidWords(d), s(d["why"])) : step("none", t("step.withdrawn"));
    case "repair_started":
      return step("regressed", t("step.repair", { count: doubts(d["before"]) }));
    case "repair_ended":
      return step(doubts(d["after"]) ? "partial" : "supported", t("step.repaired", { count: doubts(d["after"]) }), s(d["why"]));
    case "repair_skipped":
      return step("partial", t("step.repairSkipped"), s(d["why"]));
    case "turn_lost":
      return step("warn", t("step.turnLost"), t("step.turnLostWords"));
    case "agent_awaited":
      return step("dot", t("step.awaited"));
    case "interrupted":
      return step("warn", t("step.interrupted"), s(d["why"]));
    case "resumed":
      if (typeof d["cut_off"] !== "number") return step("dot", t("step.resumed"));
      return step("regressed", t(told.has(d["cut_off"]) ? "step.tookUp" : "step.tookOver"), t("step.keptWords"));
    case "superseded":
      return d["void_decision"] ? step("warn", voidWords(d), s(d["why"])) : step("regressed", t("step.superseded"), s(d["why"]));
    case "reopened":
      return step("regressed", t("step.reopened"));
    case "source_deleted":
      return step("regressed", t("step.sourceDeleted", { by: s(d["by"]) }), s(d["reason"]));
    case "retried":
      return step("regressed", t("step.retried"));
    case "cancelled":
      return step("none", t("step.cancelled"));
    case "delivered":
      return step("supported", t("step.delivered"), tMaybe(`delivery.${s(d["kind"])}`, s(d["target"]) || s(d["kind"])));
    case "delivery_failed":
      return step(d["again"] ? "partial" : "warn", d["again"] ? t("step.deliveryLater", { count: n(d["attempts"]) || 1 }) : t("step.deliveryFailed"), s(d["detail"]), !d["again"]);
    case "delivery_resent":
      return step("own", t("step.deliveryResent", { by: s(d["by"]) }));
    case "delivery_dropped":
      return step("none", t("step.deliveryDropped", { by: s(d["by"]) }));
    case "completed":
      return step("supported", t("step.completed"));
    case "failed":
      return s(d["code"]) === "rejected" ? null : step("warn", t("step.failed"), s(d["message"]), true);
    default:
      return null; // queued, progress: shown elsewhere
  }
}

const RETOLD = new Set(["delivery_failed", "delivery_resent"]);

/**
 * Steps for the list. What a delivery failed of and how often it was sent again is one line each, the latest: who
 * mends a folder for an hour must still find the steps of the work.
 */
export function stepsOf(events: WorkEvent[]): Step[] {
  const told = new Set(events.filter((event) => event.type === "interrupted").map((event) => n(event.data["leg"])));
  const again = new Map<string, { last: number; times: number }>();
  const keyOf = (event: WorkEvent) => `${event.type} ${s(event.data["delivery_id"])}`;
  for (const event of events) {
    if (RETOLD.has(event.type)) again.set(keyOf(event), { last: event.seq, times: (again.get(keyOf(event))?.times ?? 0) + 1 });
  }
  return events.flatMap((event) => {
    const told_again = again.get(keyOf(event));
    if (told_again && told_again.last !== event.seq) return [];
    const step = stepOf(event, told);
    if (!step) return [];
    const often = event.type === "delivery_resent" && told_again && told_again.times > 1;
    return [often ? { ...step, small: t("workArea.steps.resentTimes", { count: told_again.times }) } : step];
  });
}

export function nextSteps(session: WorkSession): { shape: Shape; words: string }[] {
  if (session.status !== "in_progress" && session.status !== "queued") return [];
  return [
    { shape: "dot", words: t("step.nextCheck") },
    { shape: "stop", words: t("step.nextStop") },
  ];
}
