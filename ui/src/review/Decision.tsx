import { useQuery } from "@tanstack/react-query";
import { useLayoutEffect, useRef } from "react";
import { newKey } from "@/api/client";
import { membersQuery } from "@/api/queries";
import { problemText } from "@/components/States";
import { t, tMaybe } from "@/i18n";
import { InboxDock } from "@/pages/InboxDock";
import { useHandOn } from "@/pages/useHandOn";
import { AskDock, closedWords, Dock, replacedWords } from "./Dock";
import { Composer, KeepComposer } from "./Composer";
import { FormerLine } from "./FormerLine";
import { signWords } from "./signing";
import type { Need, Row } from "./state";
import type { Review } from "./useReview";

/** The bar at the foot: what was done last, and the decision; or whose it is and until when it is put off. */
export function Decision({
  r,
  choosing,
  onChosen,
  onChoose,
}: {
  r: Review;
  choosing: "assign" | "snooze" | null;
  onChosen: () => void;
  onChoose: (what: "assign" | "snooze") => void;
}) {
  const members = useQuery(membersQuery).data ?? [];
  const { status, state, dispatch, nextItem } = r;
  const self = r.items.find((item) => item.id === status.id);
  const handOn = useHandOn({ onLeft: () => nextItem && r.open(nextItem.id), returns: true });
  const ask = state.mode.name === "ask" && state.mode.claim === null;
  const about = state.mode.name === "ask" || state.mode.name === "keep" ? state.mode.claim : null;
  const row = r.rows.find((one) => one.claim.id === about) ?? null;
  const need = r.needs.find((one) => one.row === null && one.key === about) ?? null;
  const several = members.length > 1;

  // Buttons of two lines go when somebody else decides; what is read above stays where it is.
  const docks = useRef<HTMLDivElement>(null);
  const height = useRef(0);
  useLayoutEffect(() => {
    if (!r.decided && !r.stale && state.mode.name === "read" && choosing === null) height.current = docks.current?.querySelector<HTMLElement>(".dock")?.offsetHeight ?? 0;
  });
  const held = (r.decided || r.stale) && height.current > 0 ? ({ "--held": `${height.current}px` } as React.CSSProperties) : undefined;

  return (
    <div className="docks" data-region="" tabIndex={-1} ref={docks} style={held} data-held={held !== undefined}>
      <FormerLine here={status.id} keyOn={!r.undoKey && choosing === null} />
      {choosing !== null && self && (choosing === "snooze" || several) ? (
        <InboxDock
          choosing={{ what: choosing, item: self }}
          members={members}
          me={r.me?.id}
          onAssign={(member) => {
            onChosen();
            handOn.assign(status, member, r.me?.id);
          }}
          onSnooze={(how) => {
            onChosen();
            handOn.snooze(status, how);
          }}
          onClose={onChosen}
        />
      ) : row || need ? (
        <Writing key={`${state.mode.name} ${row?.claim.id ?? need?.key}`} r={r} row={row} need={need} />
      ) : ask ? (
        <AskDock
          noted={state.changes.filter((one) => (one.about ?? one.claim_id) === null)}
          closed={closedWords(r)}
          unsent={replacedWords(r)}
          onTakeBack={(id) => dispatch({ type: "unask", id })}
          onAdd={(comment) => dispatch({ type: "ask", change: { id: newKey(), artifact_id: null, claim_id: null, comment } })}
          onSend={(text, advance) => r.acts.sendNow(null, text, advance)}
          onCancel={() => dispatch({ type: "mode", mode: { name: "read" } })}
        />
      ) : (
        <Dock
          checkpoint={status}
          state={state}
          tally={r.tally}
          flagged={r.flagged}
          standing={r.standing}
          ready={r.ready}
          busy={r.busy ?? handOn.busy}
          offline={r.offline}
          unsure={r.unsure}
          closed={closedWords(r) ?? replacedWords(r)}
          replaced={r.stale ? { tried: r.refused } : null}
          error={r.error ?? handOn.error}
          mayUndo={r.mayUndo}
          undoKey={r.undoKey}
          undoUntil={status.held ? status.undo_until : null}
          signLabel={signWords(status.consequence || tMaybe(`consequence.${r.packet.kind}`, t("consequence.final")), r.standing, r.corrected)}
          canAsk={r.canAsk}
          me={r.me?.id ?? null}
          nextId={nextItem?.id ?? null}
          several={several}
          acts={{
            sign: () => r.sign(),
            reject: r.reject,
            askWhole: () => r.acts.ask(null),
            send: () => r.sendChanges(),
            undo: r.undo,
            choose: onChoose,
            look: () => void r.showNewest(),
            setMode: (mode) => dispatch({ type: "mode", mode }),
          }}
        />
      )}
      {handOn.error !== null && <p className="sr" role="alert">{problemText(handOn.error).title}</p>}
    </div>
  );
}

/** Why a claim is kept, or what should change in it: where decisions are written, so that nothing beside the text moves. */
function Writing({ r, row, need }: { r: Review; row: Row | null; need: Need | null }) {
  const { state, dispatch } = r;
  const leave = () => dispatch({ type: "mode", mode: { name: "read" } });
  const note = (comment: string) => {
    if (row) r.acts.note(row, comment);
    else if (need)
      dispatch({ type: "ask", change: { id: newKey(), artifact_id: need.artifactId, claim_id: null, comment, about: need.key } });
  };
  return (
    <footer className="dock" aria-label={t("dock.label")} data-region="">
      <div className="w-full">
        {state.mode.name === "keep" && row ? (
          <KeepComposer
            closed={closedWords(r)}
            onKeep={(reason, why) => dispatch({ type: "settle", claim: row.claim.id, settlement: { kind: "kept", reason, why } })}
            onCancel={leave}
          />
        ) : (
          <Composer
            label={row ? t("ask.label", { n: row.n }) : t("ask.need")}
            placeholder={t(!row ? "ask.placeholderNeed" : r.isFlagged ? "ask.placeholder" : "ask.placeholderMeaning")}
            submit={t("ask.add")}
            help={t("ask.help")}
            closed={closedWords(r)}
            onSubmit={note}
            onCancel={leave}
            also={row ? { label: t("ask.send"), onSubmit: (text, advance) => r.acts.sendNow(row, text, advance), closed: replacedWords(r) } : undefined}
          />
        )}
      </div>
    </footer>
  );
}
