/** What waits for a decision: views of it, pages of a view, and what is around one review. */

import { infiniteQueryOptions, queryOptions, type Query as Cached, type QueryClient } from "@tanstack/react-query";
import { all, api, ApiError, type RequestOptions } from "./client";
import type * as G from "./generated";
import type { CheckpointItem } from "./types";

export const ORDERS = ["attention", "due_at", "risk", "effort", "opened_at"] as const;
export const WHOSE = ["all", "mine", "unassigned", "snoozed", "decided"] as const;
export const SAID = ["approve", "request_changes", "reject"] as const;
export const RISKS = ["high", "medium", "low"] as const;
export const STOPS = ["final", "plan", "question", "budget", "conflict", "suspicious_source", "high_impact", "low_confidence", "review_requested"] as const;

/** What a person looks at: it stands in the address, and the review goes through the same. */
export interface View {
  order?: (typeof ORDERS)[number];
  whose?: (typeof WHOSE)[number];
  project?: string;
  agent?: string;
  risk?: (typeof RISKS)[number];
  stop?: (typeof STOPS)[number];
  /** Only what is overdue. */
  late?: "yes";
  find?: string;
  /** Of what is decided: what was said, and by whom: `me`, `policy` or a member's id. */
  said?: (typeof SAID)[number];
  by?: string;
}

const oneOf = <T extends string>(known: readonly T[], value: unknown): T | undefined => known.find((one) => one === value);
const text = (value: unknown, most: number): string | undefined => (typeof value === "string" || typeof value === "number") && String(value).trim() ? String(value).slice(0, most) : undefined;

const id = (value: unknown): string | undefined => /^[0-9a-zA-Z-]{1,60}$/.exec(text(value, 60) ?? "")?.[0];

/** The view that an address says; what it does not know is left out. */
export function readView(search: Record<string, unknown>): View {
  const found: View = {
    order: oneOf(ORDERS, search["order"]),
    whose: oneOf(WHOSE, search["whose"]),
    project: id(search["project"]),
    agent: text(search["agent"], 80),
    risk: oneOf(RISKS, search["risk"]),
    stop: oneOf(STOPS, search["stop"]),
    late: oneOf(["yes"] as const, search["late"]),
    find: text(search["find"], 200),
    said: oneOf(SAID, search["said"]),
    by: id(search["by"]),
  };
  return tidy(found);
}

/** Without what is the usual, so that one view has one address. */
export function tidy(view: View): View {
  const usual = (name: string, value: unknown) => value === undefined || value === "" || (name === "order" && value === "attention") || (name === "whose" && value === "all");
  return Object.fromEntries(Object.entries(view).filter(([name, value]) => !usual(name, value)));
}

export const keyOf = (view: View): string => JSON.stringify(Object.entries(tidy(view)).toSorted());

/** Whether a view leaves anything out, other than by whose it is. */
export const isNarrow = ({ project, agent, risk, stop, late, find, said, by }: View): boolean => Boolean(project ?? agent ?? risk ?? stop ?? late ?? find ?? said ?? by);

type Query = NonNullable<RequestOptions["query"]>;

export function queryOf(view: View): Query {
  if (view.whose === "decided")
    return { status: "decided", sort: "-decided_at", project_id: view.project, agent_type: view.agent, decision: view.said, decided_by: view.by, q: view.find };
  return {
    held: "false",
    sort: view.order ?? "attention",
    assignee: view.whose === "mine" ? "me" : view.whose === "unassigned" ? "none" : null,
    snoozed: view.whose === "snoozed" ? "only" : null,
    project_id: view.project,
    agent_type: view.agent,
    risk: view.risk,
    reason: view.stop,
    overdue: view.late && "true",
    q: view.find,
  };
}

/** What the page asks for waits, or belongs to some sessions: such lists are counted. */
export type Listed = Omit<G.Inbox, "items" | "total" | "offset" | "effort_seconds"> & { items: CheckpointItem[]; total: number; offset: number; effort_seconds: number };
/** A list that may be a history, which is not counted. */
export type Paged = Omit<G.Inbox, "items"> & { items: CheckpointItem[] };

const list = (query: Query, signal?: AbortSignal) => api<Listed>("/checkpoints", { query, signal });

export const PAGE = 100;

/** Rows of a view by their place. `round` counts how often it was read anew: rows of one round belong together. */
export const rowsQuery = (view: View, round: number, page: number) =>
  queryOptions({
    queryKey: ["inbox-rows", keyOf(view), round, page],
    queryFn: ({ signal }) => list({ ...queryOf(view), start: page * PAGE, limit: PAGE }, signal),
    staleTime: Infinity, // what changes is told of, row by row
  });

/** How much waits for anybody. */
export const waitingQuery = queryOptions({
  queryKey: ["inbox", "count"],
  queryFn: async ({ signal }) => {
    const { total, effort_seconds } = await list({ ...queryOf({}), limit: 1 }, signal);
    return { total, effort_seconds };
  },
  refetchInterval: 60_000, // what was put off comes back by itself
});

