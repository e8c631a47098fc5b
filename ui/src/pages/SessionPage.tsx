import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { artifactsQuery, base, envelopeQuery, eventsQuery, sessionQuery, sinceLastQuery } from "@/api/queries";
import type { Envelope, WorkEvent, WorkSession } from "@/api/types";
import { Deliveries } from "@/components/Deliveries";
import { Mark } from "@/components/Mark";
import { SinceLastPanel } from "@/components/SinceLast";
import { Loading, Problem, problemText } from "@/components/States";
import { WhyPolicy } from "@/components/WhyPolicy";
import { leftGroups } from "@/given/given";
import { t, tMaybe } from "@/i18n";
import { clock, count, duration, exact } from "@/lib/format";
import { runtimeWords } from "@/lib/runtime";
import { strategyWord } from "@/lib/status";
import { useTitle } from "@/lib/title";
import { repairWords } from "@/lib/usage";
import { agentWord } from "@/review/Queue";
import { Contents, ContentsFold } from "@/session/Contents";
import { clipped } from "@/session/Findings";
import { LedgerView } from "@/session/LedgerView";
import { Made, useView, ViewChoice, viewsOf } from "@/session/Made";
import { sectionsOf, type Section } from "@/session/sections";
import { Steps, StepsFold } from "@/session/Steps";
import { statusNow, type Now } from "./held";
import { isOwnAgent, OwnAgent } from "./OwnAgent";
import { SessionDock } from "./SessionDock";
import { SessionModels, SessionUsage } from "./SessionUsage";

export function SessionPage() {
  const { projectId, sessionId } = useParams({ from: "/projects/$projectId/sessions/$sessionId" });
  const place = { projectId, sessionId };
  const session = useQuery(sessionQuery(place));
  useTitle(session.data?.title ?? t("page.work"));
  if (session.error || session.isPending) {
    return (
      <main className="inbox screen">
        <div className="wrap">
          <h1 className="sr">{t("page.work")}</h1>
          {session.error ? (
            <Problem what={t("session.failed")} error={session.error} retry={() => void session.refetch()} />
          ) : (
            <Loading words={t("session.loading")} />
          )}
        </div>
      </main>
    );
  }
  return <Session key={sessionId} session={session.data} />;
}

const LIVE = new Set(["queued", "in_progress"]);

