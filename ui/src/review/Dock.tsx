import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { Checkpoint } from "@/api/types";
import { Kbd, problemText } from "@/components/States";
import { t } from "@/i18n";
import { clock, exact } from "@/lib/format";
import { Composer } from "./Composer";
import { signaturesWords, type Standing } from "./signing";
import type { Change, ReviewState, Tally } from "./state";

/** Behind the keys 1 to 6; the last key is for one's own words. */
export const REASONS = ["facts", "sources", "task", "outdated", "tone", "unneeded"] as const;
export const OWN_REASON = "9";

/** Seconds left until `iso`, counted down; 0 when it has passed. */
export function useSecondsLeft(iso: string | null): number {
  const left = () => (iso ? Math.max(0, Math.ceil((new Date(iso).getTime() - Date.now()) / 1000)) : 0);
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    setSeconds(left());
    if (!iso) return;
    const timer = setInterval(() => setSeconds(left()), 250);
    return () => clearInterval(timer);
    // `left` only depends on `iso`.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [iso]);
  return seconds;
}

function Status({ title, words, error, calm }: { title: string; words?: string; error?: unknown; calm?: boolean }) {
  return (
    <div className={`st ${calm ? "calm nophone" : ""}`} role="status" title={calm ? words : undefined}>
      <b>{title}</b>
      {error ? <span className="bad">{[problemText(error).title, problemText(error).hint].filter(Boolean).join(" ")}</span> : <span>{words}</span>}
    </div>
  );
}

/** Who decided: "you", or the name; everybody who signed where more than one had to. */
export function decidedBy(checkpoint: Checkpoint, me: string | null): string {
  const { decision } = checkpoint;
  if (!decision) return t("decided.you");
  const names = (checkpoint.votes.length > 1 && decision.decision === "approve" ? checkpoint.votes : [decision]).map((one) =>
    // What the sample signed, nobody gave a signature to.
    one.by !== null && one.by === me && decision.via !== "sample" ? t("decided.you") : one.name,
  );
  return names.length > 1 ? t("decided.and", { first: names.slice(0, -1).join(", "), last: names.at(-1) ?? "" }) : (names[0] ?? "");
}

/** What else the record says of who signed: that nobody had read it, and in whose place. */
function unreadWords(decision: Checkpoint["decision"]): string {
  if (!decision?.batch) return "";
  const names = (decision.batch.instead_of ?? []).map((one) => one.name).join(", ");
  return names ? t("decided.unreadFor", { names }) : t("decided.unread");
}

/** A finished decision, in words. */
export function decidedWords(checkpoint: Checkpoint, me: string | null): { title: string; words: string } {
  const { decision, held, status } = checkpoint;
  const by = decidedBy(checkpoint, me);
  const at = decision ? clock(decision.at) : "";
  if (status === "approved" || held === "approve") {
    const word = checkpoint.kind === "final" ? "decided.signed" : "decided.approved";
    return { title: t(word, { by, at }), words: [unreadWords(decision), ...checkpoint.effects.map((effect) => effect.label)].filter(Boolean).join(" · ") };
  }
  if (status === "rejected" || held === "reject") return { title: t("decided.rejected", { by, reason: decision?.reason ?? "" }), words: t("decided.nothing") };
  if (status === "changes_requested" || held === "request_changes") {
    // Nobody rewrites an outside draft: it waits again at once, as it is, with what was asked for beside it.
    const words = checkpoint.agent_type === "check" ? t("decided.againOutside") : t("decided.again");
    return { title: t("decided.changes", { by, at }), words };
  }
  if (status === "expired") return { title: t("decided.expired"), words: t("decided.nothing") };
  return { title: t("decided.superseded"), words: t("decided.newer") };
}

/** What stands by a wish or a reason that cannot be sent since what it was about was replaced. */
export function replacedWords(r: { stale: boolean }): string | undefined {
  return r.stale ? `${t("stale.replaced")} ${t("stale.nothing")}` : undefined;
}

/** What stands by a wish that somebody was writing when it was decided; nothing while it is not. */
export function closedWords(r: { decided: boolean; status: Checkpoint; me: { id: string } | undefined }): string | undefined {
  return r.decided ? t("ask.closed", { what: decidedWords(r.status, r.me?.id ?? null).title }) : undefined;
}

