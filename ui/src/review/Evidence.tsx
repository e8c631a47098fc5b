import { Link } from "@tanstack/react-router";
import { useRef } from "react";
import type { Recheck } from "@/api/reviewing";
import type { Claim, KeptBefore, Said } from "@/api/types";
import { Mark } from "@/components/Mark";
import { Kbd, problemText } from "@/components/States";
import { t } from "@/i18n";
import { cut } from "@/lib/codepoints";
import { keep } from "@/lib/format";
import { claimsNow, claimsOfFree } from "./again";
import { Compared } from "./Compared";
import { shapeOf } from "./look";
import { passages, Sheet } from "./Sheet";
import { asked, mustSettle, openNeeds, type Action, type Change, type Need, type ReviewState, type Row, type Settlement } from "./state";

/** Up to so many characters stand as they are; more of them scroll in a box of their own. */
const BOXED_FROM = 400;

/** Words in large. What has no room scrolls, also by keyboard. */
export function Says({ text, children }: { text: string; children: React.ReactNode }) {
  const most = text.length > BOXED_FROM ? { "data-most": "", tabIndex: 0, role: "group", "aria-label": t("evidence.whole") } : {};
  return (
    <div className="w" dir="auto" data-long={text.length > 150} {...most}>
      {children}
    </div>
  );
}

/** What the draft says: all of a claim where only its beginning was sent along, since all of it is what is kept. */
export function draftSaid({ say, text }: Claim): Said {
  const said = say?.draft ?? { text, mark: null };
  return said.text.endsWith("…") && text.startsWith(said.text.slice(0, -1)) ? { ...said, text } : said;
}

function SaidWords({ said, side }: { said: Said; side: "bad" | "mark" }) {
  const [start = 0, end = 0] = said.mark ?? [];
  const pieces = cut(said.text, [{ start, end }]);
  return (
    <Says text={said.text}>
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
    </Says>
  );
}

/** What the server says of the corrections so far. */
export interface Rechecked {
  data: Recheck | undefined;
  pending: boolean;
  error: unknown;
}

/** The reader's own words, compared again: `claims` are those that they make now, the heaviest first. */
function Again({ recheck, claims }: { recheck: Rechecked; claims: Claim[] | null }) {
  const line = (words: string, verdict?: Claim["verdict"]) => (
    <p className="again" role="status" data-v={verdict}>
      {verdict && <Mark shape={verdict} />}
      <span className="clip2" title={words}>{keep(words)}</span>
    </p>
  );
  if (recheck.pending) return line(t("recheck.pending"));
  if (recheck.error && !recheck.data) return line(t("recheck.failed", { why: problemText(recheck.error).title }));
  if (!recheck.data || claims === null) return null;
  const [first] = claims;
  if (!first) return line(t("recheck.nothing"));
  if (first.verdict === "supported" || first.opinion) return line(t("recheck.same"), "supported");
  const head = headingOf(first);
  const [draft, source] = [first.say?.draft?.text, first.say?.source?.text];
  const beside = first.say?.labels && draft && source ? `. ${first.say.labels[0]}: ${draft} ${first.say.labels[1]}: ${source}` : ".";
  return line(t("recheck.flagged", { what: head.charAt(0).toLowerCase() + head.slice(1) + beside }), first.verdict);
}

