import { useState } from "react";
import type { SourceMore } from "@/api/substrate";
import { ErrorLine, Kbd, problemText } from "@/components/States";
import { t } from "@/i18n";
import type { SourceActs } from "./act";
import { RestsOn } from "./RestsOn";

export function said(error: unknown): string {
  const { title, hint } = problemText(error);
  return [title, hint].filter(Boolean).join(" ");
}

/** Takes a source out of use for a reason, with what rests on it before anything is done. */
export function Retract({ source, acts, close, done }: { source: SourceMore; acts: SourceActs; close: () => void; done?: () => void }) {
  const [reason, setReason] = useState("");
  const { retract } = acts;
  return (
    <form
      className="doing"
      onSubmit={(event) => {
        event.preventDefault();
        if (reason.trim()) retract.mutate(reason.trim(), { onSuccess: done ?? close });
      }}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      <p className="text-ink-2">{t("source.retractWords")}</p>
      <div className="mt-2">
        <RestsOn projectId={source.project_id} sourceId={source.id} />
      </div>
      <div className="line mt-3">
        <input className="in !w-[320px]" aria-label={t("source.retractWhy")} placeholder={t("source.retractWhy")} autoFocus value={reason} onChange={(event) => setReason(event.target.value)} />
        <button type="submit" className="b" disabled={!reason.trim() || retract.isPending}>
          {t("source.retractDo")}
        </button>
        <button type="button" className="b bare" onClick={close}>
          {t("action.back")} <Kbd>Esc</Kbd>
        </button>
      </div>
      {retract.error && <ErrorLine>{said(retract.error)}</ErrorLine>}
    </form>
  );
}