export interface DockActs {
  sign: () => void;
  reject: (reason: string, advance?: boolean) => void;
  askWhole: () => void;
  send: () => void;
  undo: () => void;
  choose: (what: "assign" | "snooze") => void;
  /** Goes to what took the place of the packet on screen. */
  look: () => void;
  setMode: (mode: ReviewState["mode"]) => void;
}

export function Dock({
  checkpoint,
  state,
  tally,
  flagged,
  standing,
  ready,
  busy,
  offline,
  unsure,
  closed,
  replaced,
  error,
  undoUntil,
  mayUndo,
  undoKey,
  signLabel,
  canAsk,
  me,
  nextId,
  several,
  acts,
}: {
  checkpoint: Checkpoint;
  state: ReviewState;
  tally: Tally;
  /** Corrections that were compared again and are flagged. */
  flagged: number;
  standing: Standing;
  ready: boolean;
  busy: string | null;
  offline: boolean;
  /** Whether a decision was sent of which nobody knows if it arrived. */
  unsure: boolean;
  /** Why nothing can be decided any more. */
  closed: string | undefined;
  /** What the reader looks at was replaced: null where it was not, else whether they tried to decide it. */
  replaced: { tried: boolean } | null;
  error: unknown;
  undoUntil: string | null;
  mayUndo: boolean;
  /** Whether `u` takes back this one, and not what was done with the one before. */
  undoKey: boolean;
  signLabel: string;
  canAsk: boolean;
  me: string | null;
  nextId: string | null;
  /** Whether there is anybody else to give it to. */
  several: boolean;
  acts: DockActs;
}) {
  const left = useSecondsLeft(undoUntil);
  const [more, setMore] = useState(false);
  const label = t("dock.label");

  // First of all: a reason that is being written stays when somebody else decides.
  if (state.mode.name === "reject-text") {
    return (
      <footer className="dock" aria-label={label}>
        <div className="w-full">
          <Composer
            label={t("reject.write")}
            placeholder={t("reject.placeholder")}
            submit={t("reject.submit")}
            short
            help={t("reject.words")}
            closed={closed}
            draft={`reject ${checkpoint.id}`}
            onSubmit={(text, advance) => acts.reject(text, advance)}
            onCancel={() => acts.setMode({ name: closed === undefined ? "reject" : "read" })}
          />
        </div>
      </footer>
    );
  }

  // Held is what the server says is held: the reader's clock may be wrong.
  if (undoUntil) {
    const { title } = decidedWords(checkpoint, me);
    return (
      <footer className="dock" aria-label={label}>
        <i className="fuse" key={undoUntil} style={{ "--fuse": `${left}s` } as React.CSSProperties} />
        <Status title={title} words={left > 0 ? t("undo.words", { count: left }) : t("undo.now")} error={error} />
        {mayUndo && (
          <button type="button" className="b big" onClick={acts.undo} disabled={busy !== null}>
            {t("undo.button")} {undoKey && <Kbd>u</Kbd>}
          </button>
        )}
      </footer>
    );
  }

  if (checkpoint.status !== "pending_review" || checkpoint.held !== null) {
    const { title, words } = decidedWords(checkpoint, me);
    const mine = me === null || [checkpoint.decision, ...checkpoint.votes].some((one) => one?.by === me);
    const lost = !mine && Object.keys(state.settled).length > 0;
    return (
      <footer className="dock" aria-label={label}>
        <div className="st" role="status" title={exact(checkpoint.decision?.at)}>
          <b>{title}</b>
          <span>{lost ? `${words} ${t("decided.notTaken")}` : words}</span>
        </div>
        <Link
          className="b"
          to="/projects/$projectId/sessions/$sessionId"
          params={{ projectId: checkpoint.project_id, sessionId: checkpoint.session_id }}
        >
          {t("action.openWork")}
        </Link>
        {nextId && (
          <Link className="b big fill" to="/review/$checkpointId" params={{ checkpointId: nextId }}>
            {t("action.nextItem")} <Kbd>j</Kbd>
          </Link>
        )}
      </footer>
    );
  }

  if (replaced && state.mode.name !== "ask") {
    return (
      <footer className="dock" aria-label={label}>
        <Status title={t(replaced.tried ? "dock.notDone" : "stale.replaced")} words={t(replaced.tried ? "stale.tried" : "stale.nothing")} />
        <button type="button" className="b big" onClick={acts.look}>
          {t("stale.look")}
        </button>
      </footer>
    );
  }

  if (state.mode.name === "reject") {
    return (
      <footer className="dock" aria-label={label}>
        <Status title={t("reject.why")} words={t("reject.words")} error={error} />
        <span className="choices">
          {REASONS.map((reason, i) => (
            <button type="button" className="b" key={reason} disabled={busy !== null} onClick={() => acts.reject(t(`reject.${reason}`))}>
              {t(`reject.${reason}`)} <Kbd>{i + 1}</Kbd>
            </button>
          ))}
          <button type="button" className="b" onClick={() => acts.setMode({ name: "reject-text" })}>
            {t("reject.own")} <Kbd>{OWN_REASON}</Kbd>
          </button>
          <button type="button" className="b bare" onClick={() => acts.setMode({ name: "read" })}>
            {t("action.back")} <Kbd>Esc</Kbd>
          </button>
        </span>
      </footer>
    );
  }

  if (state.mode.name === "ask" && state.mode.claim === null) return null;

  const { barred, mayDecide, voted } = standing;
  const signatures = signaturesWords(checkpoint, me);
  const maySign = mayDecide && !barred && !voted;
  const send = tally.asked > 0;
  // Nothing stands beside rejecting and asking for changes.
  const alone = !maySign && !send && !voted;
  const stop = busy !== null;
  const status = offline ? (
    <Status title={t(unsure ? "dock.unsure" : "dock.offline")} words={t(unsure ? "dock.unsureWords" : "dock.offlineWords")} />
  ) : error ? (
    <Status title={t("dock.notDone")} error={error} />
  ) : busy ? (
    <Status title={busy} words={t("dock.busyWords")} />
  ) : !mayDecide ? (
    <Status title={t("sign.viewer")} words={t("sign.viewerWords")} />
  ) : send && !maySign ? (
    <Status title={t("dock.asked", { count: tally.asked })} words={barred ? t("sign.barred") : t("sign.votedAsks")} />
  ) : barred ? (
    <Status title={t("sign.barred")} words={t("sign.barredWords")} />
  ) : voted ? (
    <Status title={t("sign.voted")} words={t("sign.votedWords", { count: standing.quorum - standing.votes })} />
  ) : (
    <Progress checkpoint={checkpoint} tally={tally} flagged={flagged} alone={standing.alone} />
  );
  return (
    <footer className="dock deciding" aria-label={label}>
      {status}
      <Beside checkpoint={checkpoint} signatures={signatures} quiet={maySign && (tally.open > 0 || send)} />
      {mayDecide && (
        <span className={more || alone ? "contents" : "nophone contents"}>
          <button type="button" className="b bare" disabled={stop} onClick={() => acts.setMode({ name: "reject" })}>
            {t("action.reject")} <Kbd>x</Kbd>
          </button>
          {canAsk && (
            <button type="button" className="b bare" disabled={stop} onClick={acts.askWhole}>
              {t("action.askChanges")} <Kbd>c</Kbd>
            </button>
          )}
          <button type="button" className="b bare" disabled={stop} title={t("keysHelp.snooze")} onClick={() => acts.choose("snooze")}>
            {t("handOn.snooze")} <Kbd>s</Kbd>
          </button>
          {several && (
            <button type="button" className="b bare" disabled={stop} title={t("keysHelp.assign")} onClick={() => acts.choose("assign")}>
              {t("action.assign")} <Kbd>m</Kbd>
            </button>
          )}
        </span>
      )}
      {mayDecide && !alone && <span className="sep nophone" />}
      {send && (
        <button
          type="button"
          className={`b big ${tally.open === 0 || !maySign ? "fill" : ""}`}
          disabled={stop || offline}
          onClick={acts.send}
        >
          {checkpoint.iteration === checkpoint.max_iterations - 1
            ? t("action.sendLast", { count: tally.asked })
            : t("action.send", { count: tally.asked })}
        </button>
      )}
      {voted && (
        <button type="button" className="b big" disabled={stop || offline} onClick={acts.undo}>
          {t("sign.withdraw")} <Kbd>u</Kbd>
        </button>
      )}
      {maySign && (
        <button
          type="button"
          className={`b big ${ready ? "fill" : "wait"}`}
          aria-disabled={!ready || offline || stop}
          onClick={acts.sign}
        >
          {signLabel} <Kbd>a</Kbd>
        </button>
      )}
      {mayDecide && !alone && (
        <button type="button" className="b onlyphone" aria-expanded={more} onClick={() => setMore(!more)}>
          {t("action.more")}
        </button>
      )}
    </footer>
  );
}

