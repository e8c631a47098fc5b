import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { Place } from "@/api/queries";
import type { WorkEvent, WorkSession } from "@/api/types";
import { toolCallQuery } from "@/api/work";
import { Mark } from "@/components/Mark";
import { problemText } from "@/components/States";
import { t } from "@/i18n";
import { clock, count, exact, keep } from "@/lib/format";
import { nextSteps, stepsOf, type Step } from "@/pages/steps";

/** Steps that are drawn at once: the newest ones; the earlier ones when somebody asks for them. */
const DRAWN = 150;

/** What a tool was asked and what it answered, in brief, as it was recorded. */
function Call({ place, call }: { place: Place; call: string }) {
  const found = useQuery(toolCallQuery(place, call));
  if (found.error) return <p className="error-line">{t("workArea.steps.failed", { why: problemText(found.error).title })}</p>;
  if (!found.data) return <p className="meta">{t("workArea.steps.loading")}</p>;
  const { arguments: asked, result, result_chars: all } = found.data;
  return (
    <div className="call">
      <p className="meta">{t("workArea.steps.asked")}</p>
      <pre tabIndex={0} aria-label={t("workArea.steps.asked")}>{Object.entries(asked).map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join("\n")}</pre>
      <p className="meta">{t("workArea.steps.answered")}</p>
      <pre tabIndex={0} aria-label={t("workArea.steps.answered")}>{pretty(result, all)}</pre>
      {all > result.length && <p className="meta">{t("workArea.steps.cut", { shown: count(result.length), all: count(all) })}</p>}
    </div>
  );
}

/** Indented where it is whole; cut off text is no JSON any more and stays as it is. */
function pretty(result: string, all: number): string {
  if (result.length < all) return result;
  try {
    return JSON.stringify(JSON.parse(result), null, 1);
  } catch {
    return result;
  }
}

function Line({ step, now, place }: { step: Step; now: boolean; place: Place }) {
  const [open, setOpen] = useState(false);
  return (
    <li className={now ? "now" : undefined}>
      <span className="at" title={exact(step.at)}>
        {clock(step.at)}
      </span>
      <Mark shape={now ? "run" : step.shape} className={now ? "v-accent" : step.bad ? "text-error" : ""} />
      <span>
        {step.call ? (
          <button type="button" className="opens" aria-expanded={open} title={t("workArea.steps.open")} onClick={() => setOpen(!open)}>
            {step.words}
          </button>
        ) : (
          step.words
        )}
        {step.small && <small>{keep(step.small)}</small>}
        {open && step.call && <Call place={place} call={step.call} />}
      </span>
    </li>
  );
}

/** What comes after it: at the foot of the list, so that a new step does not move it. */
function Then({ session }: { session: WorkSession }) {
  const steps = nextSteps(session);
  if (steps.length === 0) return null;
  return (
    <ol className="steps then" aria-label={t("session.then")}>
      {steps.map((step, i) => (
        <li className="next" key={i}>
          <span className="at">{i === 0 && t("session.then")}</span>
          <Mark shape={step.shape} />
          <span>{step.words}</span>
        </li>
      ))}
    </ol>
  );
}

export function StepList({ session, events, live }: { session: WorkSession; events: WorkEvent[]; live: boolean }) {
  const [all, setAll] = useState(false);
  const steps = stepsOf(events);
  const shown = all ? steps : steps.slice(-DRAWN);
  const place = { projectId: session.project_id, sessionId: session.id };
  return (
    <>
      {shown.length < steps.length && (
        <button type="button" className="link mx-(--edge) mb-2" onClick={() => setAll(true)}>
          {t("workArea.steps.earlier", { count: steps.length - shown.length })}
        </button>
      )}
      <ol className="steps" aria-live="polite">
        {shown.map((step, i) => (
          <Line key={step.seq} step={step} now={live && i === shown.length - 1} place={place} />
        ))}
      </ol>
      <Then session={session} />
    </>
  );
}

/** The steps beside the work; the list follows its end, the page itself never moves. */
export function Steps({ session, events, live, failed }: { session: WorkSession; events: WorkEvent[]; live: boolean; failed: unknown }) {
  const list = useRef<HTMLElement>(null);
  const last = events.at(-1)?.seq;
  useEffect(() => {
    if (live && list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [last, live]);
  return (
    <aside className="left" ref={list} aria-label={t("session.steps")} tabIndex={0}>
      <h2 className="px-(--edge)">{t("session.steps")}</h2>
      {failed && events.length === 0 ? (
        <p className="px-(--edge) text-ink-2">{problemText(failed).title}</p>
      ) : (
        <StepList session={session} events={events} live={live} />
      )}
    </aside>
  );
}

/** The same where there is no room beside the work: one line that says the newest and opens. */
export function StepsFold({ session, events, live }: { session: WorkSession; events: WorkEvent[]; live: boolean }) {
  const [open, setOpen] = useState(false);
  const newest = stepsOf(events).at(-1);
  return (
    <details className="narrow stepsfold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <b>{t("session.steps")}</b> {newest && <span className="quiet">{[clock(newest.at), newest.words].join(" ")}</span>}
      </summary>
      {open && <StepList session={session} events={events} live={live} />}
    </details>
  );
}
