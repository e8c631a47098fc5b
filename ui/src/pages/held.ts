/** Work whose decision was made and is held: by whom, and until when, for the person who made it and for everybody else. */

import type { WorkSession } from "@/api/types";
import type { Shape } from "@/components/Mark";
import { t } from "@/i18n";
import { statusOf } from "@/lib/status";

export interface Now {
  shape: Shape;
  className: string;
  words: string;
  /** "Held until 14:05:07"; empty where nothing is held. */
  until: string;
}

const LOOK = {
  approve: { shape: "own", words: "past.approve" },
  request_changes: { shape: "regressed", words: "gone.sentBack" },
  reject: { shape: "none", words: "decided.rejected" },
} as const satisfies Record<NonNullable<WorkSession["held"]>["decision"], { shape: Shape; words: string }>;

/**
 * As `statusOf`, but what is decided waits for nobody. A rejection reads as it does when it took effect, name and all, so
 * that nothing moves then.
 */
export function statusNow(session: WorkSession): Now {
  const { held } = session;
  if (!held) return { ...statusOf(session), until: "" };
  const { shape, words } = LOOK[held.decision];
  return {
    shape,
    className: "",
    words: t(words, { by: held.name ?? t("look.somebody"), reason: held.reason ?? "" }),
    until: t("session.heldUntil", { at: new Date(held.until).toLocaleTimeString("en-GB") }),
  };
}
