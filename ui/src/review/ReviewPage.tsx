import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useLayoutEffect, useMemo, useRef, useState, type RefObject } from "react";
import { membersQuery, projectQuery, revealQuery, sinceLastQuery } from "@/api/queries";
import type { Checkpoint } from "@/api/types";
import { SinceLastPanel } from "@/components/SinceLast";
import { WhyPanel } from "@/components/WhyPolicy";
import { t } from "@/i18n";
import { useKeys } from "@/lib/keys";
import { foundAgain, type Words } from "@/lib/places";
import { useTitle } from "@/lib/title";
import type { BesideStore } from "./beside";
import { Thread } from "./Comments";
import { closedWords, decidedWords } from "./Dock";
import { Decision } from "./Decision";
import { DraftSide } from "./DraftSide";
import { Released } from "./Released";
import { useFocusKept, useInView } from "./effects";
import { EvidencePane, FreePane } from "./Evidence";
import { Head } from "./Head";
import { keysOf } from "./keymap";
import { useLooking } from "./looking";
import { NeedPane } from "./Need";
import { useNews } from "./News";
import { Obligations, Reveal } from "./Panels";
import { freePlace, keptBefore, plainOf, type Row } from "./state";
import { useMarks, WordsList, WordsStrip, type Placed } from "./Words";
import { useReview, type Review, type Shown } from "./useReview";

export type { Shown };

const History = lazy(() => import("./History").then((m) => ({ default: m.History })));
const ChangedHere = lazy(() => import("./ChangedHere").then((m) => ({ default: m.ChangedHere })));

export function ReviewPage({
  first,
  current,
  page,
  beside,
}: {
  first: Shown;
  current: Checkpoint;
  /** All of the page, the list beside it included. */
  page: RefObject<HTMLDivElement | null>;
  beside: BesideStore;
}) {
  const r = useReview(first, current);
  const { status, state, rows, place, shown } = r;
  const [why, setWhy] = useState(false);
  const [history, setHistory] = useState(false);
  const [changed, setChanged] = useState(false);
  const [choosing, setChoosing] = useState<"assign" | "snooze" | null>(null);
  const draft = useRef<HTMLDivElement>(null);
  const evidence = useRef<HTMLElement>(null);

  // The link knows which cell of a table it leads to.
  const openSource = () => evidence.current?.querySelector<HTMLElement>(".where a")?.click();
  const several = (useQuery(membersQuery).data?.length ?? 0) > 1;
  const choose = (what: "assign" | "snooze") => {
    if ((what === "snooze" || several) && !r.decided && r.busy === null && state.mode.name === "read" && r.standing.mayDecide) setChoosing(what);
  };
  useKeys(keysOf(r, { why, setWhy, history, setHistory, changed: changed && r.stale, setChanged, choose, openSource }), choosing === null);

  useTitle(status.session_title);
  useLayoutEffect(() =>
    beside.set({
      items: r.items, current: status.id, history: r.history, position: r.position, total: r.total, needs: r.needs,
      obligations: r.packet.obligations, counts: r.counts, state, me: r.me?.id, onSelect: r.select,
    }),
  );
  useInView(state.selected, draft, evidence);
  useFocusKept(page, state.selected);

  const plain = useCallback(
    (artifactId: string, path: number[]) => plainOf(shown.documents[artifactId]?.blocks[path[0] ?? -1], path),
    [shown.documents],
  );
  const placed = useMemo<Placed[]>(
    () =>
      r.comments.flatMap((comment) => {
        if (!comment.anchor) return [];
        const { artifact_id, path, char_start, char_end, quote } = comment.anchor;
        const words: Words = { artifactId: artifact_id, path, start: char_start, end: char_end, quote };
        const document = shown.documents[artifact_id];
        return [{ comment, words: document ? foundAgain(words, document) : null }];
      }),
    [r.comments, shown.documents],
  );
  const show = useMarks(draft, placed);

  const news = useNews(r, changed, () => setChanged(!changed));
  const others = useLooking(status, !r.decided && r.standing.mayDecide ? r.me?.id : undefined);
  const mayWrite = r.me !== undefined && r.me.role !== "viewer";
  const toComment = () => page.current?.querySelector<HTMLElement>(".thread textarea")?.focus();

  return (
    <>
      <main className="artifact">
        <Head
          checkpoint={status}
          rows={rows}
          state={state}
          tally={r.tally}
          needed={r.needs.length}
          voted={r.standing.voted}
          counts={r.counts}
          others={others}
          news={news}
          why={why}
          carried={r.before ? { count: r.kept.size, whole: r.whole, toggle: () => r.setWhole(!r.whole) } : null}
          history={r.packet.artifacts.length > 0 ? { on: history, toggle: () => setHistory(!history) } : null}
          onWhy={() => setWhy(!why)}
          onSelect={r.select}
        />
        <DraftSide r={r} pane={draft} />
        {mayWrite && (
          <WordsStrip
            pane={draft}
            plain={plain}
            rows={rows}
            versions={Object.fromEntries(r.packet.artifacts.map((artifact) => [artifact.artifact_id, artifact.version]))}
            checkpoint={status}
            decided={r.decided ? decidedWords(status, r.me?.id ?? null).title : undefined}
            keysOn={choosing === null}
            onAsk={!r.readOnly && r.canAsk ? r.acts.askWords : null}
            onNothing={toComment}
          />
        )}
      </main>
      <aside className="evidence" aria-label={t("evidence.pane")} ref={evidence} tabIndex={-1} data-region="">
        {why && <WhyPanel place={place} onClose={() => setWhy(false)} />}
        <Suspense fallback={null}>
          {changed && r.stale && <ChangedHere r={r} onClose={() => setChanged(false)} />}
          {history && <History r={r} onClose={() => setHistory(false)} />}
        </Suspense>
        <Afterwards r={r} />
        {r.needs.length === 0 && <Asked r={r} />}
        <About r={r} mayWrite={mayWrite} />
        {r.needs.length > 0 && <Asked r={r} />}
        {placed.length > 0 && <WordsList placed={placed} me={r.me?.id ?? null} versions={r.packet.artifacts} onShow={(one) => {
          if (one.comment.claim_id && rows.some(({ claim }) => claim.id === one.comment.claim_id)) r.select(one.comment.claim_id);
          show(one);
        }} />}
      </aside>
      <Decision r={r} choosing={choosing} onChosen={() => setChoosing(null)} onChoose={choose} />
    </>
  );
}

