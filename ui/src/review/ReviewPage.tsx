import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useReducer, useRef, useState } from "react";
import { useForm, type FieldValues } from "react-hook-form";
import { newKey } from "@/api/client";
import { useOfflineSince } from "@/api/live";
import {
  artifactVersionQuery, checkpointQuery, inboxQuery, meQuery, projectQuery, revealQuery, sinceLastQuery,
} from "@/api/queries";
import type { ArtifactDocument, Checkpoint, CheckpointItem } from "@/api/types";
import { cleaned, defaultsOf, SchemaFields } from "@/components/SchemaForm";
import { SinceLastPanel } from "@/components/SinceLast";
import { t, tMaybe } from "@/i18n";
import { exact, when } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { useDecide } from "./decide";
import { Banner, decidedWords, Dock, REASONS } from "./Dock";
import { Draft } from "./Draft";
import { Composer, EvidencePane } from "./Evidence";
import { KeysHelp, Obligations, PlanSteps, Reveal, WhyStopped } from "./Panels";
import { agentWord, Queue } from "./Queue";
import {
  approveBody, asked, changedClaims, changesToSend, flagsOf, mustSettle, openFlags, readyToSign, reduce, rowsOf,
  start, tally as tallyOf, type ReviewState, type Row,
} from "./state";
import { Strip } from "./Strip";

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
  const inbox = useQuery(inboxQuery);
  const me = useQuery(meQuery);
  const offline = useOfflineSince() !== null;
  const [shown, setShown] = useState<Shown>(first);
  const { packet } = shown.checkpoint;
  const [state, dispatch] = useReducer(reduce, first.checkpoint, (c) => {
    const before = carried.get(c.id);
    carried.delete(c.id);
    return before
      ? reduce(before, { type: "open", packet: c.packet, digest: c.packet_digest })
      : start(c.packet, c.packet_digest);
  });
  const [adopting, setAdopting] = useState(false);
  const [elsewhere, setElsewhere] = useState<Checkpoint | null>(null);
  const draft = useRef<HTMLDivElement>(null);
  const evidence = useRef<HTMLElement>(null);

  const rows = useMemo(() => rowsOf(packet), [packet]);
  const row = rows.find((r) => r.claim.id === state.selected) ?? null;
  const tally = tallyOf(rows, state);
  const ready = readyToSign(rows, state);

  // What the server says now about this checkpoint: its decision is always shown, its packet only on request.
  const successor = useQuery({
    ...checkpointQuery(current.superseded_by ?? ""),
    enabled: current.status === "superseded" && current.superseded_by !== null,
  });
  const newest = elsewhere ?? successor.data ?? current;
  const stale = newest.packet_digest !== shown.checkpoint.packet_digest && newest.status === "pending_review" && !newest.approve_pending && !adopting;
  const status: Checkpoint = stale ? shown.checkpoint : { ...newest, packet };
  const decided = status.status !== "pending_review" || status.approve_pending;
  const canAsk = status.can_request_changes;
  const place = { projectId: status.project_id, sessionId: status.session_id };

  const question = packet.question !== null && packet.form !== null;
  const form = useForm<FieldValues>({
    mode: "onTouched",
    defaultValues: { answers: packet.form ? defaultsOf(packet.form) : {} },
  });

  const { send: decide, busy, error, setError } = useDecide({
    id: status.id,
    place,
    onAnswer: (answer, verb) => {
      setElsewhere(null);
      // Corrections that were signed are the draft's next version: taken back, that is what is read on.
      if (verb === "withdraw") void adopt(answer.checkpoint);
    },
    onStale: (newer) => setElsewhere(newer),
    onUnsettled: (claim) => dispatch({ type: "select", claim }),
  });
  const readOnly = decided || busy !== null;

  const select = (claim: string) => dispatch({ type: "select", claim });
  const step = (list: Row[], by: 1 | -1) => {
    if (list.length === 0) return;
    const at = list.findIndex((r) => r.claim.id === state.selected);
    const next = list[at < 0 ? 0 : (at + by + list.length) % list.length];
    if (next) select(next.claim.id);
  };
  const flags = flagsOf(rows);
  const nextFlag = (by: 1 | -1) => {
    const open = openFlags(rows, state);
    step(open.length > 0 ? flags.filter((f) => open.includes(f) || f.claim.id === state.selected) : flags.length ? flags : rows, by);
  };

  const sign = () => {
    if (readOnly || offline || stale) return;
    const first = openFlags(rows, state)[0];
    if (first) {
      select(first.claim.id);
      return;
    }
    if (state.changes.length > 0) return;
    const send = (answers?: Record<string, unknown>) =>
      decide("approve", approveBody(packet, state, shown.documents, answers), t("busy.sign"));
    if (question && packet.form) {
      const schema = packet.form;
      void form.handleSubmit((values) => send(cleaned(schema, values["answers"] as Record<string, unknown>)))();
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
    decide("request-changes", { packet_digest: state.digest, changes }, t("busy.changes"));
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
    dispatch({ type: "open", packet: next.packet, digest: next.packet_digest });
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
        : dispatch({ type: "settle", claim: claim.id, settlement: { kind: "kept", reason: t("keep.looked") } }),
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

  // The item being read keeps its place in the queue after it is decided, until the reader moves on.
  const waiting = inbox.data ?? [];
  const index = waiting.findIndex((item) => item.id === status.id);
  const lastIndex = useRef(0);
  useEffect(() => {
    if (index >= 0) lastIndex.current = index;
  }, [index]);
  const self: CheckpointItem = { ...status, summary: packet.summary, flags: [] };
  const items = index >= 0 ? waiting : waiting.toSpliced(Math.min(lastIndex.current, waiting.length), 0, self);
  const at = items.findIndex((item) => item.id === status.id);
  const nextItem = items[at + 1] ?? items.find((item) => item.id !== status.id) ?? null;
  const goItem = (by: 1 | -1) => {
    const target = at < 0 ? nextItem : items[at + by];
    if (target) void navigate({ to: "/review/$checkpointId", params: { checkpointId: target.id } });
  };

  const openRow = row !== null && !state.settled[row.claim.id] && !asked(state, row.claim.id);
  const flagged = row !== null && flags.some((f) => f.claim.id === row.claim.id);
  const rejecting = state.mode.name === "reject";
  useKeys({
    j: () => goItem(1),
    k: () => goItem(-1),
    n: () => nextFlag(1),
    p: () => nextFlag(-1),
    ArrowDown: () => step(rows, 1),
    ArrowUp: () => step(rows, -1),
    e: () => {
      if (readOnly || !row || row.claim.kind === "series") return;
      if (openRow && flagged && row.claim.correction) acts.use(row);
      else if (!asked(state, row.claim.id)) acts.edit(row);
    },
    r: () => {
      if (!readOnly && row && openRow && flagged) acts.keep(row);
    },
    f: () => {
      if (!readOnly && row && openRow && !flagged && canAsk) acts.flag(row);
    },
    c: () => {
      if (!readOnly && canAsk) acts.ask(openRow ? row : null);
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
      if (status.approve_pending && busy === null) undo();
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
    "?": () => setHelp(!help),
    Escape: () => {
      if (state.mode.name !== "read") dispatch({ type: "mode", mode: { name: "read" } });
      else if (help) setHelp(false);
    },
  });

  // Bring the selected sentence into view, inside its own pane, and start its evidence from the top.
  useEffect(() => {
    const pane = draft.current;
    const span = state.selected ? pane?.querySelector(`[data-claim="${CSS.escape(state.selected)}"]`) : null;
    if (pane && span) {
      const a = span.getBoundingClientRect();
      const b = pane.getBoundingClientRect();
      if (a.top < b.top + 24 || a.bottom > b.bottom - 24) pane.scrollTop += a.top - b.top - b.height / 3;
    }
    if (evidence.current) evidence.current.scrollTop = 0;
  }, [state.selected]);

  // When the time to undo is over, ask what became of it; the live stream says the same, usually first.
  const undoUntil = status.approve_pending ? status.undo_until : null;
  useEffect(() => {
    if (!undoUntil) return;
    const wait = Math.max(0, new Date(undoUntil).getTime() - Date.now()) + 400;
    const timer = setTimeout(() => {
      for (const queryKey of [["checkpoint", status.id], ["session", status.session_id], ["inbox"]])
        void client.invalidateQueries({ queryKey });
    }, wait);
    return () => clearTimeout(timer);
  }, [undoUntil, status.id, status.session_id, client]);

  const project = useQuery(projectQuery(place.projectId));
  const revealed = useQuery({
    ...revealQuery(place),
    enabled: decided && !status.approve_pending && (project.data?.sample_key === "check" || project.data?.sample_key === "report"),
  });

  const since = useQuery({
    ...sinceLastQuery(place),
    enabled: status.status === "approved" && status.kind === "final" && status.agent_type === "reporting",
  });

  const plan = packet.kind === "plan";
  const single = packet.artifacts[0];
  const about = [
    agentWord(status.agent_type),
    single && packet.artifacts.length === 1 ? t("review.version", { n: single.version }) : "",
    status.iteration > 1 ? t("review.round", { n: status.iteration, max: status.max_iterations }) : "",
    status.project_name,
  ].filter(Boolean);
  const corrected = Object.values(state.settled).some((s) => s.kind === "corrected");
  const signLabel = corrected
    ? status.consequence.replace(/(version )(\d+)/i, (_all, word: string, n: string) => word + (Number(n) + 1))
    : status.consequence;
  const heading = packet.artifacts.length === 1 && single ? single.title : status.session_title;

  return (
    <div className="review screen">
      <Queue items={items} current={status.id} rows={rows} state={state} onSelect={select} onHelp={() => setHelp(!help)} />
      <main className="artifact">
        <div className="ahead">
          <div className="arow">
            <h1 className="doctitle">{heading}</h1>
          </div>
          <div className="meta nophone" title={exact(status.opened_at)}>
            {about.join(" · ")}
            {status.due_at ? ` · ${t("review.due", { when: when(status.due_at) })}` : ""}
          </div>
          <div className="tally">
            {rows.length > 0 ? (
              <>
                <b>{tally.open > 0 ? t("tally.open", { count: tally.open }) : t("tally.none")}</b>
                <span className="rest">
                  {tally.corrected + tally.kept > 0 && `${t("tally.settled", { count: tally.corrected + tally.kept })} `}
                  {t("tally.passed", { count: tally.passed })}
                </span>
                {tally.corrected + tally.kept === 0 && <span className="meta side nophone">{t("tally.meaning")}</span>}
              </>
            ) : (
              <b>{plan ? t("tally.plan") : question ? t("tally.question") : status.headline}</b>
            )}
          </div>
          <Strip rows={rows} state={state} onSelect={select} />
        </div>
        {stale && (
          <Banner
            strong={t("stale.changed", { count: Math.max(1, changedClaims(packet, newest.packet)) })}
            words={t("stale.nothing")}
            action={{ label: t("stale.show"), act: () => void showNewest() }}
          />
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
          <WhyStopped packet={packet} />
          {plan && <PlanSteps packet={packet} />}
          {packet.question && (
            <div className="doc">
              <p>{packet.question.text}</p>
              {packet.form && (
                <form className="mt-4 font-sans text-[13px] leading-5" onSubmit={(event) => { event.preventDefault(); sign(); }}>
                  <SchemaFields schema={packet.form} control={form.control} prefix="answers" />
                </form>
              )}
            </div>
          )}
          {packet.artifacts.map((artifact) => {
            const document = shown.documents[artifact.artifact_id];
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
            </div>
          )}
        </div>
      </main>
      <aside className="evidence" aria-label={t("evidence.pane")} ref={evidence} tabIndex={-1}>
        {help && <KeysHelp onClose={() => setHelp(false)} />}
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
            row={row}
            state={state}
            readOnly={readOnly}
            canAsk={canAsk}
            dispatch={dispatch}
            acts={acts}
          />
        )}
        {packet.obligations.length > 0 && <Obligations items={packet.obligations} />}
        {!row && (
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
          </section>
        )}
      </aside>
      {state.mode.name === "ask" && state.mode.claim === null && !decided ? (
        <footer className="dock" aria-label={t("dock.label")}>
          <div className="w-full">
            <Composer
              label={t("ask.whole")}
              placeholder={t("ask.placeholderWhole")}
              submit={t("ask.add")}
              onSubmit={(comment) =>
                dispatch({ type: "ask", change: { id: newKey(), artifact_id: null, claim_id: null, comment } })
              }
              onCancel={() => dispatch({ type: "mode", mode: { name: "read" } })}
              also={{ label: t("ask.send"), onSubmit: (text) => sendChanges({ claim: null, text }) }}
            />
          </div>
        </footer>
      ) : (
        <Dock
          checkpoint={status}
          state={state}
          tally={tally}
          ready={ready}
          busy={busy}
          offline={offline}
          error={error}
          undoUntil={status.approve_pending ? status.undo_until : null}
          signLabel={signLabel || tMaybe(`consequence.${packet.kind}`, t("consequence.final"))}
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
