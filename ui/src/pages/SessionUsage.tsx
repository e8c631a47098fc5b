import type { WorkEvent, WorkSession } from "@/api/types";
import { LimitBar, ModelList } from "@/components/Usage";
import { t } from "@/i18n";
import { count, duration } from "@/lib/format";
import { runtimeWords, sentence, specOf } from "@/lib/runtime";
import { amount, costWords, limitsOf, tokensWords, turnsOf } from "@/lib/usage";

const MODEL_RUNTIMES = new Set(["claude", "pydantic_ai", "external"]);

/** Who does it, what that used, and how far the budget is used. */
export function SessionUsage({ session, events }: { session: WorkSession; events: WorkEvent[] }) {
  const { usage } = session;
  const toolCalls = events.filter((event) => event.type === "tool_called").length;
  // Money and tokens say nothing of work that no model does.
  const metered = usage.tokens > 0 || MODEL_RUNTIMES.has(specOf(session.runtime).name);
  const limits = limitsOf(session.budget, usage).filter((limit) => metered || limit.what === "seconds");
  const money = limits.find((limit) => limit.what === "usd");
  const who = runtimeWords(session.runtime) ?? session.runtime_label;
  return (
    <>
      <section>
        <h2>{t("usage.who")}</h2>
        <p className="break-words">{sentence(who)}</p>
      </section>
      <section>
        <h2>{t("session.cost")}</h2>
        <div className="fig">
          {amount("usd", usage.cost_usd)} {money && <small>{t("session.ofBudget", { usd: amount("usd", money.of) })}</small>}
        </div>
        {usage.unpriced && <p className="meta">{t("session.unpriced")}</p>}
        {usage.turns_lost > 0 && <p className="meta">{t("usage.lost", { count: usage.turns_lost })}</p>}
        <dl className="kv mt-2.5">
          {usage.models.length === 0 && usage.tokens > 0 && (
            <>
              <dt>{t("session.tokensIn")}</dt>
              <dd>{count(usage.tokens_in)}</dd>
              <dt>{t("session.tokensOut")}</dt>
              <dd>{count(usage.tokens_out)}</dd>
            </>
          )}
          <dt>{t("session.toolCalls")}</dt>
          <dd>{count(toolCalls)}</dd>
        </dl>
      </section>
      {limits.length > 0 && (
        <section>
          <h2>{t("usage.budget")}</h2>
          {limits.map((limit) => (
            <LimitBar key={limit.what} limit={limit} />
          ))}
          {Number(session.budget["extensions"] ?? 0) > 0 && (
            <p className="meta">{t("usage.extended", { count: Number(session.budget["extensions"]) })}</p>
          )}
        </section>
      )}
    </>
  );
}

/** What each model and each turn used. It grows while work is done, so nothing stands below it. */
export function SessionModels({ session: { usage }, events }: { session: WorkSession; events: WorkEvent[] }) {
  const turns = turnsOf(events);
  if (usage.models.length === 0 && turns.length === 0) return null;
  return (
    <section>
      <h2>{t("usage.models")}</h2>
      <ModelList models={usage.models} />
      {turns.length > 0 && (
        <details className="turns">
          <summary>{t("usage.byTurn", { count: turns.length })}</summary>
          <ol tabIndex={0} aria-label={t("usage.turnList")}>
            {turns.map((turn, i) => (
              <li key={i}>
                <div className="between">
                  <span>{t(turn.repair ? "usage.turnRepair" : "usage.turn", { n: turn.n || i + 1 })}</span>
                  <span className={turn.unpriced ? "quiet" : undefined}>{costWords(turn)}</span>
                </div>
                <p className="meta">
                  {usage.models.length > 1 && turn.model ? `${turn.model}: ` : ""}
                  {tokensWords(turn)}; {duration(turn.seconds)}
                </p>
              </li>
            ))}
          </ol>
        </details>
      )}
    </section>
  );
}
