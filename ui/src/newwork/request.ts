import type { FieldErrors, FieldValues } from "react-hook-form";
import { ApiError } from "@/api/client";
import type { Agent, JsonSchema, Runtime, Source, Strategy } from "@/api/types";
import type { Template, TemplateContent } from "@/api/work";
import { cleaned, typeOf } from "@/components/SchemaForm";
import { t } from "@/i18n";
import { modelRule, specOf, specText, type Spec } from "@/lib/runtime";

export interface Values extends FieldValues {
  task: string;
  title: string;
  draft: string;
  config: Record<string, unknown>;
  strategy: Strategy;
  runtime: string;
  model: string;
  usd: string;
  minutes: string;
  tokens: string;
  left: string[];
  folder: string;
}

/** Settings that the list of sources says for every agent. */
export const HIDDEN_KEYS = ["include_sources", "exclude_sources"];
/** Settings that name sources of the project: they are chosen, not typed. */
const SOURCE_KEYS: Record<string, (source: Source) => boolean> = {
  brand_voice: () => true,
  data_sources: (source) => source.tables.length > 0,
};

const KNOWN = ["research", "content", "reporting"];

/** The agents in the order people learn them; those of one's own come last. */
export function inOrder(agents: Agent[]): string[] {
  const known = KNOWN.filter((name) => agents.some((a) => a.name === name));
  return [...known, ...agents.map((a) => a.name).filter((name) => !known.includes(name))];
}

/** What can do the work of this agent: the quote finder knows only the kinds that it was made for. */
export function runtimesFor(agent: Agent): Runtime[] {
  return agent.runtimes.map((r) =>
    r.name === "extractive" && !KNOWN.includes(agent.name) ? { ...r, available: false, why_not: t("runtime.knownOnly") } : r,
  );
}

/** The runtime to start with: the default where it can run, else the first that can. */
export function firstRuntime(agent: Agent | null): Spec {
  if (agent === null) return { name: "", model: "" };
  const wanted = specOf(agent.default_runtime);
  const able = runtimesFor(agent).filter((r) => r.available);
  if (able.some((r) => r.name === wanted.name)) return wanted;
  return { name: able[0]?.name ?? wanted.name, model: "" };
}

