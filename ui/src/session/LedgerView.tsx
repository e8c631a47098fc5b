import { useMemo } from "react";
import type { WorkEvent, WorkSession } from "@/api/types";
import { Mark } from "@/components/Mark";
import { t } from "@/i18n";
import { count, keep } from "@/lib/format";
import { ledgerOf, type Compared } from "./ledger";

/** Claims up to which each has a cell that waits for it; of more a bar shows how far it is. */
const CELLS_UP_TO = 60;

function Row({ claim }: { claim: Compared }) {
  return (
    <li data-v={claim.needs_you ? claim.verdict : undefined}>
      <span className="n">{claim.n}</span>
      <Mark shape={claim.verdict} className={claim.needs_you ? `v-${claim.verdict}` : ""} />
      <span className="claimtext">{keep(claim.text)}</span>
      <span className={claim.needs_you ? `word v-${claim.verdict}` : "word quiet"}>{t(`verdict.${claim.verdict}`)}</span>
    </li>
  );
}

/** The ledger of an outside draft as it fills: each claim with its verdict, in a place that was kept for it. */
export function LedgerView({ session, events }: { session: WorkSession; events: WorkEvent[] }) {
  const { done, total, needs, claims } = useMemo(() => ledgerOf(events), [events]);
  const byNumber = new Map(claims.map((claim) => [claim.n, claim]));
  if (session.status === "queued" && total === 0) return null; // the line below says that it waits
  return (
    <div className="filling">
      <p className="sum" role="status">
        {total > 0 && (
          <>
            <b>{t("workArea.ledger.of", { done: count(done), total: count(total) })}</b>
            <span className="quiet">{t("workArea.ledger.needs", { count: needs })}</span>
          </>
        )}
        <span className="quiet nophone end">{t("workArea.ledger.then")}</span>
      </p>
      {total > 0 && total <= CELLS_UP_TO && (
        <div className="cells" role="img" aria-label={t("workArea.ledger.strip", { done, total })}>
          {Array.from({ length: total }, (_, i) => {
            const claim = byNumber.get(i + 1);
            return (
              <span key={i} data-v={claim?.needs_you ? claim.verdict : undefined} data-done={claim ? "true" : undefined}>
                {claim && <Mark shape={claim.verdict} />}
              </span>
            );
          })}
        </div>
      )}
      {total > CELLS_UP_TO && (
        <div className="bar-line" aria-hidden="true">
          <i style={{ transform: `scaleX(${Math.min(1, done / total)})` }} />
        </div>
      )}
      <ol className="ledger" aria-label={t("workArea.ledger.label")}>
        {claims.map((claim) => (
          <Row key={claim.n} claim={claim} />
        ))}
      </ol>
      {done > claims.length && <p className="meta mt-2">{t("workArea.ledger.rest", { count: done - claims.length })}</p>}
    </div>
  );
}