function Session({ session }: { session: WorkSession }) {
  const place = { projectId: session.project_id, sessionId: session.id };
  const events = useQuery(eventsQuery(place));
  const artifacts = useQuery(artifactsQuery(place));
  const envelope = useQuery({ ...envelopeQuery(place), enabled: session.task_document_id !== null }); // before the first leg there is none
  const since = useQuery({ ...sinceLastQuery(place), enabled: session.status === "completed" && session.agent_type !== "check" });
  const live = LIVE.has(session.status);
  const far = session.progress && session.progress.total > 0 ? session.progress : null;
  // A long draft is stored before it is compared; until then it has nothing to show.
  const comparing = live && session.agent_type === "check";
  const shown = comparing ? [] : artifacts.data;
  useGoToReview(session, comparing);
  const seen = events.data ?? [];
  const status = statusNow(session);
  const [why, setWhy] = useState(false);
  const views = viewsOf(session, shown ?? []);
  const [view, choose] = useView(views);
  const sections = useMemo(() => (view === "text" ? sectionsOf(shown ?? []) : []), [view, shown]);
  const [goal, setGoal] = useState<Section | null>(null);
  const goTo = (section: Section) => setGoal({ ...section });

  return (
    <div className="page screen">
      <Steps session={session} events={seen} live={live} failed={events.error} />
      <main className="main">
        <h1 className="doctitle">{session.title}</h1>
        <p className="meta mt-1">
          {[agentWord(session.agent_type, session.agent_title), runtimeWords(session.runtime), t("queue.round", { n: session.iteration }), strategyWord(session.approval_strategy)].filter(Boolean).join(" · ")}
        </p>
        {session.task_description !== session.title && (
          <p className="mt-1.5 max-w-[72ch] text-ink-2 whitespace-pre-line">{clipped(session.task_description)}</p>
        )}
        {session.repairs.map((repair) => (
          <p className="meta mt-1.5" key={repair.iteration}>
            {session.repairs.length > 1 ? t("repair.round", { n: repair.iteration, words: repairWords(repair) }) : repairWords(repair)}
          </p>
        ))}
        <Outcome session={session} status={status} by={session.approved_by ?? signedBy(seen)} />
        {live && (
          <p className="meta mt-3 onlyphone">
            {far ? t("empty.progress", { done: far.done, total: far.total, label: far.label }) : t("session.noProgress")}
          </p>
        )}
        <StepsFold session={session} events={seen} live={live} />
        {sections.length > 0 && <ContentsFold sections={sections} goTo={goTo} />}
        <section className="sect" aria-live="polite">
          <div className="between madehead">
            <h2 className="font-semibold">
              {comparing ? t("workArea.ledger.title") : session.agent_type !== "research" ? t("session.artifacts") : live ? t("session.findings") : t("session.findingsThere")}
            </h2>
            <ViewChoice views={views} view={view} choose={choose} />
            {!comparing && (
              <span className="meta">
                {t(session.status === "completed" ? "session.signedCount" : "session.writtenCount", { count: shown?.length ?? session.artifacts_count })}
              </span>
            )}
          </div>
          {comparing ? (
            <LedgerView session={session} events={seen} />
          ) : artifacts.error ? (
            <Problem what={t("session.artifactsFailed")} error={artifacts.error} retry={() => void artifacts.refetch()} />
          ) : artifacts.isPending && session.artifacts_count > 0 ? (
            <Loading words={t("session.artifactsLoading")} />
          ) : !artifacts.data?.length ? (
            <p className="my-3 text-ink-2">{live ? t("session.noneYet") : session.status === "initialized" ? t("session.notStarted") : t("session.none")}</p>
          ) : (
            <div className="mt-2">
              <Made session={session} artifacts={artifacts.data} view={view} goal={goal} />
            </div>
          )}
          {live && (
            <div className="find" role="status">
              {!comparing && <span className="no quiet">{(shown?.length ?? 0) + 1}</span>}
              <h3 className="!font-normal quiet">{session.status === "queued" ? queuedWords(session) : comparing ? t("session.comparing") : isOwnAgent(session) && !session.agent?.heard_at ? t("ownAgent.awaited") : t("session.writing")}</h3>
              <div className="ghost w-[92%]" />
              <div className="ghost w-[71%]" />
            </div>
          )}
        </section>
        {since.data && <SinceLastPanel since={since.data} projectId={session.project_id} className="sect" />}
      </main>
      <aside className="rail" aria-label={t("session.about")}>
        {sections.length > 0 && (
          <section className="contentsbox">
            <h2>{t("workArea.viewer.contents")}</h2>
            <Contents sections={sections} goTo={goTo} />
          </section>
        )}
        <section>
          <h2>{t("session.progress")}</h2>
          <p className="flex items-start gap-2">
            <Mark shape={status.shape} className={`${status.className} mt-[3px]`} />
            <span>{status.words}</span>
          </p>
          {live && (
            <>
              <div className="fig mt-2">
                {far && t("session.of", { done: far.done, total: far.total })} <small>{far ? far.label : t("session.noProgress")}</small>
              </div>
              <div
                className="bar-line"
                role="progressbar"
                aria-label={t("session.progress")}
                aria-valuenow={far?.done ?? 0}
                aria-valuemin={0}
                aria-valuemax={far?.total ?? 1}
              >
                <i style={{ transform: `scaleX(${far ? Math.min(1, far.done / far.total) : 0})` }} />
              </div>
            </>
          )}
          <p className="meta mt-1">{live ? <Running since={session.created_at} waits={session.status === "queued"} /> : t("session.took", { time: duration(session.usage.seconds) })}</p>
        </section>
        <OwnAgent session={session} />
        {session.status !== "initialized" && (
          <section>
            <h2>{t("session.take")}</h2>
            {!comparing && session.artifacts_count > 0 ? (
              <p className="flex flex-wrap gap-x-4">
                {(["md", "html", "json", "record"] as const).map((format) => (
                  <a key={format} className="link" download href={`/api${base(place)}/export?format=${format}`}>
                    {t(`session.format.${format}`)}
                  </a>
                ))}
              </p>
            ) : (
              <p className="text-ink-2">{t("session.takeNone")}</p>
            )}
            <p className="meta mt-1">{t(session.status === "completed" ? "session.takeSigned" : "session.takeUnsigned")}</p>
          </section>
        )}
        <SessionUsage session={session} events={seen} />
        <section>
          <h2>{t("session.given")}</h2>
          {envelope.error ? (
            <p className="text-ink-2">{problemText(envelope.error).title}</p>
          ) : envelope.data ? (
            <>
              <EnvelopeFigures envelope={envelope.data} />
              <p className="mt-2.5">
                <Link className="link" to="/projects/$projectId/sessions/$sessionId/envelope" params={place}>
                  {t("session.receiptOpen")}
                </Link>
              </p>
            </>
          ) : (
            <p className="text-ink-2">{session.agent_type === "check" ? t("session.givenCheck") : t("session.givenNone")}</p>
          )}
        </section>
        <section>
          <h2>
            <button type="button" className="link" aria-expanded={why} onClick={() => setWhy(!why)}>
              {t(session.status === "pending_review" ? "policy.why" : "policyPage.whenStops")}
            </button>
          </h2>
          {why && <WhyPolicy place={place} />}
        </section>
        <SessionModels session={session} events={seen} />
      </aside>
      <SessionDock session={session} status={status} written={shown?.length ?? 0} />
    </div>
  );
}

