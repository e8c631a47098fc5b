/** Who may sign a review, how many must, and what one's own signature does. */

import type { Checkpoint, CheckpointItem, Me } from "@/api/types";
import { t } from "@/i18n";
import { when } from "@/lib/format";

const DECIDERS = ["reviewer", "admin"];

export interface Standing {
  /** May ask for changes and reject. */
  mayDecide: boolean;
  /** Asked for the work or edited it, where that and signing are kept apart. */
  barred: boolean;
  voted: boolean;
  /** Signatures so far, and how many it needs. */
  votes: number;
  quorum: number;
  /** Whether one person may both edit and sign. */
  alone: boolean;
}

/** Where the reader stands; until it is known who reads, they may do all, and the server has the last word. */
export function standingOf({ signing, votes, decision }: Pick<CheckpointItem, "signing" | "votes"> & Partial<Pick<CheckpointItem, "decision">>, me: Me | undefined): Standing {
  return {
    mayDecide: me === undefined || DECIDERS.includes(me.role),
    barred: me !== undefined && signing.barred.includes(me.id),
    // What the sample signed, it signed in nobody's name.
    voted: me !== undefined && decision?.via !== "sample" && votes.some((vote) => vote.by === me.id),
    votes: votes.length,
    quorum: signing.quorum,
    alone: signing.quorum === 1 && !signing.separate_duties,
  };
}

type Held = Pick<CheckpointItem, "held" | "decision" | "votes">;

/** Whether a decision that is held is the reader's own, or one that they signed with others. */
export function isMine({ held, decision, votes }: Held, me: Me | undefined): boolean {
  if (held === null || me === undefined) return held !== null;
  return decision?.by === me.id || (held === "approve" && votes.some((vote) => vote.by === me.id));
}

/** Whether a decision that is held can be taken back by this reader: by whoever made it, or an admin. */
export function mayTakeBack(checkpoint: Held, me: Me | undefined): boolean {
  if (me?.role === "admin") return checkpoint.held !== null;
  return isMine(checkpoint, me) && (me === undefined || DECIDERS.includes(me.role));
}

export function ordinal(n: number): string {
  return `${n}${n === 1 ? "st" : n === 2 ? "nd" : n === 3 ? "rd" : "th"}`;
}

/** The words on the button: what this one signature does. `corrected`: the reader changed the text. */
export function signWords(consequence: string, { alone, votes, quorum }: Standing, corrected: boolean): string {
  if (corrected && !alone) return t("sign.shareEdits");
  if (quorum > 1) {
    const missing = quorum - votes - 1;
    if (missing > 0) return t("sign.more", { count: missing });
    const last = t("sign.last", { nth: ordinal(quorum), all: quorum });
    const [, rest] = /^Sign (?:version \d+|\d+ pieces)(.*)$/.exec(consequence) ?? [];
    return rest === undefined ? last : last + rest;
  }
  // What is corrected and signed by the same person becomes the next version.
  return corrected
    ? consequence.replace(/(version )(\d+)/i, (_all, word: string, n: string) => word + (Number(n) + 1))
    : consequence;
}

/** "1 of 2 signatures: Ana, today 14:05"; nothing where one signature is enough. */
export function signaturesWords({ signing, votes }: Pick<Checkpoint, "signing" | "votes">, me: string | null): string {
  if (signing.quorum <= 1) return "";
  const counted = t("sign.count", { n: votes.length, all: signing.quorum });
  const who = votes.map((vote) => `${vote.by === me ? t("decided.you") : vote.name}, ${when(vote.at)}`).join("; ");
  return who ? `${counted}: ${who}` : counted;
}
