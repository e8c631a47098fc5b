import { t } from "@/i18n";
import type { KeyMap } from "@/lib/keys";
import { OWN_REASON, REASONS } from "./Dock";
import { freePlace, openNeeds } from "./state";
import type { Review } from "./useReview";

export interface Panels {
  why: boolean;
  setWhy: (on: boolean) => void;
  history: boolean;
  setHistory: (on: boolean) => void;
  /** What changed in a packet that took the place of the one on screen. */
  changed: boolean;
  setChanged: (on: boolean) => void;
  choose: (what: "assign" | "snooze") => void;
  openSource: () => void;
}

/** What each key does in a review. */
export function keysOf(r: Review, p: Panels): KeyMap {
  const { state, dispatch, row, need, readOnly, canSettle, canAsk, openRow, isFlagged } = r;
  const read = () => dispatch({ type: "mode", mode: { name: "read" } });
  const rejecting = state.mode.name === "reject";
  return {
    j: () => r.goItem(1),
    k: () => r.goItem(-1),
    n: () => r.nextFlag(1),
    p: () => r.nextFlag(-1),
    ArrowDown: () => r.step(r.claims, 1),
    ArrowUp: () => r.step(r.claims, -1),
    e: () => {
      if (!canSettle) return;
      if (state.selected && freePlace(state.selected)) dispatch({ type: "mode", mode: { name: "edit", claim: state.selected } });
      if (!row || row.claim.kind === "series") return;
      if (openRow && isFlagged && row.claim.correction) r.acts.use(row);
      else if (openRow || state.settled[row.claim.id]) r.acts.edit(row);
    },
    r: () => {
      if (!canSettle) return;
      if (row && openRow && isFlagged) r.acts.keep(row);
      else if (need && openNeeds([need], state).length > 0)
        dispatch({ type: "settle", claim: need.key, settlement: { kind: "kept", reason: t("keep.read"), why: "accepted" } });
    },
    f: () => {
      if (!readOnly && row && openRow && !isFlagged && canAsk) r.acts.flag(row);
    },
    c: () => {
      if (readOnly || !canAsk) return;
      if (need && openNeeds([need], state).length > 0) dispatch({ type: "mode", mode: { name: "ask", claim: need.key } });
      else r.acts.ask(openRow ? row : null);
    },
    x: () => {
      if (!readOnly && !r.replaced()) dispatch({ type: "mode", mode: { name: "reject" } });
    },
    ...Object.fromEntries(REASONS.map((reason, i) => [String(i + 1), () => rejecting && r.reject(t(`reject.${reason}`))])),
    [OWN_REASON]: () => {
      if (rejecting) dispatch({ type: "mode", mode: { name: "reject-text" } });
    },
    a: () => r.sign(),
    "Ctrl+Enter": () => r.complete(),
    // Else it takes back what was done with the item before, in the line that says so.
    ...(r.undoKey ? { u: () => r.busy === null && r.undo() } : {}),
    s: () => p.choose("snooze"),
    m: () => p.choose("assign"),
    o: p.openSource,
    h: () => p.setHistory(!p.history),
    v: () => {
      if (r.stale) p.setChanged(!p.changed);
      else if (r.before) r.setWhole(!r.whole);
    },
    Escape: () => {
      if (state.mode.name !== "read") read();
      else if (p.why) p.setWhy(false);
      else if (p.changed) p.setChanged(false);
      else if (p.history) p.setHistory(false);
    },
  };
}
