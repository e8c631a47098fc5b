import { queryOptions } from "@tanstack/react-query";
import { all, ApiError } from "@/api/client";
import type * as G from "@/api/generated";

export type ProjectAgent = G.ProjectAgent;

/** The agents that a project has of its own. */
export const projectAgentsQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["project-agents", projectId],
    queryFn: ({ signal }) => all<ProjectAgent>(`/projects/${projectId}/agents`, {}, signal),
  });

/** The name that a definition gives itself, null where it has none yet. */
export function nameIn(text: string): string | null {
  return /^name:[ \t]*["']?([a-z][a-z0-9_]*)["']?[ \t]*(?:#.*)?$/m.exec(text)?.[1] ?? null;
}

/** A built-in definition as the start of another: the same text under a name and a title that are free. */
export function startFrom(text: string, taken: string[]): string {
  const base = nameIn(text) ?? "agent";
  let name = `my_${base}`.slice(0, 37);
  for (let n = 2; taken.includes(name); n += 1) name = `${`my_${base}`.slice(0, 37)}_${n}`;
  return text
    .replace(/^name:.*$/m, () => `name: ${name}`)
    .replace(/^title:[ \t]*["']?(.*?)["']?[ \t]*$/m, (_line, title: string) => `title: My ${title.toLowerCase()}`);
}

/** The line that a refusal names, from 1 on, or null. */
export function lineOf(error: unknown): number | null {
  if (!(error instanceof ApiError)) return null;
  const said = error.body["line"] ?? /\bline (\d+)\b/.exec(error.message)?.[1];
  const line = Number(said);
  return Number.isInteger(line) && line > 0 ? line : null;
}

/** What was said of the line, without naming file and line again. */
export function saidOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const words = message.replace(/^.{0,120}?, line \d+: /s, "");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Where a line begins and ends in a text, in UTF-16 units; the last one where there are fewer. */
export function spanOf(text: string, line: number): { start: number; end: number } {
  const lines = text.split("\n");
  const at = Math.min(Math.max(1, line), lines.length) - 1;
  const start = lines.slice(0, at).reduce((sum, one) => sum + one.length + 1, 0);
  return { start, end: start + (lines[at]?.length ?? 0) };
}
