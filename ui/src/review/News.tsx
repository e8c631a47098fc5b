import { useState } from "react";
import { t } from "@/i18n";
import { Kbd } from "@/components/States";
import { Mark } from "@/components/Mark";
import { Banner, decidedBy, decidedWords } from "./Dock";
import type { Review } from "./useReview";

/** One line above the text when something happened that is not the reader's doing. The text stays where it is. */
export function News({ r, changed, onChanged }: { r: Review; changed: boolean; onChanged: () => void }) {
  const { status, me } = r;
  // Whatever was decided before it was opened is no news.
  const [waited] = useState(status.status === "pending_review" && !status.approve_pending);
  const line = () => {
    if (r.stale)
      return (
        <div className="banner" role="status">
          <Mark shape="regressed" className="v-accent" />
          <span>
            <b>{r.moved > 0 ? t("stale.changed", { count: r.moved }) : t("stale.replaced")}</b> {[r.staleWhy, t("stale.nothing")].filter(Boolean).join(" ")}
          </span>
          <button type="button" className="b small" aria-expanded={changed} onClick={onChanged}>
            {t("changedHere.see")} <Kbd>v</Kbd>
          </button>
          <button type="button" className="b small" onClick={() => void r.showNewest()}>
            {t("changedHere.goOn")}
          </button>
        </div>
      );
    const theirs = status.decision && status.decision.by !== me?.id;
    // What the reader just did is said where it was done, and covers nothing of the text.
    if (status.status === "rejected" && (theirs || !waited))
      return <Banner strong={decidedWords(status, me?.id ?? null).title} words={t("decided.nothing")} plain />;
    if (waited && r.decided && theirs) {
      const by = decidedBy(status, me?.id ?? null);
      const words = status.status === "changes_requested" ? t("news.changes", { by }) : t("news.signed", { by });
      return <Banner strong={words} words={Object.keys(r.state.settled).length > 0 ? t("news.kept") : ""} plain />;
    }
    if (waited && status.status === "expired") return <Banner strong={t("news.expired")} words={t("decided.nothing")} plain />;
    if (waited && status.status === "superseded") return <Banner strong={t("news.superseded")} words="" plain />;
    if (r.recalled?.dropped && !r.decided && Object.keys(r.state.settled).length === 0)
      return <Banner strong={t("stale.dropped")} words={t("stale.again")} />;
    return null;
  };
  return <div className="news">{line()}</div>;
}
