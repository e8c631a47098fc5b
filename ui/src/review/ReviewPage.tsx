import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useReducer, useRef, useState } from "react";
import { useForm, type FieldValues } from "react-hook-form";
import { newKey } from "@/api/client";
import { useOfflineSince } from "@/api/live";
import {
  artifactVersionQuery, checkpointQuery, commentsQuery, meQuery, projectQuery, revealQuery, sinceLastQuery,
} from "@/api/queries";
import type { ArtifactDocument, Checkpoint } from "@/api/types";
import { cleaned, defaultsOf, SchemaFields } from "@/components/SchemaForm";
import { SinceLastPanel } from "@/components/SinceLast";
import { WhyPanel } from "@/components/WhyPolicy";
import { t, tMaybe } from "@/i18n";
import { useKeys } from "@/lib/keys";
import { runtimeWords } from "@/lib/runtime";
import { repairWords } from "@/lib/usage";
import { BudgetAsked } from "./BudgetAsked";
import { Changes } from "./Changes";
import { countsOf, Thread } from "./Comments";
import { useDecide } from "./decide";
import { AskDock, Banner, decidedWords, Dock, REASONS } from "./Dock";
import { Draft } from "./Draft";
import { useInView, useUndoEnd } from "./effects";
import { EvidencePane } from "./Evidence";
import { Head } from "./Head";
import { onlooker, useLooking } from "./looking";
import { NeedPane } from "./Need";
import { KeysHelp, Obligations, PlanSteps, Reveal, WhyStopped } from "./Panels";
import { usePlace } from "./place";
import { Queue } from "./Queue";
import { recall, remember } from "./remember";
import { signWords, standingOf } from "./signing";
import {
  acknowledgedOf, approveBody, asked, carriedOf, changedClaims, changesToSend, judgedOf, keptBefore, mustSettle, needsOf, openNeeds, readyToSign, reduce, rowsOf, start,
  tally as tallyOf, type ReviewState, type Row,
} from "./state";

/** What was done with a packet, on its way to the one that took its place; kept in this tab's memory only. */
const carried = new Map<string, ReviewState>();

/** The packet that is on screen: it changes only when the reader says so. */
export interface Shown {
  checkpoint: Checkpoint;
  documents: Record<string, ArtifactDocument>;
}

