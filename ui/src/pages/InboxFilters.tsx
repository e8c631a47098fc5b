import { useQuery } from "@tanstack/react-query";
import type { RefObject } from "react";
import { isNarrow, ORDERS, RISKS, snoozedCountQuery, STOPS, type View } from "@/api/inbox";
import { projectsQuery, runtimesQuery } from "@/api/queries";
import { t } from "@/i18n";
import { count } from "@/lib/format";
import { agentWord } from "@/review/Queue";

function Choice({ label, value, usual = "", options, onChange }: { label: string; value: string; usual?: string; options: { value: string; label: string }[]; onChange: (value: string | undefined) => void }) {
  return (
    <label className="choice" data-on={value !== usual || undefined}>
      <span>{label}</span>
      <select className="in" value={value} onChange={(event) => onChange(event.target.value || undefined)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Whose, which and in what order: each stands in the address. */
export function InboxFilters({ view, people, field, onChange }: { view: View; people: boolean; field: RefObject<HTMLInputElement | null>; onChange: (next: View) => void }) {
  const projects = useQuery(projectsQuery).data ?? [];
  const agents = useQuery(runtimesQuery).data ?? [];
  const asleep = useQuery(snoozedCountQuery).data ?? 0;
  const set = (more: View) => onChange({ ...view, ...more });
  const tabs = people ? (["all", "mine", "unassigned", "snoozed"] as const) : (["all", "snoozed"] as const);
  const anything = { value: "", label: t("inbox.any") };
  const kinds = [...agents.map((agent) => ({ value: agent.name, label: agentWord(agent.name, agent.title) })), { value: "check", label: agentWord("check") }];
  const known = kinds.some((kind) => kind.value === view.agent) || !view.agent ? kinds : [...kinds, { value: view.agent, label: agentWord(view.agent) }];
  return (
    <div className="filters ifilters">
      <span className="seg" role="radiogroup" aria-label={t("inbox.whose")}>
        {tabs.map((tab) => (
          <label key={tab}>
            <input type="radio" name="whose" checked={(view.whose ?? "all") === tab} onChange={() => set({ whose: tab })} />
            {tab === "snoozed" ? `${t("inbox.snoozedTab")}${asleep > 0 ? ` ${count(asleep)}` : ""}` : t(`inbox.${tab}`)}
          </label>
        ))}
      </span>
      <Choice label={t("inbox.order")} usual="attention" value={view.order ?? "attention"} options={ORDERS.map((order) => ({ value: order, label: t(`order.${order}`) }))} onChange={(order) => set({ order: order as View["order"] })} />
      {projects.length > 1 && (
        <Choice
          label={t("inbox.project")}
          value={view.project ?? ""}
          options={[anything, ...projects.map((project) => ({ value: project.id, label: project.name }))]}
          onChange={(project) => set({ project })}
        />
      )}
      <Choice label={t("inbox.agent")} value={view.agent ?? ""} options={[anything, ...known]} onChange={(agent) => set({ agent })} />
      <Choice label={t("inbox.risk")} value={view.risk ?? ""} options={[anything, ...RISKS.map((risk) => ({ value: risk, label: t(`risk.${risk}`) }))]} onChange={(risk) => set({ risk: risk as View["risk"] })} />
      <Choice label={t("inbox.why")} value={view.stop ?? ""} options={[anything, ...STOPS.map((stop) => ({ value: stop, label: t(`stop.${stop}`) }))]} onChange={(stop) => set({ stop: stop as View["stop"] })} />
      {isNarrow(view) && (
        <button
          type="button"
          className="link"
          onClick={() => {
            if (field.current) field.current.value = "";
            onChange({ order: view.order, whose: view.whose });
          }}
        >
          {t("inbox.clear")}
        </button>
      )}
    </div>
  );
}