/** What stands there once it is decided: a sample's planted errors, and what changed since the last signed work. */
function Afterwards({ r }: { r: Review }) {
  const { status, place } = r;
  const project = useQuery(projectQuery(place.projectId));
  const revealed = useQuery({
    ...revealQuery(place),
    enabled: r.decided && status.held === null && (project.data?.sample_key === "check" || project.data?.sample_key === "report"),
  });
  const since = useQuery({
    ...sinceLastQuery(place),
    enabled: status.status === "approved" && status.kind === "final" && status.agent_type === "reporting",
  });
  // A wish that is still being written stays where it is.
  if (r.state.mode.name === "ask") return null;
  return (
    <>
      {revealed.data && revealed.data.length > 0 && (
        <Reveal
          items={revealed.data}
          rows={r.rows}
          kept={new Set((status.decision?.acknowledged ?? []).map((a) => a.claim_id))}
          onSelect={r.select}
        />
      )}
      {since.data && <SinceLastPanel since={since.data} projectId={place.projectId} className="ev" />}
    </>
  );
}

/** What was asked for in the rounds before: first of all where nothing else needs the reader. */
function Asked({ r }: { r: Review }) {
  const { obligations } = r.packet;
  if (obligations.length === 0) return null;
  return (
    <Obligations
      items={obligations}
      judged={r.state.judged}
      onJudge={r.readOnly ? null : (obligation, word) => r.dispatch({ type: "judge", obligation, state: word })}
    />
  );
}

/** What is selected, with its evidence and what people said of it; else what was asked. */
function About({ r, mayWrite }: { r: Review; mayWrite: boolean }) {
  const { packet, row, need, state } = r;
  const thread = (claim: Row | null) => (
    <Thread
      key={claim?.claim.id ?? ""}
      checkpoint={r.status}
      claim={claim && { id: claim.claim.id, n: claim.n }}
      me={r.me?.id ?? null}
      mayWrite={mayWrite}
    />
  );
  if (row)
    return (
      <EvidencePane
        projectId={r.place.projectId}
        rows={r.rows}
        needs={r.needs}
        row={row}
        kept={keptBefore(packet, row.claim.id)}
        state={state}
        recheck={r.recheck}
        readOnly={r.readOnly}
        placed={r.placed}
        closed={closedWords(r)}
        canSettle={r.canSettle}
        canAsk={r.canAsk}
        dispatch={r.dispatch}
        acts={r.acts}
      >
        {thread(row)}
      </EvidencePane>
    );
  if (need)
    return (
      <NeedPane
        need={need}
        needs={r.needs}
        state={state}
        obligations={packet.obligations}
        readOnly={r.readOnly}
        placed={r.placed}
        closed={closedWords(r)}
        canSettle={r.canSettle}
        canAsk={r.canAsk}
        dispatch={r.dispatch}
        next={() => r.nextFlag(1)}
      >
        {thread(null)}
      </NeedPane>
    );
  if (state.selected && freePlace(state.selected))
    return (
      <FreePane id={state.selected} state={state} recheck={r.recheck} canSettle={r.canSettle} dispatch={r.dispatch}>
        {thread(null)}
      </FreePane>
    );
  return (
    <section className="ev">
      <h2 className="h3">{t("after.title")}</h2>
      <p className="mt-2 text-ink-2">{packet.task}</p>
      <ul className="mt-3">
        <Released checkpoint={r.status} className="py-1" />
        {packet.effects.length === 0 && <li className="quiet">{t("after.noEffect")}</li>}
      </ul>
      {thread(null)}
    </section>
  );
}
