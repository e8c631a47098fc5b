import { useState, type ReactNode } from "react";
import { t } from "@/i18n";
import { Kbd } from "@/components/States";
import { Mark } from "@/components/Mark";
import { decidedBy, decidedWords } from "./Dock";
import type { Review } from "./useReview";

/** What happened that is not the reader's doing, for the line that is kept for it under the head; null where nothing did. */
export function useNews(r: Review, changed: boolean, onChanged: () => void): ReactNode {
  const { status, me } = r;
  // Whatever was decided before it was opened is no news.
  const [waited] = useState(status.status === "pending_review" && !status.approve_pending);
  if (r.stale) {
    const [strong, rest] = [r.moved > 0 ? t("stale.changed", { count: r.moved }) : t("stale.replaced"), [r.staleWhy, t("stale.nothing")].filter(Boolean).join(" ")];
    return (
      <>
        <Words strong={strong} rest={rest} shape />
        <button type="button" className="link" aria-expanded={changed} onClick={onChanged}>
          {t("changedHere.see")} <Kbd>v</Kbd>
        </button>
        <button type="button" className="link" onClick={() => void r.showNewest()}>
          {t("changedHere.goOn")}
        </button>
      </>
    );
  }
  const theirs = status.decision && status.decision.by !== me?.id;
  // What the reader just did is said where it was done.
  if (status.status === "rejected" && (theirs || !waited))
    return <Words strong={decidedWords(status, me?.id ?? null).title} rest={t("decided.nothing")} />;
  if (waited && r.decided && theirs) {
    const by = decidedBy(status, me?.id ?? null);
    const words = status.status === "changes_requested" ? t("news.changes", { by }) : t("news.signed", { by });
    return <Words strong={words} rest={Object.keys(r.state.settled).length > 0 ? t("news.kept") : ""} />;
  }
  if (waited && status.status === "expired") return <Words strong={t("news.expired")} rest={t("decided.nothing")} />;
  if (waited && status.status === "superseded") return <Words strong={t("news.superseded")} rest="" />;
  if (r.recalled?.dropped && !r.decided && Object.keys(r.state.settled).length === 0)
    return <Words strong={t("stale.dropped")} rest={t("stale.again")} shape />;
  return null;
}

/** One line, whatever its length: all of it is a pointer's rest away, and the dock says the same of a decision. */
function Words({ strong, rest, shape = false }: { strong: string; rest: string; shape?: boolean }) {
  return (
    <span className="words" title={`${strong} ${rest}`.trim()}>
      {shape && <Mark shape="regressed" className="v-accent" />}
      <b>{strong}</b> <span className="nophone">{rest}</span>
    </span>
  );
}
