import type { Template } from "@/api/work";
import { t } from "@/i18n";
import { duration } from "@/lib/format";
import { amount } from "@/lib/usage";

function range(from: string, to: string): string {
  return from === to ? from : t("workArea.template.range", { from, to });
}

/** What the last sessions from this template came to; nothing when none was finished. */
export function LastTime({ template }: { template: Template }) {
  const last = template.last_time;
  if (!last) return null;
  const cost = last.usd_most > 0 ? `${range(amount("usd", last.usd_least), amount("usd", last.usd_most))}, ` : "";
  return (
    <section>
      <h2>{t("workArea.template.lastTime")}</h2>
      <p className="text-ink-2">
        {t("workArea.template.lastTimeWords", { count: last.completed, cost, time: range(duration(last.seconds_least), duration(last.seconds_most)) })}
      </p>
    </section>
  );
}
