import { Link } from "@tanstack/react-router";
import { useEffect, useId, useRef, useState } from "react";
import type { Check, Claim, Said } from "@/api/types";
import { Mark, type Shape } from "@/components/Mark";
import { Kbd } from "@/components/States";
import { t } from "@/i18n";
import { cut } from "@/lib/codepoints";
import { keep } from "@/lib/format";
import { lookOf, shapeOf } from "./look";
import { passages, Sheet } from "./Sheet";
import { asked, flagsOf, mustSettle, openFlags, type Action, type ReviewState, type Row, type Settlement } from "./state";

function SaidWords({ said, side }: { said: Said; side: "bad" | "mark" }) {
  const [start = 0, end = 0] = said.mark ?? [];
  const pieces = cut(said.text, [{ start, end }]);
  return (
    <div className="w" data-long={said.text.length > 150}>
      {pieces.map((piece, i) => {
        if (piece.range < 0) return keep(piece.text);
        return side === "bad" ? (
          <span className="bad" key={i}>
            {keep(piece.text)}
          </span>
        ) : (
          <mark key={i}>{keep(piece.text)}</mark>
        );
      })}
    </div>
  );
}

const RESULT_MARK: Partial<Record<Check["result"], Shape>> = {
  same: "supported",
  differs: "unsupported",
  not_found: "unsupported",
  conflict: "conflict",
};

function Compared({ claim }: { claim: Claim }) {
  const shown = claim.checks.filter((check) => check.kind !== "meaning" && check.result !== "none" && check.result !== "not_compared");
  const none = claim.checks.filter((check) => check.kind !== "meaning" && check.result === "none");
  const off = claim.checks.filter((check) => check.kind !== "meaning" && check.result === "not_compared");
  const words = (checks: Check[]) => {
    const list = checks.map((check) => t(`check.${check.kind}`)).join(", ");
    return list.charAt(0) + list.slice(1).toLowerCase();
  };
  const conflict = claim.verdict === "conflict";
  return (
    <table className="cmp">
      <thead>
        <tr>
          <th scope="col">{t("compared.title")}</th>
          <th scope="col">{conflict ? t("compared.first") : t("compared.draft")}</th>
          <th scope="col">{conflict ? t("compared.second") : t("compared.source")}</th>
          <th scope="col">
            <span className="sr">{t("compared.result")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {shown.map((check, i) => {
          const shape = RESULT_MARK[check.result];
          const colour = check.result === "same" ? "" : check.result === "conflict" ? "v-conflict" : "v-unsupported";
          const result = (
            <td>
              {shape && <Mark shape={shape} className={colour} />}
              {t(`result.${check.result}`)}
            </td>
          );
          if (check.note && !check.draft && !check.source) {
            return (
              <tr key={i}>
                <th scope="row">{t(`check.${check.kind}`)}</th>
                <td colSpan={2}>{keep(check.note)}</td>
                {result}
              </tr>
            );
          }
          return (
            <tr key={i}>
              <th scope="row">{t(`check.${check.kind}`)}</th>
              <td>
                {keep(check.draft ?? "–")}
                {check.note && <span className="meta block">{keep(check.note)}</span>}
              </td>
              <td>{keep(check.source ?? "–")}</td>
              {result}
            </tr>
          );
        })}
        {none.length > 0 && (
          <tr className="no">
            <th scope="row">{words(none)}</th>
            <td colSpan={2}>{t("compared.none")}</td>
            <td />
          </tr>
        )}
        {off.length > 0 && (
          <tr className="no">
            <th scope="row">{words(off)}</th>
            <td colSpan={2}>{[...new Set(off.map((check) => check.note).filter(Boolean))].join("; ") || t("compared.nothing")}</td>
            <td>{t("result.not_compared")}</td>
          </tr>
        )}
        <tr className="no">
          <th scope="row">{t("check.meaning")}</th>
          <td colSpan={2}>{t("compared.yours")}</td>
          <td>{t("result.not_compared")}</td>
        </tr>
      </tbody>
    </table>
  );
}

/** A line of text with what it is for: a reason, a wish. */
export function Composer({
  label,
  placeholder,
  submit,
  short = false,
  onSubmit,
  onCancel,
  also,
}: {
  label: string;
  placeholder: string;
  submit: string;
  short?: boolean;
  onSubmit: (text: string) => void;
  onCancel: () => void;
  also?: { label: string; onSubmit: (text: string) => void };
}) {
  const [text, setText] = useState("");
  const id = useId();
  const field = useRef<HTMLTextAreaElement & HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const done = (act: (text: string) => void) => {
    if (text.trim()) act(text.trim());
    else field.current?.focus();
  };
  const common = {
    id,
    className: "in",
    placeholder,
    value: text,
    maxLength: 2000,
    onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => setText(event.target.value),
    onKeyDown: (event: React.KeyboardEvent) => {
      if (event.key === "Escape") {
        event.preventDefault();
        onCancel();
      } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && also) {
        event.preventDefault();
        done(also.onSubmit);
      } else if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
        event.preventDefault();
        done(onSubmit);
      }
    },
  };
  return (
    <div className="ask">
      <label htmlFor={id}>{label}</label>
      {short ? <input ref={field} {...common} /> : <textarea ref={field} rows={2} {...common} />}
      <div className="acts">
        <button type="button" className="b fill" onClick={() => done(onSubmit)}>
          {submit} <Kbd>↵</Kbd>
        </button>
        {also && (
          <button type="button" className="b" onClick={() => done(also.onSubmit)}>
            {also.label} <Kbd>Ctrl ↵</Kbd>
          </button>
        )}
        <button type="button" className="b bare" onClick={onCancel}>
          {t("action.back")} <Kbd>Esc</Kbd>
        </button>
      </div>
    </div>
  );
}