/** How far the reader is. */
function Progress({ checkpoint, tally, flagged, alone }: { checkpoint: Checkpoint; tally: Tally; flagged: number; alone: boolean }) {
  if (tally.open > 0) {
    const words = tally.asked ? t("dock.openAsked", { count: tally.asked }) : t("dock.openWords");
    return <Status calm title={t("dock.open", { count: tally.open })} words={words} />;
  }
  if (tally.asked > 0) return <Status title={t("dock.asked", { count: tally.asked })} words={t("dock.askedWords")} />;
  if (flagged > 0) return <Status title={t("dock.ready")} words={t("recheck.dock", { count: flagged })} />;
  if (tally.corrected > 0 && !alone) return <Status calm title={t("sign.share")} words={t("sign.shareWords")} />;
  const done = [
    tally.corrected ? t("dock.corrected", { count: tally.corrected }) : "",
    tally.kept ? t("dock.kept", { count: tally.kept }) : "",
  ].filter(Boolean);
  const final = checkpoint.kind === "final";
  if (checkpoint.undeliverable.length > 0) return <Status title={t("dock.ready")} words={t("effect.dock")} />;
  const effects = checkpoint.effects.map((effect) => effect.label).join(" · ");
  return (
    <Status
      calm
      title={final ? t("dock.ready") : t("dock.readyMid")}
      words={done.join(", ") || effects || t(final ? "dock.readyWords" : "dock.readyMidWords")}
    />
  );
}

