import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useReducer, useRef, useState } from "react";
import { api, newKey } from "@/api/client";
import { useOfflineSince } from "@/api/live";
import { artifactVersionQuery, base, checkpointQuery, commentsQuery, meQuery } from "@/api/queries";
import { recheckQuery } from "@/api/reviewing";
import type { ArtifactDocument, Checkpoint, DecisionAnswer } from "@/api/types";
import { t } from "@/i18n";
import type { Words } from "@/lib/places";
import { correctionsKey, flaggedNow } from "./again";
import type { Submit } from "./Answers";
import { countsOf } from "./Comments";
import { useDecide } from "./decide";
import { useUndoEnd } from "./effects";
import { dropFormer, setFormer, inSeconds, FORMER_SECONDS } from "./former";
import { acknowledgedOf, approveBody, changesToSend, editsOf, judgedOf, UNDO_SECONDS } from "./outgoing";
import { useOpenReview, usePlace } from "./place";
import { recall, remember } from "./remember";
import { isMine, mayTakeBack, standingOf } from "./signing";
import {
  asked, carriedOf, changedClaims, freePlace, mustSettle, needsOf, openNeeds, readyToSign, reduce, rowsOf, start, tally as tallyOf,
  type Change, type ReviewState, type Row,
} from "./state";

/** What was done with a packet, on its way to the one that took its place; kept in this tab's memory only. */
const carried = new Map<string, ReviewState>();

/** The packet that is on screen: it changes only when the reader says so. */
export interface Shown {
  checkpoint: Checkpoint;
  documents: Record<string, ArtifactDocument>;
}

export type Review = ReturnType<typeof useReview>;

