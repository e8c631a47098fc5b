import type { Checkpoint, Packet } from "@/api/types";
import { LimitBar, ModelList } from "@/components/Usage";
import { t } from "@/i18n";
import { amount, budgetAsk } from "@/lib/usage";

/** Why the work asks for more: what was used, on what, what the next turn would probably take, and what approving adds. */
export function BudgetAsked({ packet, over }: { packet: Packet; over: Checkpoint["extends_over"] }) {
  if (packet.kind !== "mid") return null;
  const trigger = packet.triggers.findLast((one) => one.kind === "budget");
  const ask = trigger ? budgetAsk(trigger.detail) : null;
  if (!ask) return null;
  const { limit, expected, adds, models } = ask;
  const unknown = models.filter((one) => one.unpriced).map((one) => one.model);
  return (
    <section className="asked" aria-label={t("usage.budget")}>
      <LimitBar limit={limit} />
      <ModelList models={models} />
      {expected > 0 && limit.used < limit.of && <p>{t("usage.expected", { amount: amount(limit.what, expected) })}</p>}
      {unknown.length > 0 && <p>{t("usage.notCounted", { models: unknown.join(", ") })}</p>}
      {adds.length > 0 && (
        <p>
          <b>{t("usage.adds", { amounts: listed(adds.map(({ what, value }) => amount(what, value))) })}</b> {t("usage.addsWords")}
        </p>
      )}
      {over && <p>{t("usage.over", { to: amount(over.limit, over.to), most: amount(over.limit, over.most) })}</p>}
    </section>
  );
}

function listed(words: string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${t("usage.and")} ${words.at(-1)}`;
}