/** A text that claims nothing, which can be changed all the same. */
export function FreePane({
  id,
  state,
  recheck,
  canSettle,
  dispatch,
  children,
}: {
  id: string;
  state: ReviewState;
  recheck: Rechecked;
  canSettle: boolean;
  dispatch: (action: Action) => void;
  children?: React.ReactNode;
}) {
  const settlement = state.settled[id];
  const changed = settlement?.kind === "corrected" ? settlement : null;
  const editing = state.mode.name === "edit" && state.mode.claim === id;
  return (
    <section className="ev" aria-label={t("free.text")}>
      <div className="evhead">
        <h2>
          <Mark shape={changed ? "own" : "none"} />
          {t("free.text")}
        </h2>
      </div>
      <p className="mt-2 text-ink-2">{t("free.words")}</p>
      {editing && <p className="said" role="status">{t("edit.help")}</p>}
      {changed && !editing && (
        <div className="said" role="status">
          <span>
            <Mark shape="own" />
            {t(changed.text === "" ? "free.removed" : "free.said")}
          </span>
          {canSettle && (
            <span className="acts">
              <button type="button" className="b small" onClick={() => dispatch({ type: "take-back", claim: id })}>
                {t("action.takeBack")}
              </button>
            </span>
          )}
        </div>
      )}
      {changed && changed.text !== "" && !editing && (
        <Again recheck={recheck} claims={recheck.data ? claimsOfFree(id, changed.text, recheck.data) : null} />
      )}
      {canSettle && !editing && (
        <div className="acts">
          <button type="button" className="b" onClick={() => dispatch({ type: "mode", mode: { name: "edit", claim: id } })}>
            {t("free.edit")} <Kbd>e</Kbd>
          </button>
        </div>
      )}
      {children}
    </section>
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
}

export function saidOf(settlement: Settlement): string {
  if (settlement.kind === "kept")
    return t(settlement.why === "check_was_wrong" ? "said.checkWrong" : "said.keptBecause", { reason: settlement.reason });
  if (settlement.text === "") return t("said.removed");
  return t("said.corrected");
}

/** What the reader did with it, in two lines at most; all of it is a pointer's rest away. */
export function SaidLine({ settlement, change }: { settlement: Settlement | undefined; change: Change | undefined }) {
  const words = settlement ? keep(saidOf(settlement)) : t("said.askedFor", { comment: change?.comment ?? "" });
  return (
    <span className="clip2" dir="auto" title={words}>
      <Mark shape="own" />
      {words}
    </span>
  );
}

export function EvidencePane({
  projectId,
  rows,
  needs,
  row,
  kept,
  state,
  recheck,
  readOnly,
  placed = false,
  canSettle,
  canAsk,
  dispatch,
  acts,
  beneath,
  children,
}: {
  projectId: string;
  rows: Row[];
  needs: Need[];
  row: Row;
  /** Who kept it with a reason when it was last sent back. */
  kept?: KeptBefore | undefined;
  state: ReviewState;
  recheck?: Rechecked;
  readOnly: boolean;
  /** What can be done keeps its place while it cannot. */
  placed?: boolean;
  /** False for whoever may not sign: they ask for changes instead. */
  canSettle: boolean;
  canAsk: boolean;
  dispatch: (action: Action) => void;
  acts: EvidenceActs;
  /** Stands between what can be done and the sources. */
  beneath?: React.ReactNode;
  children?: React.ReactNode;
}) {
  const { claim } = row;
  const flagIndex = needs.findIndex((need) => need.key === claim.id);
  const flagged = flagIndex >= 0;
  const settlement = state.settled[claim.id];
  const change = asked(state, claim.id);
  const open = flagged && !settlement && !change;
  const mode = state.mode;
  const tone = flagged ? claim.verdict : "supported";
  const remaining = openNeeds(needs, state).length;
  const heading = flagged ? headingOf(claim) : claim.opinion ? t("verdict.opinion") : claim.verdict === "uncited" ? t("verdict.uncited") : t("verdict.supported");
  const fill = open && mode.name === "read" ? "b fill" : "b";
  const saidLabels = claim.say?.labels;
  const sheets = passages(claim.anchors);
  const figures = claim.checks.flatMap((check) => (check.kind === "number" && check.source ? [check.source] : []));
  // What could be done last keeps its room when somebody else decides: the source below stays where it is read.
  const could = useRef({ settle: canSettle, ask: canAsk });
  if (!readOnly) could.current = { settle: canSettle, ask: canAsk };
  const may = could.current;
  // While a reason is written below, what else can be done is seen and does nothing.
  const acting = !readOnly && !settlement && !change && mode.name !== "edit";

  return (
    <section className="ev" data-v={tone} aria-label={t("evidence.label", { n: row.n })}>
      <div className="evhead">
        <h2>
          <Mark shape={flagged ? claim.verdict : shapeOf(claim, { ...state, settled: {}, changes: [] })} />
          {heading}
        </h2>
        <span className="nx">
          {flagged
            ? t("evidence.flagOf", { n: flagIndex + 1, all: needs.length })
            : t("evidence.claimOf", { n: row.n, all: rows.length })}
          {flagged && needs.length > 1 && (
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
            <SaidWords said={draftSaid(claim)} side={tone === "supported" ? "mark" : "bad"} />
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
            <Says text={claim.text}>{keep(claim.text)}</Says>
          </div>
        </div>
      )}

      {kept && flagged && (
        <p className="meta">
          {keep(t(kept.kind === "check_was_wrong" ? "keep.beforeWrong" : "keep.before", { name: kept.name ?? t("look.somebody"), reason: kept.reason }))}
        </p>
      )}

      {/* What can be done and what was done stand in one place, which keeps its height: the source below stays where it is read. */}
      <div className="turn">
        {(!readOnly || placed) && (
          <div className={`acts ${acting ? "" : "invisible"} ${(claim.correction?.label.length ?? 0) > SHORT_LABEL ? "tight" : ""}`} inert={!acting}>
            {flagged ? (
              <>
                {may.settle && claim.correction && claim.kind !== "series" && (
                  <button type="button" className={fill} onClick={() => acts.use(row)}>
                    {keep(claim.correction.label)} <Kbd>e</Kbd>
                  </button>
                )}
                {may.settle && !claim.correction && claim.kind !== "series" && (
                  <button type="button" className={mustSettle(claim) ? fill : "b"} onClick={() => acts.edit(row)}>
                    {t("action.edit")} <Kbd>e</Kbd>
                  </button>
                )}
                {may.ask && (
                  <button type="button" className="b" onClick={() => acts.ask(row)}>
                    <span>
                      {t("action.ask")}
                      {may.settle
                        ? (claim.correction?.label.length ?? 0) <= SHORT_LABEL && <span className="wide"> {t("action.askRest")}</span>
                        : ` ${t("action.askRest")}`}
                    </span>{" "}
                    <Kbd>c</Kbd>
                  </button>
                )}
                {claim.headline.toLowerCase().includes("source not") && (
                  <Link className="b" to="/projects/$projectId" params={{ projectId }}>
                    {t("action.addSource")}
                  </Link>
                )}
                {may.settle && (
                  <button
                    type="button"
                    className={!mustSettle(claim) && !claim.correction ? fill : "b bare"}
                    onClick={() => acts.keep(row)}
                  >
                    {mustSettle(claim) ? t("action.keepWhy") : t("action.keepLooked")} <Kbd>r</Kbd>
                  </button>
                )}
                {may.settle && claim.correction && claim.correction.text !== "" && (
                  <button type="button" className="b bare" onClick={() => acts.edit(row)}>
                    {t("action.editOwn")}
                  </button>
                )}
              </>
            ) : (
              <>
                {may.ask && (
                  <button type="button" className="b" onClick={() => acts.flag(row)}>
                    {t("action.flag")} <Kbd>f</Kbd>
                  </button>
                )}
                {may.settle && claim.kind !== "series" && (
                  <button type="button" className="b bare" onClick={() => acts.edit(row)}>
                    {t("action.editOwn")} <Kbd>e</Kbd>
                  </button>
                )}
              </>
            )}
          </div>
        )}
        <div>
          {(settlement || change) && mode.name !== "edit" && (
            <div className="said" role="status">
              <SaidLine settlement={settlement} change={change} />
              <span className="acts">
                {(settlement ? canSettle : !readOnly) && (
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

          {settlement?.kind === "corrected" && settlement.text !== "" && mode.name !== "edit" && recheck && (
            <Again recheck={recheck} claims={recheck.data ? claimsNow(row, settlement.text, recheck.data) : null} />
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
        </div>
      </div>
      {beneath}

      {sheets.map(
        ([anchor, ...others], i) =>
          anchor && (
            <Sheet
              key={`${anchor.source_id} ${anchor.block_id}`}
              projectId={projectId}
              anchor={anchor}
              others={others}
              figures={figures}
              hotkey={i === 0}
              several={sheets.length > 1}
            />
          ),
      )}
      <Compared claim={claim} />
      {claim.verdict === "uncited" && <p className="meta mt-3">{uncitedWords(claim)}</p>}
      {children}
    </section>
  );
}

/** Why a claim has no source: in an outside draft it was looked for, in work of an agent it is for the agent to cite. */
export function uncitedWords(claim: Claim): string {
  if (claim.opinion) return t("evidence.opinion");
  return claim.checks.some((check) => check.kind === "citation") ? t("evidence.noCitation") : t("evidence.uncited");
}

function headingOf(claim: Claim): string {
  const word = t(`verdict.${claim.verdict}`);
  const headline = claim.headline.trim();
  if (!headline || headline.toLowerCase() === word.toLowerCase()) return word;
  return `${word}: ${headline.charAt(0).toLowerCase()}${headline.slice(1)}`;
}