/** A longer name on the first button leaves less room for the others. */
const SHORT_LABEL = 9;

export interface EvidenceActs {
  use: (row: Row) => void;
  keep: (row: Row) => void;
  edit: (row: Row) => void;
  ask: (row: Row | null) => void;
  flag: (row: Row) => void;
  next: () => void;
  sendNow: (change: { claim: Row | null; text: string }) => void;
}

export function saidOf(settlement: Settlement): string {
  if (settlement.kind === "kept") return t("said.keptBecause", { reason: settlement.reason });
  if (settlement.text === "") return t("said.removed");
  return t("said.corrected");
}

export function EvidencePane({
  projectId,
  rows,
  row,
  state,
  readOnly,
  canAsk,
  dispatch,
  acts,
}: {
  projectId: string;
  rows: Row[];
  row: Row;
  state: ReviewState;
  readOnly: boolean;
  canAsk: boolean;
  dispatch: (action: Action) => void;
  acts: EvidenceActs;
}) {
  const { claim } = row;
  const flags = flagsOf(rows);
  const flagIndex = flags.findIndex((flag) => flag.claim.id === claim.id);
  const flagged = flagIndex >= 0;
  const settlement = state.settled[claim.id];
  const change = asked(state, claim.id);
  const open = flagged && !settlement && !change;
  const mode = state.mode;
  const tone = flagged ? claim.verdict : "supported";
  const remaining = openFlags(rows, state).length;
  const heading = flagged ? headingOf(claim) : claim.opinion ? t("verdict.opinion") : claim.verdict === "uncited" ? t("verdict.uncited") : t("verdict.supported");
  const fill = open && state.changes.length === 0 ? "b fill" : open ? "b fill" : "b";
  const saidLabels = claim.say?.labels;

  return (
    <section className="ev" data-v={tone} aria-label={t("evidence.label", { n: row.n })}>
      <div className="evhead">
        <h2>
          <Mark shape={flagged ? claim.verdict : shapeOf(claim, { ...state, settled: {}, changes: [] })} />
          {heading}
        </h2>
        <span className="nx">
          {flagged
            ? t("evidence.flagOf", { n: flagIndex + 1, all: flags.length })
            : t("evidence.claimOf", { n: row.n, all: rows.length })}
          {flagged && flags.length > 1 && (
            <span className="nophone">
              <Kbd>p</Kbd> <Kbd>n</Kbd>
            </span>
          )}
        </span>
      </div>
      {claim.say ? (
        <div className="say">
          <div>
            <div className="l">{settlement?.kind === "corrected" ? t("evidence.draftSaid") : saidLabels?.[0]}</div>
            <SaidWords said={claim.say.draft ?? { text: claim.text, mark: null }} side={tone === "supported" ? "mark" : "bad"} />
          </div>
          <div>
            <div className="l">{saidLabels?.[1]}</div>
            <SaidWords said={claim.say.source ?? { text: t("evidence.silent"), mark: null }} side="mark" />
          </div>
        </div>
      ) : (
        <div className="say one">
          <div>
            <div className="l">{settlement?.kind === "corrected" ? t("evidence.draftSaid") : t("evidence.draftSays")}</div>
            <div className="w" data-long={claim.text.length > 150}>
              {keep(claim.text)}
            </div>
          </div>
        </div>
      )}

      {(settlement || change) && mode.name !== "edit" && (
        <div className="said" role="status">
          <span>
            <Mark shape="own" />
            {settlement ? keep(saidOf(settlement)) : t("said.askedFor", { comment: change?.comment ?? "" })}
          </span>
          <span className="acts">
            {!readOnly && (
              <button
                type="button"
                className="b small"
                onClick={() =>
                  settlement ? dispatch({ type: "take-back", claim: claim.id }) : change && dispatch({ type: "unask", id: change.id })
                }
              >
                {t("action.takeBack")}
              </button>
            )}
            {!readOnly && remaining > 0 && (
              <button type="button" className="b small" onClick={acts.next}>
                {t("action.nextFlag")} <Kbd>n</Kbd>
              </button>
            )}
          </span>
        </div>
      )}

      {mode.name === "edit" && mode.claim === claim.id && (
        <p className="said" role="status">
          <span>
            <Mark shape="own" />
            {t("edit.help")}
          </span>
          <button type="button" className="b small" onClick={() => dispatch({ type: "mode", mode: { name: "read" } })}>
            {t("action.leave")} <Kbd>Esc</Kbd>
          </button>
        </p>
      )}
      {mode.name === "keep" && mode.claim === claim.id && (
        <Composer
          label={t("keep.label")}
          placeholder={t("keep.placeholder")}
          submit={t("keep.submit")}
          short
          onSubmit={(reason) => {
            dispatch({ type: "settle", claim: claim.id, settlement: { kind: "kept", reason } });
          }}
          onCancel={() => dispatch({ type: "mode", mode: { name: "read" } })}
        />
      )}
      {mode.name === "ask" && mode.claim === claim.id && (
        <Composer
          label={t("ask.label", { n: row.n })}
          placeholder={flagged ? t("ask.placeholder") : t("ask.placeholderMeaning")}
          submit={t("ask.add")}
          onSubmit={(comment) =>
            dispatch({
              type: "ask",
              change: { id: `${claim.id}-${Date.now()}`, artifact_id: row.artifactId, claim_id: claim.id, comment },
            })
          }
          onCancel={() => dispatch({ type: "mode", mode: { name: "read" } })}
          also={{ label: t("ask.send"), onSubmit: (text) => acts.sendNow({ claim: row, text }) }}
        />
      )}

      {!readOnly && !settlement && !change && mode.name === "read" && (
        <div className="acts">
          {open ? (
            <>
              {claim.correction && claim.kind !== "series" && (
                <button type="button" className={fill} onClick={() => acts.use(row)}>
                  {keep(claim.correction.label)} <Kbd>e</Kbd>
                </button>
              )}
              {!claim.correction && claim.kind !== "series" && (
                <button type="button" className={mustSettle(claim) ? fill : "b"} onClick={() => acts.edit(row)}>
                  {t("action.edit")} <Kbd>e</Kbd>
                </button>
              )}
              {canAsk && (
                <button type="button" className="b" onClick={() => acts.ask(row)}>
                  <span>
                    {t("action.ask")}
                    {(claim.correction?.label.length ?? 0) <= SHORT_LABEL && (
                      <span className="wide"> {t("action.askRest")}</span>
                    )}
                  </span>{" "}
                  <Kbd>c</Kbd>
                </button>
              )}
              {claim.headline.toLowerCase().includes("source not") && (
                <Link className="b" to="/projects/$projectId" params={{ projectId }}>
                  {t("action.addSource")}
                </Link>
              )}
              <button
                type="button"
                className={!mustSettle(claim) && !claim.correction ? fill : "b bare"}
                onClick={() => acts.keep(row)}
              >
                {mustSettle(claim) ? t("action.keepWhy") : t("action.keepLooked")} <Kbd>r</Kbd>
              </button>
              {claim.correction && claim.correction.text !== "" && (
                <button type="button" className="b bare" onClick={() => acts.edit(row)}>
                  {t("action.editOwn")}
                </button>
              )}
            </>
          ) : (
            <>
              {canAsk && (
                <button type="button" className="b" onClick={() => acts.flag(row)}>
                  {t("action.flag")} <Kbd>f</Kbd>
                </button>
              )}
              {claim.kind !== "series" && (
                <button type="button" className="b bare" onClick={() => acts.edit(row)}>
                  {t("action.editOwn")} <Kbd>e</Kbd>
                </button>
              )}
            </>
          )}
        </div>
      )}

      {passages(claim.anchors).map(
        ([anchor, ...others], i) =>
          anchor && (
            <Sheet
              key={`${anchor.source_id} ${anchor.block_id}`}
              projectId={projectId}
              anchor={anchor}
              others={others}
              hotkey={i === 0}
            />
          ),
      )}
      <Compared claim={claim} />
      {lookOf(claim, state) === "own" ? null : claim.verdict === "uncited" && (
        <p className="meta mt-3">{claim.opinion ? t("evidence.opinion") : t("evidence.uncited")}</p>
      )}
    </section>
  );
}

function headingOf(claim: Claim): string {
  const word = t(`verdict.${claim.verdict}`);
  const headline = claim.headline.trim();
  if (!headline || headline.toLowerCase() === word.toLowerCase()) return word;
  return `${word}: ${headline.charAt(0).toLowerCase()}${headline.slice(1)}`;
}
