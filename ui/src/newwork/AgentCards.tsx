import type { Agent } from "@/api/types";
import { t, tMaybe } from "@/i18n";
import { inOrder } from "./request";

function clipped(goal: string): string {
  return goal.length > 120 ? `${goal.slice(0, 119).trimEnd()}…` : goal;
}

/** What kind of work: a draft to check, the agents that are shipped, those of the project's own. */
export function AgentCards({ agents, name, choose }: { agents: Agent[]; name: string; choose: (name: string) => void }) {
  return (
    <div className="agents" role="radiogroup" aria-label={t("new.agent")}>
      {["check", ...inOrder(agents)].map((option) => {
        const known = agents.find((a) => a.name === option);
        const own = known?.origin === "project";
        return (
          <label key={option}>
            <input type="radio" name="agent" checked={name === option} onChange={() => choose(option)} />
            <b>{own ? known.title : tMaybe(`agent.${option}`, known?.title ?? option)}</b>
            <span>{own ? clipped(known.goal) : tMaybe(`new.card.${option}`, clipped(known?.goal ?? ""))}</span>
          </label>
        );
      })}
    </div>
  );
}
