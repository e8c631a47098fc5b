import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { all, api } from "./client";
import type * as G from "./generated";
import { base, type Place } from "./queries";
import type { Page, WorkSession } from "./types";

export type Template = Omit<G.Template, "content"> & { content: TemplateContent };
export type TemplateContent = G.TemplateContent;
export type ToolCall = G.ToolCall;
export type WorkCounts = G.WorkCounts;

/** Which work is listed; what is not said is not asked for. */
export interface WorkFilter {
  project?: string;
  status?: string;
  agent?: string;
  title?: string;
  /** What it came to, and since when. */
  outcome?: string;
  since?: string;
  /** Whether it is what was decided and can still be taken back. */
  held?: "true" | "false";
}

const PAGE = 50;

/** Work of one project or of all, newest first, a page at a time. */
export const workListQuery = ({ project, status, agent, title, outcome, since, held }: WorkFilter) =>
  infiniteQueryOptions({
    queryKey: ["work", "list", project ?? "", status ?? "", agent ?? "", title ?? "", outcome ?? "", since ?? "", held ?? ""],
    queryFn: ({ pageParam, signal }) =>
      api<Page<WorkSession>>("/work-sessions", {
        query: { project_id: project, status, agent_type: agent, title, outcome, settled_since: since, held, cursor: pageParam, limit: PAGE },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });

export const workCountsQuery = (project?: string) =>
  queryOptions({
    queryKey: ["work", "counts", project ?? ""],
    queryFn: ({ signal }) => api<WorkCounts>("/work-sessions/counts", { query: { project_id: project }, signal }),
  });

export const templatesQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["templates", projectId],
    queryFn: ({ signal }) => all<Template>(`/projects/${projectId}/templates`, {}, signal),
  });

export const toolCallQuery = (place: Place, call: string) =>
  queryOptions({
    queryKey: ["tool-call", place.sessionId, call],
    queryFn: ({ signal }) => api<ToolCall>(`${base(place)}/tool-calls/${call}`, { signal }),
    staleTime: Infinity, // what was recorded does not change
  });
