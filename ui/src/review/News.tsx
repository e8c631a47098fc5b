import type { ReactNode } from "react";
import type { Checkpoint } from "@/api/types";
import { t } from "@/i18n";
import { Kbd } from "@/components/States";
import { Mark } from "@/components/Mark";
import type { Review } from "./useReview";

/**
 * What happened to the words that is not the reader's doing, for the line that is kept for it under the head; null where
 * nothing did. What was decided is said where decisions stand, at the foot.
 */
export function useNews(r: Review, changed: boolean, onChanged: () => void): ReactNode {
  const gone = r.decided ? null : voidWords(r.newest, r.me?.id);
  const goOn = (words: string) => (
    <button type="button" className="link" onClick={() => void r.showNewest()}>
      {words}
    </button>
  );
  // It weighs more than what changed, and is said whole: that is a key away, and there when the reader goes on.
  if (gone) return <><Words {...gone} shape whole={!r.stale} />{r.stale && goOn(t("void.again"))}</>;
  if (r.stale) {
    const [strong, rest] = [r.moved > 0 ? t("stale.changed", { count: r.moved }) : t("stale.replaced"), r.staleWhy ?? ""];
    return (
      <>
        <Words strong={strong} rest={rest} shape />
        <button type="button" className="link" aria-expanded={changed} onClick={onChanged}>
          {t("changedHere.see")} <Kbd>v</Kbd>
        </button>
        {goOn(t("changedHere.goOn"))}
      </>
    );
  }
  if (r.recalled?.dropped && !r.decided && Object.keys(r.state.settled).length === 0)
    return <Words strong={t("stale.dropped")} rest={t("stale.again")} shape />;
  return null;
}

/** Whose decision came to nothing, and why: nobody may take for decided what still waits. */
function voidWords({ void_decision: gone }: Checkpoint, me: string | undefined): { strong: string; rest: string } | null {
  if (!gone) return null;
  const who = gone.by !== null && gone.by === me ? t("void.your") : t("void.their", { name: gone.name ?? t("look.somebody") });
  return { strong: t(`void.${gone.decision}`, { who }), rest: `${gone.why} ${t("void.next")}` };
}

/** One line, whatever its length: all of it is a pointer's rest away. `whole`: as many as it takes, where there is no pointer. */
function Words({ strong, rest, shape = false, whole = false }: { strong: string; rest: string; shape?: boolean; whole?: boolean }) {
  return (
    <span className={whole ? "words whole" : "words"} title={`${strong} ${rest}`.trim()}>
      {shape && <Mark shape="regressed" className="v-accent" />}
      <b>{strong}</b> <span className={whole ? undefined : "nophone"}>{rest}</span>
    </span>
  );
}
