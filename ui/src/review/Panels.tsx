import type { Obligation, Packet } from "@/api/types";
import { Mark, type Shape } from "@/components/Mark";
import { t, tMaybe } from "@/i18n";
import { keep } from "@/lib/format";
import { triggerWords } from "@/lib/trigger";
import { budgetAsk } from "@/lib/usage";

const OB_SHAPE: Record<Obligation["state"], Shape> = { met: "met", unmet: "unmet", regressed: "regressed", open: "unmet" };

/** What was asked for in the last round, and what became of it. */
export function Obligations({
  items,
  judged,
  onJudge,
  className = "ev",
}: {
  items: Obligation[];
  /** The reader's own word so far, sent with the decision; `onJudge` is null where none can be given any more. */
  judged: Record<string, "met" | "unmet">;
  onJudge: ((obligation: string, state: "met" | "unmet") => void) | null;
  className?: string;
}) {
  const order = { regressed: 0, unmet: 1, open: 2, met: 3 };
  const sorted = [...items].sort((a, b) => order[a.state] - order[b.state]);
  const states = (["met", "unmet", "regressed", "open"] as const)
    .map((state) => ({ state, n: items.filter((item) => item.state === state).length }))
    .filter(({ n }) => n > 0)
    .map(({ state, n }) => t(`obligation.count.${state}`, { n }));
  return (
    <section className={className} aria-label={t("obligation.title")}>
      <div className="between">
        <h2 className="h3">{t("obligation.title")}</h2>
        <span className="meta">{states.join(", ")}</span>
      </div>
      <ol className="mt-2">
        {sorted.map((item) => (
          <li
            className="ob"
            key={item.id}
            data-v={item.state === "met" ? "supported" : item.state === "open" ? undefined : "unsupported"}
          >
            <Mark shape={OB_SHAPE[item.state]} />
            <div>
              <div className="h">
                <b dir="auto">{item.comment}</b>
                <span>{t(`obligation.${item.state}`)}</span>
              </div>
              {item.note && <p>{keep(item.note)}</p>}
              {(item.passage ?? item.claim_text) && (
                <p className="meta">{t("obligation.on", { text: item.passage ?? item.claim_text ?? "" })}</p>
              )}
              {onJudge && item.state !== "met" && (
                <p className="meta judge" role="group" aria-label={t("obligation.yours")}>
                  {t("obligation.yours")}
                  {(["met", "unmet"] as const).map((word) => (
                    <button
                      key={word}
                      type="button"
                      className="b small"
                      aria-pressed={judged[item.id] === word}
                      onClick={() => onJudge(item.id, word)}
                    >
                      {t(`obligation.judge.${word}`)}
                    </button>
                  ))}
                </p>
              )}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Triggers that do not stand in the list of what needs the reader. */
export function WhyStopped({ packet, listed }: { packet: Packet; listed: Set<string> }) {
  // Of a budget the figures stand below in full, so its words are not said twice.
  const told = packet.kind === "mid" && packet.triggers.some((one) => one.kind === "budget" && budgetAsk(one.detail));
  // The question stands below too, above the fields that answer it.
  const asked = (trigger: Packet["triggers"][number]) => trigger.kind === "question" && triggerWords(trigger.detail) === packet.question?.text;
  const triggers = packet.triggers.filter((trigger) => !listed.has(trigger.kind) && !(told && trigger.kind === "budget") && !asked(trigger));
  if (triggers.length === 0) return null;
  return (
    <div className="why">
      <ul aria-label={t("why.label")}>
        {triggers.map((trigger) => (
          <li key={trigger.id}>
            <Mark shape="stop" className="v-accent" />
            <span>
              <b>{tMaybe(`reason.${trigger.kind}`, trigger.kind)}</b>
              {triggerWords(trigger.detail) && `: ${triggerWords(trigger.detail)}`}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function PlanSteps({ packet }: { packet: Packet }) {
  return (
    <article className="doc" aria-label={t("plan.label")}>
      <ol className="steps-plan">
        {(packet.plan?.steps ?? []).map((step, i) => (
          <li key={i}>
            <span className="quiet">{i + 1}</span>
            <span>
              {step.title}
              {step.detail && <small>{step.detail}</small>}
            </span>
          </li>
        ))}
      </ol>
    </article>
  );
}
