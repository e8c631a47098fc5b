import type { WorkSession } from "@/api/types";
import type { Shape } from "@/components/Mark";
import { t } from "@/i18n";

export function strategyWord(strategy: WorkSession["approval_strategy"]): string {
  return t(`strategy.${strategy}.short`);
}

/** A work session's state as people say it; a rejected one is never called failed. */
export function statusOf(session: WorkSession): { shape: Shape; className: string; words: string } {
  const code = session.failure?.code;
  switch (session.status) {
    case "initialized":
      return { shape: "dot", className: "", words: t("status.initialized") };
    case "queued":
      return { shape: "run", className: "v-accent", words: t("status.queued") };
    case "in_progress":
      return { shape: "run", className: "v-accent", words: t("status.in_progress") };
    case "pending_review":
      return { shape: "stop", className: "v-accent", words: t("status.pending_review") };
    case "completed":
      return {
        shape: "own",
        className: "",
        words: session.approved_by ? t("status.signedBy", { by: session.approved_by }) : t("status.completed"),
      };
    case "cancelled":
      return { shape: "none", className: "", words: t("status.cancelled") };
    case "failed":
      if (code === "rejected") return { shape: "none", className: "", words: session.failure?.message || t("status.rejected") };
      if (code === "review_expired") return { shape: "none", className: "", words: t("status.expired") };
      return { shape: "warn", className: "text-error", words: t("status.failed", { why: session.failure?.message ?? "" }) };
  }
}