/** Beside the button: who has signed, and why it matters; `quiet` where what is still open is said already. Never a number of risk. */
function Beside({ checkpoint, signatures, quiet }: { checkpoint: Checkpoint; signatures: string; quiet: boolean }) {
  const said = checkpoint.packet.risk?.because ?? [];
  // A single reason is that something needs the reader, and how much is open stands beside it.
  const because = quiet && said.length < 2 ? [] : said;
  if (!signatures && because.length === 0) return null;
  return (
    <div className="beside" title={because.join(" ")}>
      {signatures && <b>{signatures}</b>}
      {because.length > 0 && <span className="nophone">{t("dock.because", { words: because.join(" ") })}</span>}
    </div>
  );
}

/** Wishes for the whole draft, where the decision stands: those noted so far, each to be taken back, and one more. */
export function AskDock({
  noted,
  closed,
  unsent,
  onTakeBack,
  onAdd,
  onSend,
  onCancel,
}: {
  noted: Change[];
  /** Why it cannot be sent any more. */
  closed: string | undefined;
  /** Why nothing can be sent as things stand; it can be noted all the same. */
  unsent: string | undefined;
  onTakeBack: (id: string) => void;
  onAdd: (text: string) => void;
  onSend: (text: string, advance: boolean) => void;
  onCancel: () => void;
}) {
  return (
    <footer className="dock" aria-label={t("dock.label")}>
      <div className="w-full">
        <Composer
          label={t("ask.whole")}
          placeholder={t("ask.placeholderWhole")}
          submit={t("ask.add")}
          help={t("ask.help")}
          closed={closed}
          above={
            noted.length > 0 && (
              <ul className="noted" aria-label={t("ask.noted")}>
                {noted.map((change) => (
                  <li key={change.id}>
                    <span>
                      {change.passage && <q>{change.passage.length > 80 ? `${change.passage.slice(0, 80)} …` : change.passage}</q>}
                      {change.passage && ": "}
                      {change.comment}
                    </span>
                    <button type="button" className="b small" disabled={closed !== undefined} onClick={() => onTakeBack(change.id)}>
                      {t("action.takeBack")}
                    </button>
                  </li>
                ))}
              </ul>
            )
          }
          onSubmit={onAdd}
          onCancel={onCancel}
          also={{ label: t("ask.send"), onSubmit: onSend, closed: unsent }}
        />
      </div>
    </footer>
  );
}

export function LoadingDock() {
  return (
    <footer className="dock" aria-label={t("dock.label")}>
      <Status title={t("dock.opening")} words={t("dock.openingWords")} />
    </footer>
  );
}