/** Who watches a long draft being compared is taken to its review when it opens. */
function useGoToReview(session: WorkSession, comparing: boolean): void {
  const navigate = useNavigate();
  const watched = useRef(comparing);
  const checkpointId = session.checkpoint_id;
  useEffect(() => {
    if (comparing) watched.current = true;
    else if (watched.current && checkpointId) void navigate({ to: "/review/$checkpointId", params: { checkpointId } });
  }, [comparing, checkpointId, navigate]);
}

/** How long the line is before it. The server counts so far and no farther. */
const FAR = 1000;

function queuedWords({ queued_before: before }: WorkSession): string {
  if (!before) return t("session.queued");
  return before < FAR ? t("session.queuedBefore", { count: before }) : t("session.queuedFar", { count: FAR });
}

function Running({ since, waits }: { since: string; waits: boolean }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return <>{t(waits ? "session.waitsFor" : "session.running", { time: duration((Date.now() - new Date(since).getTime()) / 1000) })}</>;
}

/** Who signed at the final gate, from the record of events; the last word counts. */
function signedBy(events: WorkEvent[]): string | null {
  const last = events.findLast((event) => event.type === "decided" || event.type === "withdrawn");
  const name = last?.type === "decided" && last.data["decision"] === "approve" ? (last.data["name"] ?? last.data["by"]) : null;
  return typeof name === "string" ? name : null;
}

/** How it ended, by whom, and where it went. A rejected piece of work was decided, it did not fail. */
function Outcome({ session, status, by }: { session: WorkSession; status: Now; by: string | null }) {
  if (session.status === "completed") {
    return (
      <div className="mt-4 border-t border-line-2 pt-3">
        <p>
          <Mark shape="own" className="v-accent" />{" "}
          <b>{by ? t("status.signedBy", { by }) : t("status.completed")}</b>
          <span className="quiet" title={exact(session.settled_at)}>
            {session.settled_at ? `, ${clock(session.settled_at)}` : ""}
          </span>
        </p>
        <Deliveries session={session} />
      </div>
    );
  }
  // A rejection that is held stands where it stands afterwards: nothing moves when it takes effect.
  const held = session.held?.decision === "reject";
  if (held || (session.status === "failed" && session.failure)) {
    const rejected = held || session.failure?.code === "rejected";
    return (
      <div className={rejected ? "mt-4 border-t border-line-2 pt-3" : "problem mt-4"} role={rejected ? undefined : "alert"}>
        <p>
          <Mark shape={rejected ? "none" : "warn"} className={rejected ? "" : "text-error"} /> <b>{status.words}</b>
        </p>
        <p className="mt-1 text-ink-2">{rejected ? status.until || t("decided.nothing") : (session.failure?.hint ?? (session.failure?.retryable ? t("session.retryHint") : t("session.forkHint")))}</p>
      </div>
    );
  }
  return null;
}

function EnvelopeFigures({ envelope }: { envelope: Envelope }) {
  const { included, tokens, token_budget, flags } = envelope.receipt;
  const sources = new Set(included.map((item) => item.source_id)).size;
  const groups = leftGroups(envelope.receipt);
  const marked = included.filter((item) => item.instruction_like).length;
  return (
    <>
      <dl className="kv">
        <dt>{t("session.passages", { count: sources })}</dt>
        <dd>{count(included.length)}</dd>
        <dt>{t("session.tokensOf", { all: count(token_budget) })}</dt>
        <dd>{count(tokens)}</dd>
      </dl>
      {(groups.length > 0 || marked > 0) && (
        <dl className="kv mt-2.5">
          {groups.slice(0, 4).map((group) => (
            <div className="contents" key={group.why}>
              <dt className="quiet">{t("session.leftOut", { why: group.why })}</dt>
              <dd className="quiet">{count(group.count)}</dd>
            </div>
          ))}
          {marked > 0 && (
            <>
              <dt className="quiet">{t("session.marked")}</dt>
              <dd className="quiet">{marked}</dd>
            </>
          )}
        </dl>
      )}
      {flags.map((flag) => (
        <p className="meta mt-2" key={flag}>
          {tMaybe(`envelopeFlag.${flag}`, flag)}
        </p>
      ))}
    </>
  );
}