export const snoozedCountQuery = queryOptions({
  queryKey: ["inbox", "snoozed"],
  queryFn: async ({ signal }) => (await list({ ...queryOf({ whose: "snoozed" }), limit: 1 }, signal)).total,
});

/** What to begin with: of a project, or of all. */
export const firstQuery = (project?: string) =>
  queryOptions({
    queryKey: ["inbox", "first", project ?? ""],
    queryFn: async ({ signal }) => (await list({ ...queryOf({ project }), limit: 1 }, signal)).items[0] ?? null,
  });

export const AROUND = 31;
export const DECIDED: View = { whose: "decided" };

const ALONE: Paged = { items: [], next_cursor: null, total: null, offset: null, position: null, effort_seconds: null, batch_most: 1 };

/**
 * A review and its neighbours in a view, whether or not it still waits. What has no place in it is among all that waits,
 * or among what was decided, such as what policy signed when it opened; what has none there either is by itself.
 */
export const aroundQuery = (view: View, id: string) =>
  queryOptions({
    queryKey: ["inbox", "around", keyOf(view), id],
    queryFn: async ({ signal }) => {
      const ask = (of: View) => api<Paged>("/checkpoints", { query: { ...queryOf(of), around: id, limit: AROUND }, signal });
      for (const of of [view, view.whose === "decided" ? {} : DECIDED]) {
        try {
          return await ask(of);
        } catch (problem) {
          if (!(problem instanceof ApiError && problem.code === "unknown_sort")) throw problem;
        }
      }
      return ALONE;
    },
    staleTime: 5_000,
  });

/** What was decided, newest first, a page at a time. */
export const decidedQuery = (view: View) =>
  infiniteQueryOptions({
    queryKey: ["inbox-decided", keyOf(view)],
    queryFn: ({ pageParam, signal }) => api<Paged>("/checkpoints", { query: { ...queryOf(view), cursor: pageParam, limit: 50 }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });

/** What was decided last in a view of what was decided. */
export const newestDecided = async (view: View): Promise<CheckpointItem | null> => (await api<Paged>("/checkpoints", { query: { ...queryOf(view), limit: 1 } })).items[0] ?? null;

export const BATCH_PAGE = 200;

/** What may be signed together is among these, a page at a time; the answer says how many there are. */
export const batchQuery = (view: View) =>
  infiniteQueryOptions({
    queryKey: ["inbox-batch", keyOf(view)],
    queryFn: ({ pageParam, signal }) => api<Listed>("/checkpoints", { query: { ...queryOf(view), routine: "true", cursor: pageParam, limit: BATCH_PAGE }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    staleTime: Infinity, // what changes is told of, row by row
  });

/** How many wait in a view. */
export const countQuery = (view: View) =>
  queryOptions({
    queryKey: ["inbox", "count", keyOf(view)],
    queryFn: async ({ signal }) => (await list({ ...queryOf(view), limit: 1 }, signal)).total,
  });

/** Of a view, the rows of these sessions that are in it now. */
export const stillThere = async (view: View, sessions: string[], signal?: AbortSignal): Promise<CheckpointItem[]> =>
  (await list({ ...queryOf(view), session_id: sessions, limit: 200 }, signal)).items;

/** Every review of these sessions, whatever became of it. */
export const whatBecame = (sessions: string[], signal?: AbortSignal): Promise<CheckpointItem[]> =>
  all<CheckpointItem>("/checkpoints", { status: "any", snoozed: "true", sort: "-opened_at", session_id: sessions }, signal, 400);

/** The place of a row in a view now. */
export const placeOf = async (view: View, id: string): Promise<number> => (await list({ ...queryOf(view), around: id, limit: 1 })).position ?? 0;

const VIEW = "proofroom.inbox";

/** The view that the reader came from: the review goes through it. Kept in this tab. */
export function currentView(): View {
  try {
    return readView(JSON.parse(sessionStorage.getItem(VIEW) ?? "{}") as Record<string, unknown>);
  } catch {
    return {};
  }
}

export function keepView(view: View): void {
  try {
    sessionStorage.setItem(VIEW, JSON.stringify(tidy(view)));
  } catch {
    // Without storage the review goes through the usual view.
  }
}

/**
 * Puts who looks at reviews of these sessions now into the lists around reviews that show them. Nothing else of a list is
 * read again for it, and it is no newer than it was.
 */
export async function putLooks(client: QueryClient, sessions: string[]): Promise<void> {
  const lists = client.getQueryCache().findAll({ queryKey: ["inbox", "around"] }) as unknown as Cached<Paged>[];
  const shown = sessions.filter((one) => lists.some(({ state }) => state.data?.items.some((item) => item.session_id === one)));
  if (shown.length === 0) return;
  const now = await whatBecame(shown);
  for (const query of lists) {
    const { data } = query.state;
    const items = data?.items.map((item) => {
      const found = now.find((one) => one.id === item.id);
      return found ? { ...item, looking: found.looking, lookers: found.lookers } : item;
    });
    if (data && items) query.setState({ data: { ...data, items } });
  }
}