/** The form's schema: settings that name sources offer those of the project, by title where that names only one. */
export function withSources(schema: JsonSchema, sources: Source[]): JsonSchema {
  const properties = Object.entries(schema.properties ?? {}).map(([name, field]): [string, JsonSchema] => {
    const fits = SOURCE_KEYS[name];
    const able = fits ? sources.filter(fits) : [];
    if (able.length === 0 || typeOf(field) !== "array" || field.items?.enum) return [name, field];
    const named = (source: Source) =>
      sources.filter((one) => one.title === source.title).length === 1 && source.title.length <= (field.items?.maxLength ?? 300);
    return [
      name,
      {
        ...field,
        items: {
          ...field.items,
          enum: able.map((source) => (named(source) ? source.title : source.id)),
          enum_titles: able.map((source) => source.title),
        },
      },
    ];
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

export function positive(value: string, whole: boolean): string | true {
  if (value.trim() === "") return true;
  const n = Number(value);
  if (!Number.isFinite(n) || (whole && !Number.isInteger(n))) return whole ? t("form.integer") : t("form.number");
  return n > 0 ? true : t("new.moreThanZero");
}

export function checkBody(v: Values, sourceIds: string[] | null): Record<string, unknown> {
  return {
    draft: v.draft,
    ...(v.title.trim() ? { title: v.title.trim() } : {}),
    ...(sourceIds ? { source_ids: sourceIds } : {}),
  };
}

/** What the request says of a budget: what is left empty stays as the agent's definition has it. */
function budgetOf(agent: Agent, v: Values): Record<string, number> | null {
  const usesModel = agent.runtimes.find((r) => r.name === v.runtime)?.uses_model ?? false;
  const given = {
    ...(usesModel && v.usd.trim() ? { usd: Number(v.usd) } : {}),
    ...(usesModel && v.tokens.trim() ? { tokens: Number(v.tokens) } : {}),
    ...(v.minutes.trim() ? { seconds: Number(v.minutes) * 60 } : {}),
  };
  return Object.keys(given).length > 0 ? { ...agent.budget, ...given } : null;
}

/** The request as a template keeps it. `sourceIds` is null when all of the project's sources are meant. */
export function requestOf(agent: Agent, schema: JsonSchema, v: Values, sourceIds: string[] | null): TemplateContent {
  const config = cleaned(schema, v.config);
  for (const key of HIDDEN_KEYS) delete config[key];
  const budget = budgetOf(agent, v);
  return {
    agent_type: agent.name,
    ...(v.task.trim() ? { task_description: v.task.trim() } : {}),
    config,
    approval_strategy: v.strategy,
    ...(sourceIds ? { source_ids: sourceIds } : {}),
    ...(v.runtime ? { runtime: specText({ name: v.runtime, model: modelRule(v.runtime) === "none" ? "" : v.model }) } : {}),
    ...(budget ? { budget } : {}),
    ...(v.folder.trim() ? { deliver_to: [{ kind: "folder", path: v.folder.trim() }] } : {}),
  };
}

/**
 * The same to be sent, started at once or kept for later. Of a template the server takes what is not said here, so
 * what the form leaves open is said: `all` are the ids of all sources that can be used.
 */
export function workBody(
  agent: Agent,
  schema: JsonSchema,
  v: Values,
  sourceIds: string[] | null,
  start = true,
  from?: { template: Template; all: string[] },
): Record<string, unknown> {
  const request = requestOf(agent, schema, v, sourceIds);
  const held = from?.template.content;
  return {
    ...request,
    task_description: v.task.trim(),
    ...(from ? { template_id: from.template.id, template_version: from.template.version, deliver_to: request.deliver_to ?? [] } : {}),
    ...(held?.source_ids && !sourceIds ? { source_ids: from?.all } : {}),
    ...(held?.budget && !request.budget ? { budget: agent.budget } : {}),
    auto_execute: start && v.runtime !== "external", // its agent starts it: from then on its lease runs
  };
}

/** A folder under the server's: relative, and nowhere above it. */
export function folderProblem(path: string): string | true {
  const clean = path.trim();
  if (clean === "") return true;
  return /^[/\\~]/.test(clean) || /^[a-z]:/i.test(clean) || clean.split(/[/\\]/).includes("..") ? t("workArea.form.deliverBad") : true;
}

/** The field of the form that the server's refusal is about, or null. */
export function fieldOf(error: unknown, schema: JsonSchema, runtime: string): string | null {
  if (!(error instanceof ApiError)) return null;
  if (error.code === "agent_type_unknown") return "runtime";
  if (error.code === "unknown_runtime" || error.code === "runtime_unavailable") return modelRule(runtime) === "none" ? "runtime" : "model";
  const parts = (error.field ?? "").replaceAll("/", ".").split(".").filter(Boolean);
  if (parts[0] === "body") parts.shift();
  const [first = "", second = ""] = parts;
  if (first === "source_ids" || HIDDEN_KEYS.includes(second)) return "left";
  if (first === "config" && schema.properties?.[second]) return `config.${second}`;
  if (schema.properties?.[first]) return `config.${first}`;
  if (first === "task_description") return "task";
  if (first === "budget") return second === "seconds" ? "minutes" : second === "tokens" ? "tokens" : "usd";
  if (first === "deliver_to") return "folder";
  return ["draft", "title", "runtime"].includes(first) ? first : null;
}

/** Every error with the id of its field, for the dock. */
export function errorList(errors: FieldErrors<Values>, schema: JsonSchema, taskLabel: string): { id: string; label: string }[] {
  const list: { id: string; label: string }[] = [];
  const add = (id: string, label: string) => list.push({ id, label });
  if (errors.task) add("task", taskLabel);
  if (errors.draft) add("draft", t("new.draft"));
  if (errors.title) add("title", t("new.titleField"));
  for (const [name, error] of Object.entries((errors.config ?? {}) as Record<string, unknown>)) {
    if (error) add(`field-config-${name}`, schema.properties?.[name]?.title ?? name.replaceAll("_", " "));
  }
  if (errors.left) add("sources", t("page.sources"));
  if (errors.runtime) add("runtime-choice", t("new.runtime"));
  if (errors.model) add("model", t("runtime.model"));
  if (errors.usd) add("usd", t("new.budget"));
  if (errors.tokens) add("tokens", t("workArea.form.tokens"));
  if (errors.minutes) add("minutes", t("new.minutes"));
  if (errors.folder) add("folder", t("workArea.form.deliver"));
  return list;
}