export function ReviewPage({
  first,
  current,
  help,
  setHelp,
}: {
  first: Shown;
  current: Checkpoint;
  help: boolean;
  setHelp: (on: boolean) => void;
}) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const me = useQuery(meQuery);
  const offline = useOfflineSince() !== null;
  const [shown, setShown] = useState<Shown>(first);
  const { packet } = shown.checkpoint;
  const [recalled] = useState(() => (carried.has(first.checkpoint.id) ? null : recall(first.checkpoint)));
  const [state, dispatch] = useReducer(reduce, first.checkpoint, (c) => {
    const before = carried.get(c.id);
    carried.delete(c.id);
    return before
      ? reduce(before, { type: "open", packet: c.packet, digest: c.packet_digest, attention: c.attention })
      : (recalled?.state ?? start(c.packet, c.packet_digest, c.attention));
  });
  const [adopting, setAdopting] = useState(false);
  const [elsewhere, setElsewhere] = useState<{ checkpoint: Checkpoint; why: string } | null>(null);
  const [why, setWhy] = useState(false);
  const draft = useRef<HTMLDivElement>(null);
  const evidence = useRef<HTMLElement>(null);

  const rows = useMemo(() => rowsOf(packet), [packet]);
  const { attention } = shown.checkpoint;
  const needs = useMemo(() => needsOf(rows, attention), [rows, attention]);
  const kept = useMemo(() => carriedOf(packet), [packet]);
  const before = packet.carried_from?.versions ?? null;
  const [whole, setWhole] = useState(false);
  const row = rows.find((r) => r.claim.id === state.selected) ?? null;
  const need = needs.find((one) => one.row === null && one.key === state.selected) ?? null;
  const tally = tallyOf(rows, needs, state);
  const ready = readyToSign(needs, state);

  // What the server says now about this checkpoint: its decision is always shown, its packet only on request.
  const successor = useQuery({
    ...checkpointQuery(current.superseded_by ?? ""),
    enabled: current.status === "superseded" && current.superseded_by !== null,
  });
  const newest = elsewhere?.checkpoint ?? successor.data ?? current;
  const stale = newest.packet_digest !== shown.checkpoint.packet_digest && newest.status === "pending_review" && !newest.approve_pending && !adopting;
  const moved = stale ? changedClaims(packet, newest.packet) : 0;
  const status: Checkpoint = stale ? shown.checkpoint : { ...newest, packet };
  const decided = status.status !== "pending_review" || status.approve_pending;
  const standing = standingOf(status, me.data);
  const canAsk = status.can_request_changes && standing.mayDecide;
  const place = { projectId: status.project_id, sessionId: status.session_id };

  const toFill = packet.question !== null ? packet.form : null;
  const form = useForm<FieldValues>({
    mode: "onTouched",
    defaultValues: { answers: toFill ? defaultsOf(toFill) : {} },
  });

  const { send: decide, busy, error, setError } = useDecide({
    id: status.id,
    place,
    onAnswer: (answer, verb) => {
      setElsewhere(null);
      // Corrections that were signed are the draft's next version: taken back, that is what is read on.
      if (verb === "withdraw") void adopt(answer.checkpoint);
    },
    onStale: (checkpoint, reason) => setElsewhere({ checkpoint, why: reason }),
    onUnsettled: (claim) => dispatch({ type: "select", claim }),
  });
  const { id: checkpointId, session_id: sessionId, status: standingStatus } = status;
  useEffect(
    () => remember({ id: checkpointId, session_id: sessionId, status: standingStatus }, state),
    [checkpointId, sessionId, standingStatus, state],
  );
  const readOnly = decided || busy !== null || !standing.mayDecide;
  const canSettle = !readOnly && !standing.barred && !standing.voted;

  const select = (claim: string) => dispatch({ type: "select", claim });
  const step = (keys: string[], by: 1 | -1) => {
    if (keys.length === 0) return;
    const at = keys.indexOf(state.selected ?? "");
    const next = keys[at < 0 ? 0 : (at + by + keys.length) % keys.length];
    if (next !== undefined) select(next);
  };
  const claims = rows.map((r) => r.claim.id);
  const nextFlag = (by: 1 | -1) => {
    const open = openNeeds(needs, state);
    const wanted = open.length > 0 ? needs.filter((one) => open.includes(one) || one.key === state.selected) : needs;
    step(wanted.length > 0 ? wanted.map((one) => one.key) : claims, by);
  };

  const sign = () => {
    if (!canSettle || offline || stale) return;
    const first = openNeeds(needs, state)[0];
    if (first) {
      select(first.key);
      return;
    }
    if (state.changes.length > 0) return;
    const send = (answers?: Record<string, unknown>) =>
      decide("approve", approveBody(packet, state, shown.documents, answers), t("busy.sign"));
    if (toFill) {
      void form.handleSubmit((values) => send(cleaned(toFill, values["answers"] as Record<string, unknown>)))();
    } else send();
  };
  const reject = (reason: string) => {
    if (readOnly || stale) return;
    decide("reject", { packet_digest: state.digest, rejection_reason: reason }, t("busy.reject"));
    dispatch({ type: "mode", mode: { name: "read" } });
  };
  const sendChanges = (extra?: { claim: Row | null; text: string }) => {
    if (readOnly || offline || stale) return;
    let next = state;
    if (extra) {
      const action = {
        type: "ask" as const,
        change: {
          id: newKey(),
          artifact_id: extra.claim?.artifactId ?? null,
          claim_id: extra.claim?.claim.id ?? null,
          comment: extra.text,
        },
      };
      next = reduce(state, action);
      dispatch(action);
    }
    const changes = changesToSend(packet, next, (s) => (s.text === "" ? t("change.remove") : t("change.replace", { text: s.text })));
    decide("request-changes", { packet_digest: state.digest, changes, judged: judgedOf(next), acknowledged: acknowledgedOf(packet, next) }, t("busy.changes"));
  };
  const undo = () => decide("withdraw", {}, t("busy.undo"));
  const showNewest = async () => {
    if (newest.id !== status.id) {
      carried.set(newest.id, state);
      void navigate({ to: "/review/$checkpointId", params: { checkpointId: newest.id } });
      return;
    }
    await adopt(newest);
  };
  const adopt = async (next: Checkpoint) => {
    setAdopting(true);
    const fetched = await Promise.all(
      next.packet.artifacts.map(async (artifact) => {
        const version = await client.fetchQuery(artifactVersionQuery(place, artifact.artifact_id, artifact.version));
        return [artifact.artifact_id, version.document] as const;
      }),
    ).catch((problem: unknown) => {
      setError(problem);
      return null;
    });
    setAdopting(false);
    if (!fetched) return;
    client.setQueryData(checkpointQuery(next.id).queryKey, next);
    setShown({ checkpoint: next, documents: Object.fromEntries(fetched) });
    dispatch({ type: "open", packet: next.packet, digest: next.packet_digest, attention: next.attention });
    setElsewhere(null);
    setError(null);
  };

  const acts = {
    use: ({ claim }: Row) =>
      claim.correction &&
      dispatch({
        type: "settle",
        claim: claim.id,
        settlement: { kind: "corrected", how: claim.correction.text === "" ? "remove" : "use", text: claim.correction.text },
      }),
    keep: ({ claim }: Row) =>
      mustSettle(claim)
        ? dispatch({ type: "mode", mode: { name: "keep", claim: claim.id } })
        : dispatch({ type: "settle", claim: claim.id, settlement: { kind: "kept", reason: t("keep.looked"), why: "accepted" } }),
    edit: ({ claim }: Row) => dispatch({ type: "mode", mode: { name: "edit", claim: claim.id } }),
    ask: (r: Row | null) => dispatch({ type: "mode", mode: { name: "ask", claim: r?.claim.id ?? null } }),
    flag: ({ claim }: Row) => dispatch({ type: "mode", mode: { name: "ask", claim: claim.id } }),
    next: () => nextFlag(1),
    sendNow: sendChanges,
  };
  const edited = (claimId: string, text: string | null) => {
    const original = rows.find((r) => r.claim.id === claimId)?.claim.text;
    if (text === null || text === original) dispatch({ type: "mode", mode: { name: "read" } });
    else dispatch({ type: "settle", claim: claimId, settlement: { kind: "corrected", how: text === "" ? "remove" : "edit", text } });
  };

  const { items, position, total, nextItem, goItem } = usePlace(status.id, status);

  const openRow = row !== null && !state.settled[row.claim.id] && !asked(state, row.claim.id);
  const flagged = row !== null && needs.some((one) => one.key === row.claim.id);
  const rejecting = state.mode.name === "reject";
  useKeys({
    j: () => goItem(1),
    k: () => goItem(-1),
    n: () => nextFlag(1),
    p: () => nextFlag(-1),
    ArrowDown: () => step(claims, 1),
    ArrowUp: () => step(claims, -1),
    e: () => {
      if (!canSettle || !row || row.claim.kind === "series") return;
      if (openRow && flagged && row.claim.correction) acts.use(row);
      else if (!asked(state, row.claim.id)) acts.edit(row);
    },
    r: () => {
      if (!canSettle) return;
      if (row && openRow && flagged) acts.keep(row);
      else if (need && openNeeds([need], state).length > 0)
        dispatch({ type: "settle", claim: need.key, settlement: { kind: "kept", reason: t("keep.read"), why: "accepted" } });
    },
    f: () => {
      if (!readOnly && row && openRow && !flagged && canAsk) acts.flag(row);
    },
    c: () => {
      if (readOnly || !canAsk) return;
      if (need && openNeeds([need], state).length > 0) dispatch({ type: "mode", mode: { name: "ask", claim: need.key } });
      else acts.ask(openRow ? row : null);
    },
    x: () => {
      if (!readOnly && !stale) dispatch({ type: "mode", mode: { name: "reject" } });
    },
    ...Object.fromEntries(REASONS.map((reason, i) => [String(i + 1), () => rejecting && reject(t(`reject.${reason}`))])),
    "4": () => {
      if (rejecting) dispatch({ type: "mode", mode: { name: "reject-text" } });
    },
    a: sign,
    u: () => {
      if ((status.approve_pending || standing.voted) && busy === null) undo();
    },
    o: () => {
      const anchor = row?.claim.anchors[0];
      if (anchor)
        void navigate({
          to: "/projects/$projectId/sources/$sourceId",
          params: { projectId: place.projectId, sourceId: anchor.source_id },
          search: { version: anchor.version, start: anchor.char_start, end: anchor.char_end },
        });
    },
    v: () => before && setWhole(!whole),
    "?": () => setHelp(!help),
    Escape: () => {
      if (state.mode.name !== "read") dispatch({ type: "mode", mode: { name: "read" } });
      else if (help) setHelp(false);
      else if (why) setWhy(false);
    },
  });

  useInView(state.selected, draft, evidence);
  useUndoEnd(status);

  const project = useQuery(projectQuery(place.projectId));
  const revealed = useQuery({
    ...revealQuery(place),
    enabled: decided && !status.approve_pending && (project.data?.sample_key === "check" || project.data?.sample_key === "report"),
  });

  const since = useQuery({
    ...sinceLastQuery(place),
    enabled: status.status === "approved" && status.kind === "final" && status.agent_type === "reporting",
  });

  const comments = useQuery(commentsQuery(place.sessionId, status.id));
  const counts = useMemo(() => countsOf(comments.data ?? []), [comments.data]);
  const listed = onlooker(items.find((item) => item.id === status.id), me.data?.id);
  const looking = useLooking(status.id, !decided && me.data !== undefined && standing.mayDecide, listed?.id ?? null);
  const thread = (claim: Row | null) => (
    <Thread
      key={claim?.claim.id ?? ""}
      checkpoint={status}
      claim={claim && { id: claim.claim.id, n: claim.n }}
      me={me.data?.id ?? null}
      mayWrite={me.data !== undefined && me.data.role !== "viewer"}
    />
  );

  const madeBy = runtimeWords(packet.runtime ?? "");
  const plan = packet.kind === "plan";
  const corrected = Object.values(state.settled).some((s) => s.kind === "corrected");

  return (
    <div className="review screen">
      <Queue
        items={items}
        current={status.id}
        position={position}
        total={total}
        needs={needs}
        obligations={packet.obligations}
        counts={counts}
        state={state}
        me={me.data?.id}
        onSelect={select}
        onHelp={() => setHelp(!help)}
      />
      <main className="artifact">
        <Head
          checkpoint={status}
          rows={rows}
          state={state}
          tally={tally}
          needed={needs.length}
          voted={standing.voted}
          counts={counts}
          other={looking.other}
          why={why}
          carried={before ? { count: kept.size, whole, toggle: () => setWhole(!whole) } : null}
          onTakeOver={looking.takeOver}
          onWhy={() => setWhy(!why)}
          onSelect={select}
        />
        {stale && (
          <Banner
            strong={moved > 0 ? t("stale.changed", { count: moved }) : t("stale.replaced")}
            words={[elsewhere?.why, t("stale.nothing")].filter(Boolean).join(" ")}
            action={{ label: t("stale.show"), act: () => void showNewest() }}
          />
        )}
        {recalled?.dropped && !stale && !decided && Object.keys(state.settled).length === 0 && (
          <Banner strong={t("stale.dropped")} words={t("stale.again")} />
        )}
        {status.status === "rejected" && (
          <div className="banner" role="status">
            <span>
              <b>{decidedWords(status, me.data?.id ?? null).title}</b>{" "}
              {t("decided.nothing")}
            </span>
          </div>
        )}
        <div className="draft" ref={draft}>
          <WhyStopped packet={packet} listed={new Set(needs.map((one) => one.kind))} />
          <BudgetAsked packet={packet} />
          {packet.repair && <p className="meta repaired">{repairWords(packet.repair)}</p>}
          {plan && <PlanSteps packet={packet} />}
          {packet.question && (
            <div className="doc">
              <p>{packet.question.text}</p>
              {toFill && (
                <form className="mt-4 font-sans text-[13px] leading-5" onSubmit={(event) => { event.preventDefault(); sign(); }}>
                  <SchemaFields schema={toFill} control={form.control} prefix="answers" />
                </form>
              )}
            </div>
          )}
          {packet.artifacts.map((artifact) => {
            const document = shown.documents[artifact.artifact_id];
            const from = before?.[artifact.artifact_id];
            if (document && from !== undefined && !whole)
              return (
                <Changes
                  key={`${artifact.artifact_id}-${artifact.version}`}
                  place={place}
                  from={from}
                  to={artifact.version}
                  kept={kept}
                  document={document}
                  artifactId={artifact.artifact_id}
                  heading={packet.artifacts.length > 1 ? artifact.title : null}
                  rows={rows}
                  state={state}
                  onSelect={select}
                  onEdited={edited}
                />
              );
            return (
              document && (
                <Draft
                  key={`${artifact.artifact_id}-${artifact.version}`}
                  document={document}
                  artifactId={artifact.artifact_id}
                  heading={packet.artifacts.length > 1 ? artifact.title : null}
                  rows={rows}
                  state={state}
                  onSelect={select}
                  onEdited={edited}
                />
              )
            );
          })}
          {packet.artifacts.length > 0 && (
            <div className="endnote">
              <p>{t("draft.end")}</p>
              {packet.effects.length > 0 && (
                <>
                  <p className="mt-2">{t("draft.effects")}</p>
                  <ul>
                    {packet.effects.map((effect, i) => (
                      <li key={i}>– {effect.label}</li>
                    ))}
                  </ul>
                </>
              )}
              {madeBy && <p className="mt-2">{t("runtime.madeBy", { who: madeBy })}</p>}
              {packet.risk && <p className="mt-2">{t("dock.because", { words: packet.risk.because.join(" ") })}</p>}
            </div>
          )}
        </div>
      </main>
      <aside className="evidence" aria-label={t("evidence.pane")} ref={evidence} tabIndex={-1}>
        {help && <KeysHelp onClose={() => setHelp(false)} />}
        {why && <WhyPanel place={place} onClose={() => setWhy(false)} />}
        {revealed.data && revealed.data.length > 0 && <Reveal
            items={revealed.data}
            rows={rows}
            kept={new Set((status.decision?.acknowledged ?? []).map((a) => a.claim_id))}
            onSelect={select}
          />}
        {since.data && <SinceLastPanel since={since.data} projectId={place.projectId} className="ev" />}
        {row && (
          <EvidencePane
            projectId={place.projectId}
            rows={rows}
            needs={needs}
            row={row}
            kept={keptBefore(packet, row.claim.id)}
            state={state}
            readOnly={readOnly}
            canSettle={canSettle}
            canAsk={canAsk}
            dispatch={dispatch}
            acts={acts}
          >
            {thread(row)}
          </EvidencePane>
        )}
        {need && (
          <NeedPane
            need={need}
            needs={needs}
            state={state}
            obligations={packet.obligations}
            readOnly={readOnly}
            canSettle={canSettle}
            canAsk={canAsk}
            dispatch={dispatch}
            next={() => nextFlag(1)}
          >
            {thread(null)}
          </NeedPane>
        )}
        {packet.obligations.length > 0 && <Obligations
            items={packet.obligations}
            judged={state.judged}
            onJudge={readOnly ? null : (obligation, word) => dispatch({ type: "judge", obligation, state: word })}
          />}
        {!row && !need && (
          <section className="ev">
            <h2 className="h3">{t("after.title")}</h2>
            <p className="mt-2 text-ink-2">{packet.task}</p>
            <ul className="mt-3">
              {packet.effects.map((effect, i) => (
                <li className="py-1" key={i}>
                  {effect.label}
                </li>
              ))}
              {packet.effects.length === 0 && <li className="quiet">{t("after.noEffect")}</li>}
            </ul>
            {thread(null)}
          </section>
        )}
      </aside>
      {state.mode.name === "ask" && state.mode.claim === null && !decided ? (
        <AskDock
          noted={state.changes.filter((change) => (change.about ?? change.claim_id) === null)}
          onTakeBack={(id) => dispatch({ type: "unask", id })}
          onAdd={(comment) => dispatch({ type: "ask", change: { id: newKey(), artifact_id: null, claim_id: null, comment } })}
          onSend={(text) => sendChanges({ claim: null, text })}
          onCancel={() => dispatch({ type: "mode", mode: { name: "read" } })}
        />
      ) : (
        <Dock
          checkpoint={status}
          state={state}
          tally={tally}
          standing={standing}
          ready={ready}
          busy={busy}
          offline={offline}
          error={error}
          undoUntil={status.approve_pending ? status.undo_until : null}
          signLabel={signWords(status.consequence || tMaybe(`consequence.${packet.kind}`, t("consequence.final")), standing, corrected)}
          canAsk={canAsk}
          me={me.data?.id ?? null}
          nextId={nextItem?.id ?? null}
          acts={{
            sign,
            reject,
            askWhole: () => acts.ask(null),
            send: () => sendChanges(),
            undo,
            setMode: (mode) => dispatch({ type: "mode", mode }),
          }}
        />
      )}
    </div>
  );
}
