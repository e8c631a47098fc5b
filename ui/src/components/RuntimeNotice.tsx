import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { runtimesQuery } from "@/api/queries";
import type { Agent } from "@/api/types";
import { t } from "@/i18n";
import { modelProblem, runtimeWords, sentence, specOf } from "@/lib/runtime";
import { Mark } from "./Mark";

/** What keeps new work from running as it is set up, or null. Agents of one installation share their runtimes. */
export function troubleOf(agents: Agent[]): { who: string; why: string } | null {
  const agent = agents[0];
  if (!agent) return null;
  const spec = specOf(agent.default_runtime);
  const runtime = agent.runtimes.find((r) => r.name === spec.name);
  if (!runtime) return { who: spec.name, why: t("runtime.unknown") };
  const wrong = modelProblem(spec, runtime.providers ?? []);
  if (runtime.available) return wrong === null ? null : { who: sentence(runtimeWords(agent.default_runtime) ?? spec.name), why: wrong };
  return { who: sentence(runtime.label), why: runtime.why_not ?? t("new.runtimeOff") };
}

/** One quiet line on the inbox and the list of work when the runtime that new work goes to cannot run, with what to do. */
export function RuntimeNotice() {
  const agents = useQuery(runtimesQuery).data ?? [];
  const [closed, setClosed] = useState("");
  const trouble = troubleOf(agents);
  if (!trouble || closed === trouble.why) return null;
  return (
    <div className="banner calm" role="status">
      <Mark shape="warn" />
      <span>
        <b>{t("runtime.cannot", { who: trouble.who })}</b> {trouble.why}
      </span>
      <button type="button" className="b bare small" onClick={() => setClosed(trouble.why)}>
        {t("action.close")}
      </button>
    </div>
  );
}
