import type { Agent, JsonSchema, Source, WorkSession } from "@/api/types";
import type { Template, TemplateContent } from "@/api/work";
import { defaultsOf } from "@/components/SchemaForm";
import { specOf } from "@/lib/runtime";
import { firstRuntime, runtimesFor, type Values } from "./request";

/** What a form starts from. `missing`: sources that it names and that are not here any more. */
export interface Start {
  values: Partial<Values>;
  missing: number;
}

/** The request of a session, as a template would keep it. A folder that only the command line may name is not copied. */
export function contentOf(session: WorkSession): TemplateContent {
  return {
    agent_type: session.agent_type,
    task_description: session.task_description,
    config: session.config,
    approval_strategy: session.approval_strategy,
    runtime: session.runtime,
    budget: Object.fromEntries(["usd", "tokens", "seconds"].flatMap((name) => (session.budget[name] ? [[name, session.budget[name]]] : []))),
    ...(session.source_ids ? { source_ids: session.source_ids } : {}),
  };
}

/** A form filled in from a request; what the agent has itself stays empty, so that it goes on to be the agent's. */
export function startFrom(content: TemplateContent, agent: Agent, schema: JsonSchema, usable: Source[]): Start {
  const wanted = specOf(content.runtime ?? agent.default_runtime);
  const able = runtimesFor(agent).some((one) => one.name === wanted.name && one.available);
  const runtime = able ? wanted : firstRuntime(agent);
  const ids = content.source_ids ?? null;
  const own = agent.budget ?? {};
  const limit = (name: "usd" | "tokens" | "seconds"): number | null => {
    const value = Number(content.budget?.[name] ?? 0);
    return value > 0 && value !== own[name] ? value : null;
  };
  const [usd, tokens, seconds] = [limit("usd"), limit("tokens"), limit("seconds")];
  const folder = content.deliver_to?.[0]?.path ?? "";
  return {
    missing: ids ? ids.filter((id) => !usable.some((source) => source.id === id)).length : 0,
    values: {
      task: content.task_description ?? "",
      config: { ...defaultsOf(schema), ...(content.config ?? {}) },
      strategy: content.approval_strategy ?? "final_only",
      runtime: runtime.name,
      model: runtime.model,
      usd: usd === null ? "" : String(usd),
      tokens: tokens === null ? "" : String(tokens),
      minutes: seconds === null ? "" : String(Math.max(1, Math.round(seconds / 60))),
      left: ids ? usable.filter((source) => !ids.includes(source.id)).map((source) => source.id) : [],
      folder,
    },
  };
}

/** Templates as somebody looks for them: the one that was used last comes first. */
export function byUse(templates: Template[]): Template[] {
  const at = (one: Template) => one.last_used_at ?? one.updated_at;
  return [...templates].sort((a, b) => at(b).localeCompare(at(a)));
}
