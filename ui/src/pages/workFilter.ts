import { useNavigate, useSearch } from "@tanstack/react-router";
import type { WorkFilter } from "@/api/work";

/** What the address of a list of work says. */
export interface WorkSearch {
  state?: State;
  agent?: string;
  project?: string;
  find?: string;
}

export const STATES = ["running", "waiting", "done", "stopped", "ready"] as const;
export type State = (typeof STATES)[number];

/** The statuses of the API that a state of the page means. */
export const STATUSES: Record<State, string[]> = {
  running: ["queued", "in_progress"],
  waiting: ["pending_review"],
  done: ["completed"],
  stopped: ["failed", "cancelled"],
  ready: ["initialized"],
};

const text = (value: unknown): string | undefined => (typeof value === "string" && value.trim() ? value.slice(0, 300) : undefined);

export function readWorkSearch(search: Record<string, unknown>): WorkSearch {
  const state = STATES.find((one) => one === search["state"]);
  return { state, agent: text(search["agent"]), project: text(search["project"]), find: text(search["find"]) };
}

/** The filter in the address, so that going back finds it again, and what changes it. */
export function useWorkFilter(project?: string) {
  const search = readWorkSearch(useSearch({ strict: false }) as Record<string, unknown>);
  const navigate = useNavigate();
  const change = (next: Partial<WorkSearch>) =>
    void navigate({ to: ".", search: clean({ ...search, ...next }) as never, replace: true });
  const filter: WorkFilter = {
    project: project ?? search.project,
    status: search.state ? STATUSES[search.state].join(",") : undefined,
    agent: search.agent,
    title: search.find,
  };
  return { search, filter, change };
}

function clean(search: WorkSearch): WorkSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== ""));
}
