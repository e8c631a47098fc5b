import { useRef } from "react";
import type { Obligation } from "@/api/types";
import { Mark, type Shape } from "@/components/Mark";
import { Kbd } from "@/components/States";
import { t, tMaybe } from "@/i18n";
import { keep } from "@/lib/format";
import { SaidLine, Says } from "./Evidence";
import { asked, openNeeds, type Action, type Need, type ReviewState } from "./state";

/** The mark of a need that no claim carries: an obligation's own, else the diamond of a stop. */
export function shapeOfNeed(need: Need, state: ReviewState, obligations: Obligation[]): Shape {
  if (state.settled[need.key] || asked(state, need.key)) return "own";
  if (need.obligation === null) return "stop";
  return obligations.find((one) => one.id === need.obligation)?.state === "regressed" ? "regressed" : "unmet";
}

export function titleOfNeed(need: Need): string {
  return tMaybe(`reason.${need.kind}`, need.kind);
}

/** Something that needs the reader and that no claim carries, with what can be done about it. */
export function NeedPane({
  need,
  needs,
  state,
  obligations,
  readOnly,
  placed = false,
  canSettle,
  canAsk,
  dispatch,
  next,
  beneath,
  children,
}: {
  need: Need;
  needs: Need[];
  state: ReviewState;
  obligations: Obligation[];
  readOnly: boolean;
  /** What can be done keeps its place while it cannot. */
  placed?: boolean;
  canSettle: boolean;
  canAsk: boolean;
  dispatch: (action: Action) => void;
  next: () => void;
  /** Stands below what can be done. */
  beneath?: React.ReactNode;
  children?: React.ReactNode;
}) {
  const settlement = state.settled[need.key];
  const change = asked(state, need.key);
  const acting = !readOnly && !settlement && !change;
  // What could be done last keeps its room when somebody else decides: what stands below stays where it is read.
  const could = useRef({ settle: canSettle, ask: canAsk });
  if (!readOnly) could.current = { settle: canSettle, ask: canAsk };
  const may = could.current;
  const help = tMaybe(`needHelp.${need.kind}`, "");
  return (
    <section className="ev" data-v={need.obligation ? "unsupported" : undefined} aria-label={titleOfNeed(need)}>
      <div className="evhead">
        <h2>
          <Mark shape={shapeOfNeed(need, { ...state, settled: {}, changes: [] }, obligations)} />
          {titleOfNeed(need)}
        </h2>
        <span className="nx">
          {t("evidence.flagOf", { n: needs.indexOf(need) + 1, all: needs.length })}
          {needs.length > 1 && (
            <span className="nophone">
              <Kbd>p</Kbd> <Kbd>n</Kbd>
            </span>
          )}
        </span>
      </div>
      <div className="say one">
        <div>
          <Says text={need.sentence}>{keep(need.sentence)}</Says>
        </div>
      </div>
      {help && <p className="meta mt-2">{help}</p>}
      <div className="turn">
      {(settlement || change) && (
        <div className="said" role="status">
          <SaidLine settlement={settlement} change={change} />
          <span className="acts">
            {(settlement ? canSettle : !readOnly) && (
              <button
                type="button"
                className="b small"
                onClick={() => (settlement ? dispatch({ type: "take-back", claim: need.key }) : change && dispatch({ type: "unask", id: change.id }))}
              >
                {t("action.takeBack")}
              </button>
            )}
            {!readOnly && openNeeds(needs, state).length > 0 && (
              <button type="button" className="b small" onClick={next}>
                {t("action.nextFlag")} <Kbd>n</Kbd>
              </button>
            )}
          </span>
        </div>
      )}
      {(!readOnly || placed) && (
        <div className={acting ? "acts" : "acts invisible"} inert={!acting}>
          {may.settle && (
            <button
              type="button"
              className={acting && state.mode.name === "read" ? "b fill" : "b"}
              onClick={() => dispatch({ type: "settle", claim: need.key, settlement: { kind: "kept", reason: t("keep.read"), why: "accepted" } })}
            >
              {t("action.readIt")} <Kbd>r</Kbd>
            </button>
          )}
          {may.ask && (
            <button type="button" className="b" onClick={() => dispatch({ type: "mode", mode: { name: "ask", claim: need.key } })}>
              {t("action.askChange")} <Kbd>c</Kbd>
            </button>
          )}
        </div>
      )}
      </div>
      {beneath}
      {children}
    </section>
  );
}
