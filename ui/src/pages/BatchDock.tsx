import { ErrorLine, Kbd, problemText } from "@/components/States";
import { t } from "@/i18n";
import type { Run } from "./batchRun";

/** The bar of a batch: what would be signed, how far it is, what became of it, and what can be done about it. */
export function BatchDock({
  run,
  chosen,
  left,
  colleagues,
  past,
  template,
  offline,
  mayUndo,
  seconds,
  onSign,
  onClose,
}: {
  run: Run;
  /** How many are chosen, and how many of them were not sent. */
  chosen: number;
  left: number;
  /** How many are left out because a colleague has them in hand. */
  colleagues: number;
  /** How many of those chosen a colleague has in hand. */
  past: number;
  template: string | null;
  offline: boolean;
  mayUndo: boolean;
  seconds: number;
  onSign: () => void;
  onClose: () => void;
}) {
  const { phase, taken } = run;
  const fates = [...run.fates.values()];
  const signed = fates.filter((fate) => fate.state === "done" && fate.outcome.done).length;
  const refused = fates.filter((fate) => fate.state === "done" && !fate.outcome.done).length;
  const unsure = fates.filter((fate) => fate.state === "unsure").length;
  const running = phase === "running" || phase === "stopping";
  const rest = left + unsure;
  const line = (): [string, string] => {
    if (running) return [t("batch.far", { n: signed + refused, all: chosen }), phase === "stopping" ? t("batch.stopping") : t("batch.busyWords")];
    if (taken) return [t("batch.back", { count: taken.size }), t("batch.backWords")];
    if (phase === "rested") {
      const words = [
        ...(refused > 0 ? [t("batch.refused", { count: refused })] : []),
        ...(unsure > 0 ? [t("batch.unsureOf", { count: unsure })] : []),
        ...(left > 0 ? [t("batch.leftOf", { count: left })] : []),
      ];
      return [t("batch.done", { count: signed }), words.length > 0 ? words.join(" ") : t("batch.record", { n: fates.length })];
    }
    const inHand = [...(past > 0 ? [t("batch.pastOf", { count: past })] : []), ...(colleagues > 0 ? [t("batch.colleagues", { count: colleagues })] : [])];
    const ready = template === null ? t("batch.nothing") : t("batch.ready", { count: chosen, template });
    return [ready, offline ? t("batch.offline") : inHand.length > 0 ? inHand.join(" ") : t("batch.readyWords")];
  };
  const [what, more] = line();
  const may = !offline && rest > 0;
  return (
    <footer className="dock" aria-label={t("dock.label")}>
      {running && (
        <span className="batchbar" aria-hidden="true">
          <i style={{ transform: `scaleX(${chosen > 0 ? (signed + refused) / chosen : 0})` }} />
        </span>
      )}
      {mayUndo && <span className="fuse" key={run.fates.size} style={{ "--fuse": `${seconds}s` } as React.CSSProperties} />}
      <div className="st" role="status">
        <b>{what}</b>
        <span>{offline && phase === "rested" && rest > 0 ? `${more} ${t("batch.offline")}` : more}</span>
        {run.error !== null && (
          <ErrorLine>
            {t("inbox.notDone")}: {[problemText(run.error).title, problemText(run.error).hint].filter(Boolean).join(" ")}
          </ErrorLine>
        )}
      </div>
      {mayUndo && (
        <button type="button" className="b" onClick={run.undo}>
          {t("batch.undo")} <Kbd>u</Kbd>
        </button>
      )}
      {running ? (
        <button type="button" className="b" onClick={run.stop} disabled={phase === "stopping"}>
          {t("batch.stop")} <Kbd>Esc</Kbd>
        </button>
      ) : phase === "choosing" ? (
        template !== null && (
          <button type="button" className="b fill" disabled={!may} onClick={onSign}>
            {t("batch.sign", { count: chosen })} <Kbd>Ctrl+Enter</Kbd>
          </button>
        )
      ) : (
        <>
          {rest > 0 && taken === null && (
            <button type="button" className="b fill" disabled={!may} onClick={onSign}>
              {unsure > 0 ? t("batch.again", { count: rest }) : t("batch.goOn", { count: rest })} <Kbd>Ctrl+Enter</Kbd>
            </button>
          )}
          <button type="button" className={`b ${mayUndo || (rest > 0 && taken === null) ? "" : "fill"}`} onClick={onClose} disabled={run.undoing}>
            {t("batch.close")} <Kbd>Esc</Kbd>
          </button>
        </>
      )}
    </footer>
  );
}
