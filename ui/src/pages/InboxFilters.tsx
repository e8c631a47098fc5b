import { useQuery } from "@tanstack/react-query";
import { useEffect, type RefObject } from "react";
import { isNarrow, ORDERS, RISKS, SAID, snoozedCountQuery, STOPS, WHOSE, type View } from "@/api/inbox";
import { archivedQuery, membersQuery, meQuery, projectsQuery, runtimesQuery } from "@/api/queries";
import { Kbd } from "@/components/States";
import { t } from "@/i18n";
import { count, projectWords } from "@/lib/format";
import { agentWord } from "@/review/Queue";

function Choice({ label, keyed, value, usual = "", options, onChange }: { label: string; /** The key that leads to it. */ keyed?: string; value: string; usual?: string; options: { value: string; label: string }[]; onChange: (value: string | undefined) => void }) {
  return (
    <label className="choice" data-on={value !== usual || undefined}>
      <span>
        {keyed && <Kbd>{keyed}</Kbd>} {label}
      </span>
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

type Tab = NonNullable<View["whose"]>;

/** One person's work is nobody else's. */
const tabsOf = (people: boolean): readonly Tab[] => (people ? WHOSE : ["all", "snoozed", "decided"]);

/** The view under another tab: what both can restrict goes along. */
function turnedTo(view: View, tab: Tab): View {
  const { project, agent, find } = view;
  const both = { project, agent, find, whose: tab };
  return tab === "decided" || view.whose === "decided" ? both : { ...view, whose: tab };
}

/** Set while the reader turns to another tab by its button: the other list has buttons of its own. */
let turning = false;

/** Numbers go to the tabs, from the left. */
export function tabKeys(view: View, people: boolean, onChange: (next: View) => void): Record<string, () => void> {
  return Object.fromEntries(tabsOf(people).map((tab, n) => [String(n + 1), () => onChange(turnedTo(view, tab))]));
}

const ANYTHING = (): { value: string; label: string } => ({ value: "", label: t("inbox.any") });

/** Whose, which and in what order: each stands in the address. */
export function InboxFilters({
  view,
  people,
  clear,
  within,
  onChange,
}: {
  view: View;
  people: boolean;
  /** Empties the search. */
  clear: () => void;
  within: RefObject<HTMLDivElement | null>;
  onChange: (next: View) => void;
}) {
  const listed = useQuery(projectsQuery).data ?? [];
  // What waits in an archived project is in the list still.
  const gone = useQuery(archivedQuery).data ?? [];
  const projects = [...listed, ...gone.filter((project) => project.counts.waiting > 0 || project.id === view.project)];
  const agents = useQuery(runtimesQuery).data ?? [];
  const asleep = useQuery(snoozedCountQuery).data ?? 0;
  const set = (more: View) => onChange({ ...view, ...more });
  const decided = view.whose === "decided";
  useEffect(() => {
    if (!turning) return;
    turning = false;
    within.current?.querySelector<HTMLElement>("input[name=whose]:checked")?.focus();
  }, [within, view.whose]);
  const kinds = [...agents.map((agent) => ({ value: agent.name, label: agentWord(agent.name, agent.title) })), { value: "check", label: agentWord("check") }];
  const known = kinds.some((kind) => kind.value === view.agent) || !view.agent ? kinds : [...kinds, { value: view.agent, label: agentWord(view.agent) }];
  return (
    <div className="filters ifilters" ref={within}>
      <span className="seg" role="radiogroup" aria-label={t("inbox.whose")}>
        {tabsOf(people).map((tab, n) => (
          <label key={tab}>
            <input type="radio" name="whose" checked={(view.whose ?? "all") === tab} onChange={() => {
                turning = true;
                onChange(turnedTo(view, tab));
              }}
            />
            <Kbd>{n + 1}</Kbd>
            {tab === "snoozed" ? `${t("inbox.snoozedTab")}${asleep > 0 ? ` ${count(asleep)}` : ""}` : t(`inbox.${tab}`)}
          </label>
        ))}
      </span>
      {decided ? (
        <DecidedChoices view={view} people={people} set={set} />
      ) : (
        <Choice keyed="f" label={t("inbox.order")} usual="attention" value={view.order ?? "attention"} options={ORDERS.map((order) => ({ value: order, label: t(`order.${order}`) }))} onChange={(order) => set({ order: order as View["order"] })} />
      )}
      {projects.length > 1 && (
        <Choice
          label={t("inbox.project")}
          value={view.project ?? ""}
          options={[ANYTHING(), ...projects.map((project) => ({ value: project.id, label: projectWords(project.name, project.archived_at !== null) }))]}
          onChange={(project) => set({ project })}
        />
      )}
      <Choice label={t("inbox.agent")} value={view.agent ?? ""} options={[ANYTHING(), ...known]} onChange={(agent) => set({ agent })} />
      {!decided && (
        <>
          <Choice label={t("inbox.risk")} value={view.risk ?? ""} options={[ANYTHING(), ...RISKS.map((risk) => ({ value: risk, label: t(`risk.${risk}`) }))]} onChange={(risk) => set({ risk: risk as View["risk"] })} />
          <Choice label={t("inbox.why")} value={view.stop ?? ""} options={[ANYTHING(), ...STOPS.map((stop) => ({ value: stop, label: t(`stop.${stop}`) }))]} onChange={(stop) => set({ stop: stop as View["stop"] })} />
          <Choice label={t("inbox.due")} value={view.late ?? ""} options={[ANYTHING(), { value: "yes", label: t("inbox.overdue") }]} onChange={(late) => set({ late: late as View["late"] })} />
        </>
      )}
      {isNarrow(view) && (
        <button
          type="button"
          className="link"
          onClick={() => {
            clear();
            onChange({ order: view.order, whose: view.whose });
          }}
        >
          {t("inbox.clear")}
        </button>
      )}
    </div>
  );
}

/** What was decided, and by whom. */
function DecidedChoices({ view, people, set }: { view: View; people: boolean; set: (more: View) => void }) {
  const members = useQuery(membersQuery).data ?? [];
  const me = useQuery(meQuery).data?.id;
  const others = people ? members.filter((member) => member.id !== me && (member.role === "reviewer" || member.role === "admin")) : [];
  const anybody = [
    { value: "", label: t("inbox.anybody") },
    { value: "me", label: t("inbox.byMe") },
    ...others.map((member) => ({ value: member.id, label: member.name })),
    { value: "policy", label: t("inbox.byPolicy") },
  ];
  return (
    <>
      <Choice keyed="f" label={t("inbox.said")} value={view.said ?? ""} options={[ANYTHING(), ...SAID.map((said) => ({ value: said, label: t(`said2.${said}`) }))]} onChange={(said) => set({ said: said as View["said"] })} />
      <Choice label={t("inbox.by")} value={view.by ?? ""} options={anybody} onChange={(by) => set({ by })} />
    </>
  );
}
