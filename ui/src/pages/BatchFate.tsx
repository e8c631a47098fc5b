import { Link } from "@tanstack/react-router";
import { keepView, type View } from "@/api/inbox";
import type { CheckpointItem } from "@/api/types";
import { Mark } from "@/components/Mark";
import { t } from "@/i18n";
import type { Fate, Run } from "./batchRun";
import { goneWords } from "./inbox";

/** What became of one row of a batch, or what it waits for. */
export function BatchFate({
  item,
  fate,
  gone,
  chosen,
  phase,
  taken,
  view,
  me,
}: {
  item: CheckpointItem;
  fate: Fate | undefined;
  /** How it stands when somebody else was first. */
  gone: CheckpointItem | undefined;
  chosen: boolean;
  phase: Run["phase"];
  taken: Run["taken"];
  view: View;
  me: string | undefined;
}) {
  const read = (words: string) => (
    <Link to="/review/$checkpointId" params={{ checkpointId: item.id }} className="link quiet" aria-label={`${words}: ${item.session_title}`} onClick={() => keepView(view)}>
      {words}
    </Link>
  );
  const running = phase === "running" || phase === "stopping";
  return (
    <span className="became">
      {gone ? (
        goneWords(gone, view, me)
      ) : fate?.state === "sending" ? (
        <>
          <Mark shape="run" className="v-accent" /> {t("batch.sending")}
        </>
      ) : fate?.state === "unsure" && !taken?.has(item.id) ? (
        <>
          <Mark shape="warn" className="text-error" /> {t("batch.unsure")}
        </>
      ) : fate?.state === "done" && !fate.outcome.done ? (
        <>
          <Mark shape="warn" className="text-error" /> {[fate.outcome.problem?.detail, fate.outcome.problem?.hint].filter(Boolean).join(" ")} {read(t("batch.open"))}
        </>
      ) : fate ? (
        <>
          <Mark shape="own" /> {taken?.has(item.id) ? t("batch.takenBack") : t("batch.signed")}
        </>
      ) : running && chosen ? (
        <span className="quiet">{t("batch.turn")}</span>
      ) : phase === "rested" && chosen ? (
        <>
          <span className="quiet">{t("batch.notSent")}</span> {read(t("batch.open"))}
        </>
      ) : (
        read(t("batch.open"))
      )}
    </span>
  );
}
