import type { Figures, Series } from "@/api/overview";
import { t } from "@/i18n";
import { count } from "@/lib/format";
import { agentWord } from "@/review/Queue";
import { money, percent, wait } from "./measures";

const COLUMNS: { name: "filed" | "delivered" | "decided" | "approval" | "median" | "edited" | "needs" | "cost" | "each"; of: (f: Figures) => string | null }[] = [
  { name: "filed", of: (f) => count(f.sessions.created) },
  { name: "delivered", of: (f) => count(f.sessions.completed) },
  { name: "decided", of: (f) => count(f.waiting.decided) },
  { name: "approval", of: (f) => orNone(f.approval_rate, percent) },
  { name: "median", of: (f) => orNone(f.waiting.median_seconds, wait) },
  { name: "edited", of: (f) => orNone(f.edits.edit_rate, percent) },
  { name: "needs", of: (f) => orNone(f.evidence.needs_you_rate, percent) },
  { name: "cost", of: (f) => money(f.cost.usd) },
  { name: "each", of: (f) => orNone(f.cost.per_deliverable_usd, money) },
];

const orNone = (value: number | null | undefined, write: (n: number) => string): string | null => (value === null || value === undefined ? null : write(value));

export function Groups({ series, onAgent, onTemplate }: { series: Series; onAgent: (name: string) => void; onTemplate: (id: string) => void }) {
  const agents = series.agents.map((one) => ({ key: one.agent_type, title: agentWord(one.agent_type, null), figures: one, pick: () => onAgent(one.agent_type) }));
  const templates = series.templates.map((one) => ({
    key: one.template_id,
    title: one.name ?? t("overview.by.gone"),
    figures: one,
    pick: () => onTemplate(one.template_id),
  }));
  return (
    <>
      {agents.length > 0 && <GroupTable title={t("overview.by.agents")} rows={agents} />}
      {templates.length > 0 && <GroupTable title={t("overview.by.templates")} rows={templates} />}
    </>
  );
}

function GroupTable({ title, rows }: { title: string; rows: { key: string; title: string; figures: Figures; pick: () => void }[] }) {
  return (
    <section className="sect">
      <h3 className="strong">{title}</h3>
      <div className="scroll wide" tabIndex={0} role="region" aria-label={title}>
        <table className="grid-table groups">
          <thead>
            <tr>
              <th scope="col">{t("overview.col.name")}</th>
              {COLUMNS.map((column) => (
                <th scope="col" className="n" key={column.name}>
                  {t(`overview.col.${column.name}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.key}>
                <th scope="row">
                  <button type="button" className="link" onClick={row.pick}>
                    {row.title}
                  </button>
                </th>
                {COLUMNS.map((column) => (
                  <td className="n" key={column.name}>
                    {column.of(row.figures) ?? <span className="quiet">{t("overview.none")}</span>}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
