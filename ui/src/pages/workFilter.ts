import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import type { WorkFilter } from "@/api/work";

/** What the address of a list of work says. */
export interface WorkSearch {
  state?: State;
  agent?: string;
  project?: string;
  find?: string;
  /** Only what ended in the last so many days. */
  days?: number;
}

export const STATES = ["running", "waiting", "done", "stopped", "ready"] as const;
/** Narrower ones, which a figure elsewhere leads to. */
export const EXACT = ["working", "queued", "failed"] as const;
export type State = (typeof STATES)[number] | (typeof EXACT)[number];

/** The statuses of the API that a state of the page means. */
export const STATUSES: Record<State, string[]> = {
  running: ["queued", "in_progress"],
  waiting: ["pending_review"],
  done: ["completed"],
  stopped: ["failed", "cancelled"],
  ready: ["initialized"],
  working: ["in_progress"],
  queued: ["queued"],
  failed: ["failed"],
};
const MOST_DAYS = 366;

const text = (value: unknown): string | undefined => (typeof value === "string" && value.trim() ? value.slice(0, 300) : undefined);

export function readWorkSearch(search: Record<string, unknown>): WorkSearch {
  const state = [...STATES, ...EXACT].find((one) => one === search["state"]);
  const days = Number(search["days"]);
  return { days: Number.isInteger(days) && days > 0 && days <= MOST_DAYS ? days : undefined, state, agent: text(search["agent"]), project: text(search["project"]), find: text(search["find"]) };
}

/** The filter in the address, so that going back finds it again, and what changes it. */
export function useWorkFilter(project?: string) {
  const search = readWorkSearch(useSearch({ strict: false }) as Record<string, unknown>);
  const navigate = useNavigate();
  const change = (next: Partial<WorkSearch>) =>
    void navigate({ to: ".", search: clean({ ...search, ...next }) as never, replace: true });
  const since = useMemo(() => (search.days === undefined ? undefined : new Date(Date.now() - search.days * 86_400_000).toISOString()), [search.days]);
  const filter: WorkFilter = {
    project: project ?? search.project,
    status: search.state ? STATUSES[search.state].join(",") : undefined,
    agent: search.agent,
    title: search.find,
    // What somebody rejected is no failure, though its status is the same.
    outcome: search.state === "failed" ? "failed" : undefined,
    since,
    // What is decided and held waits for nobody.
    held: search.state === "waiting" ? "false" : undefined,
  };
  return { search, filter, change };
}

function clean(search: WorkSearch): WorkSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== ""));
}