/** A review that is open: what stands on the page, where its reader stands, and what they can do. */
export function useReview(first: Shown, current: Checkpoint) {
  const client = useQueryClient();
  const open = useOpenReview();
  const me = useQuery(meQuery);
  const offline = useOfflineSince() !== null;
  const [shown, setShown] = useState<Shown>(first);
  const { packet, attention } = shown.checkpoint;
  const [recalled] = useState(() => (carried.has(first.checkpoint.id) ? null : recall(first.checkpoint)));
  const [state, dispatch] = useReducer(reduce, first.checkpoint, (c) => {
    const before = carried.get(c.id);
    return before
      ? reduce(before, { type: "open", packet: c.packet, digest: c.packet_digest, attention: c.attention })
      : (recalled?.state ?? start(c.packet, c.packet_digest, c.attention));
  });
  useEffect(() => void carried.delete(first.checkpoint.id), [first.checkpoint.id]);
  // While the packet that takes this one's place is read, what stands here is what stood here: nothing can be done with it.
  const [adopting, setAdopting] = useState<Checkpoint | null>(null);
  const [elsewhere, setElsewhere] = useState<{ checkpoint: Checkpoint; why: string } | null>(null);
  const [whole, setWhole] = useState(false);

  const rows = useMemo(() => rowsOf(packet), [packet]);
  const needs = useMemo(() => needsOf(rows, attention), [rows, attention]);
  const kept = useMemo(() => carriedOf(packet), [packet]);
  const row = rows.find((r) => r.claim.id === state.selected) ?? null;
  const need = needs.find((one) => one.row === null && one.key === state.selected) ?? null;
  const tally = tallyOf(rows, needs, state);

  // What the server says now about this checkpoint: its decision is always shown, its packet only on request.
  const successor = useQuery({
    ...checkpointQuery(current.superseded_by ?? ""),
    enabled: current.status === "superseded" && current.superseded_by !== null,
  });
  // Until it is known what took its place, it is shown as it was.
  const newest = elsewhere?.checkpoint ?? successor.data ?? (successor.isLoading ? shown.checkpoint : current);
  const stale = newest.packet_digest !== shown.checkpoint.packet_digest && newest.status === "pending_review" && newest.held === null && adopting === null;
  /** Deciding what was replaced does nothing, and the bar says so. */
  const [refused, setRefused] = useState<string | null>(null);
  const replaced = () => {
    if (stale) setRefused(newest.packet_digest);
    return stale;
  };
  const status: Checkpoint = adopting ?? (stale ? shown.checkpoint : { ...newest, packet });
  const decided = status.status !== "pending_review" || status.held !== null;
  const standing = standingOf(status, me.data);
  const mayUndo = mayTakeBack(status, me.data);
  // A colleague's is taken back by its button alone: the key may be meant for what the reader did before.
  const undoKey = status.held ? mayUndo && isMine(status, me.data) : standing.voted;
  const canAsk = status.can_request_changes && standing.mayDecide;
  const place = { projectId: status.project_id, sessionId: status.session_id };
  const { items, history, position, total, nextItem, goItem: goBeside, goNext } = usePlace(status.id, status);

  const toFill = packet.question !== null ? packet.form : null;
  const answers = useRef<Submit | null>(null);

  // A decided one is left behind: after the last comes the first.
  const goItem = (by: 1 | -1) => {
    if (status.held && isMine(status, me.data)) keepFormer(status);
    if (decided && by === 1) goNext();
    else goBeside(by);
  };
  /** What was done with this item can be taken back on the next page. */
  const keepFormer = (checkpoint: Checkpoint) => {
    const title = checkpoint.session_title;
    const words = t(`former.${checkpoint.decision?.decision ?? "approve"}`, { title });
    const until = checkpoint.held ? checkpoint.undo_until : null;
    setFormer({
      id: checkpoint.id,
      words,
      until: until ?? inSeconds(FORMER_SECONDS),
      held: until !== null,
      returns: true,
      undo: until === null ? null : async () => {
        const back = await api<DecisionAnswer>(`${base(place)}/checkpoints/${checkpoint.id}/withdraw`, { method: "POST", json: {}, idempotencyKey: newKey() });
        client.setQueryData(checkpointQuery(checkpoint.id).queryKey, back.checkpoint);
        carried.set(checkpoint.id, state);
        for (const queryKey of [["inbox"], ["session", place.sessionId], ["events", place.sessionId]]) void client.invalidateQueries({ queryKey });
      },
    });
  };

  const decision = useDecide({
    id: status.id,
    place,
    onAnswer: (answer, verb, advance) => {
      setElsewhere(null);
      // Corrections that were signed are the draft's next version: taken back, that is what is read on.
      if (verb === "withdraw") {
        dropFormer(answer.checkpoint.id);
        void adopt(answer.checkpoint);
      }
      else if (advance && nextItem) {
        keepFormer(answer.checkpoint);
        open(nextItem.id);
      }
    },
    onStale: (checkpoint, reason) => setElsewhere({ checkpoint, why: reason }),
    onUnsettled: (claim) => dispatch({ type: "select", claim }),
  });
  const { send: decide, busy } = decision;
  const { id: checkpointId, session_id: sessionId, status: standingStatus } = status;
  useEffect(
    () => remember({ id: checkpointId, session_id: sessionId, status: standingStatus }, state),
    [checkpointId, sessionId, standingStatus, state],
  );
  const readOnly = decided || busy !== null || adopting !== null || !standing.mayDecide;
  // What could be done when it was opened keeps its place when it can be done no more.
  const [placed] = useState(first.checkpoint.status === "pending_review" && first.checkpoint.held === null);
  const canSettle = !readOnly && !standing.barred && !standing.voted;

  const select = (claim: string) => dispatch({ type: "select", claim });
  const step = (keys: string[], by: 1 | -1) => {
    if (keys.length === 0) return;
    const from = keys.indexOf(state.selected ?? "");
    const next = keys[from < 0 ? 0 : (from + by + keys.length) % keys.length];
    if (next !== undefined) select(next);
  };
  const claims = rows.map((r) => r.claim.id);
  const nextFlag = (by: 1 | -1) => {
    const left = openNeeds(needs, state);
    const wanted = left.length > 0 ? needs.filter((one) => left.includes(one) || one.key === state.selected) : needs;
    step(wanted.length > 0 ? wanted.map((one) => one.key) : claims, by);
  };

  const sign = (advance = false) => {
    if (!canSettle || offline || replaced()) return;
    const flag = openNeeds(needs, state)[0];
    if (flag) {
      select(flag.key);
      return;
    }
    if (state.changes.length > 0) return;
    const send = (answers?: Record<string, unknown>) =>
      decide("approve", approveBody(packet, state, shown.documents, answers), t("busy.sign"), advance);
    if (toFill) answers.current?.(send);
    else send();
  };
  const reject = (reason: string, advance = false) => {
    if (readOnly || replaced()) return;
    decide("reject", { packet_digest: state.digest, rejection_reason: reason, undo_seconds: UNDO_SECONDS }, t("busy.reject"), advance);
    dispatch({ type: "mode", mode: { name: "read" } });
  };
  const sendChanges = (extra?: Change, advance = false) => {
    if (readOnly || offline || replaced()) return;
    const next = extra ? reduce(state, { type: "ask", change: extra }) : state;
    if (extra) dispatch({ type: "ask", change: extra });
    const changes = changesToSend(packet, next, (s) => (s.text === "" ? t("change.remove") : t("change.replace", { text: s.text })));
    const json = { packet_digest: state.digest, changes, judged: judgedOf(next), acknowledged: acknowledgedOf(packet, next), undo_seconds: UNDO_SECONDS };
    decide("request-changes", json, t("busy.changes"), advance);
  };
  const undo = () => {
    if (adopting === null) decide("withdraw", {}, t("busy.undo"));
  };
  /** Completes the item with what was done so far, and goes on. */
  const complete = () => {
    if (decided) goItem(1);
    else if (state.mode.name !== "read") return;
    else if (state.changes.length > 0) sendChanges(undefined, true);
    else sign(true);
  };
  const showNewest = async () => {
    if (newest.id !== status.id) {
      carried.set(newest.id, state);
      open(newest.id);
      return;
    }
    await adopt(newest);
  };
  const adopt = async (next: Checkpoint) => {
    setAdopting(status);
    const fetched = await Promise.all(
      next.packet.artifacts.map(async (artifact) => {
        const version = await client.fetchQuery(artifactVersionQuery(place, artifact.artifact_id, artifact.version));
        return [artifact.artifact_id, version.document] as const;
      }),
    ).catch((problem: unknown) => {
      decision.setError(problem);
      return null;
    });
    setAdopting(null);
    if (!fetched) return;
    client.setQueryData(checkpointQuery(next.id).queryKey, next);
    setShown({ checkpoint: next, documents: Object.fromEntries(fetched) });
    dispatch({ type: "open", packet: next.packet, digest: next.packet_digest, attention: next.attention });
    setElsewhere(null);
    decision.setError(null);
  };

  const changeFor = (target: Row | null, comment: string): Change => ({
    id: newKey(),
    artifact_id: target?.artifactId ?? null,
    claim_id: target?.claim.id ?? null,
    comment,
  });
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
    note: (target: Row, comment: string) => dispatch({ type: "ask", change: changeFor(target, comment) }),
    sendNow: (target: Row | null, comment: string, advance: boolean) => sendChanges(changeFor(target, comment), advance),
    /** A change on exact words, to be sent with the rest. */
    askWords: (words: Words, comment: string) =>
      dispatch({ type: "ask", change: { id: newKey(), artifact_id: words.artifactId, claim_id: null, passage: words.quote, comment } }),
  };
  const edited = (key: string, text: string | null, was?: string) => {
    const original = freePlace(key) ? was : rows.find((r) => r.claim.id === key)?.claim.text;
    if (text === null) dispatch({ type: "mode", mode: { name: "read" } });
    else if (text === original) dispatch({ type: "take-back", claim: key });
    else {
      const how = text === "" ? "remove" : "edit";
      dispatch({ type: "settle", claim: key, settlement: { kind: "corrected", how, text, ...(was === undefined ? {} : { was }) } });
    }
  };

  const corrections = useMemo(() => correctionsKey(state), [state]);
  const recheck = useQuery({
    ...recheckQuery(place, status.id, shown.checkpoint.packet_digest, corrections, () => editsOf(packet, state, shown.documents)),
    enabled: corrections !== "" && canSettle && !stale,
    placeholderData: keepPreviousData,
  });
  const compared = corrections === "" ? undefined : recheck.data;

  useUndoEnd(status);
  const comments = useQuery(commentsQuery(place.sessionId, status.id));
  const said = useMemo(() => comments.data ?? [], [comments.data]);
  const counts = useMemo(() => countsOf(said), [said]);

  return {
    me: me.data, offline, shown, packet, place, answers, toFill, recalled,
    state, dispatch, rows, row, need, needs, kept, tally,
    ready: readyToSign(needs, state), flagged: flaggedNow(rows, state, compared),
    before: packet.carried_from?.versions ?? null, whole, setWhole,
    status, current, newest, stale, replaced, refused: stale && refused === newest.packet_digest, moved: stale ? changedClaims(packet, newest.packet) : 0, staleWhy: elsewhere?.why ?? null,
    decided, standing, mayUndo, undoKey, canAsk, readOnly, placed, canSettle, busy, error: decision.error, unsure: decision.unsure,
    items, history, position, total, nextItem, goItem, open,
    openRow: row !== null && !state.settled[row.claim.id] && !asked(state, row.claim.id),
    isFlagged: row !== null && needs.some((one) => one.key === row.claim.id),
    select, step, claims, nextFlag, sign, reject, sendChanges, undo, complete, showNewest, acts, edited,
    recheck: { data: compared, pending: recheck.isFetching, error: recheck.error },
    comments: said, counts,
    corrected: Object.values(state.settled).some((s) => s.kind === "corrected"),
  };
}
