/** Sources, search, envelopes and memory: shapes that the API may still gain fields in, and their queries. */

import { infiniteQueryOptions, queryOptions, type QueryClient } from "@tanstack/react-query";
import { all, api, ApiError } from "./client";
import { base, type Place } from "./queries";
import type { ContradictingSide, SourceContradiction, SourceContradictions } from "./generated";
import type { Envelope, Page, Source } from "./types";

export type { ContradictingSide, SourceContradiction, SourceContradictions };

/** The newest sources of a project, whatever lies behind them. */
export const newestSourcesQuery = (projectId: string, most: number) =>
  queryOptions({
    queryKey: ["sources", projectId, "newest", most],
    queryFn: async ({ signal }) =>
      (await api<Page<SourceMore>>(`/projects/${projectId}/sources`, { query: { sort: "-created_at", limit: most }, signal })).items,
  });

/** How far a source is read. */
export interface Progress {
  phase: "fetching" | "reading" | "writing";
  done: number;
  total: number | null;
  unit: string | null;
}

export type SourceNote = string | { code?: string; message?: string; text?: string; hint?: string | null };

export type SourceMore = Omit<Source, "notes" | "origin" | "progress"> & {
  origin: Source["origin"] | "artifact";
  /** The work that it is of, where it is approved work. */
  session_id?: string | null;
  notes: SourceNote[];
  progress?: Progress | null;
  retract_reason?: string | null;
};

export interface IndexState {
  mode?: string;
  model?: string | null;
  blocks: number;
  embedded: number;
  state: "complete" | "building" | "off" | "unavailable" | "other_model";
  message?: string | null;
}

export interface Hit {
  block_id: string;
  source_id: string;
  source_title: string;
  version: number;
  page: number | null;
  heading?: string | null;
  kind?: string;
  state?: string;
  char_start: number;
  char_end: number;
  text: string;
  score: number;
  highlights?: [number, number][];
  matched?: ("text" | "meaning")[];
}

export interface Found {
  items: Hit[];
  index?: IndexState | null;
}

export interface SearchAsk {
  q: string;
  k: number;
  source_id?: string;
  /** Content types. */
  type?: readonly string[];
  kind?: string;
  state?: string;
  captured_from?: string;
  captured_to?: string;
  mode?: string;
}

export interface Rest {
  envelopes: Record<string, unknown>[];
  sessions: Record<string, unknown>[];
  artifacts: Record<string, unknown>[];
  memory?: Record<string, unknown>[];
}

export type MemoryKind = "block" | "instruction" | "lesson";
export type MemoryState = "proposed" | "accepted" | "rejected" | "expired" | "retired";

export interface MemoryAnchor {
  source_id: string;
  version: number;
  block_id?: string | null;
  char_start: number;
  char_end: number;
  quote: string;
  source_title?: string;
}

export interface MemoryItem {
  id: string;
  kind: MemoryKind;
  state: MemoryState;
  text: string;
  scope?: { project_id: string | null; agent_type: string | null } | null;
  expires_at?: string | null;
  origin?: {
    session_id: string;
    artifact_id?: string | null;
    version?: number | null;
    checkpoint_id?: string | null;
    title?: string | null;
    project_id?: string | null;
    from?: string;
  } | null;
  /** Approved work stands in a source of its own. */
  source_id?: string | null;
  char_start?: number | null;
  char_end?: number | null;
  claims?: { id: string; needs_you: boolean }[];
  /** Accepting it needs a reason. */
  rests_on_retracted?: boolean;
  in_question?: { source_id: string; title: string; why: string; reason: string | null }[];
  version?: number;
  anchors?: MemoryAnchor[];
  created_by?: Person;
  created_at?: string | null;
  decided_by?: Person;
  decided_at?: string | null;
  reason?: string | null;
}

/** Who did it: a name, or an id with one. */
export type Person = string | { id?: string; name?: string | null } | null;

export interface Contradiction {
  kind: "number" | "polarity";
  a: string;
  b: string;
  subject?: string;
  a_says?: string;
  b_says?: string;
}

export interface Read {
  call?: string;
  tool: string;
  query?: string | null;
  label?: string | null;
  block_ids?: string[];
}

export type GivenPassage = Omit<Envelope["receipt"]["included"][number], "text"> & {
  /** null: its source was deleted. */
  text: string | null;
  kind?: string;
  heading?: string | null;
  marks?: string[];
  rank?: number | null;
  /** Which of the receipt's questions it answers. */
  question?: number | null;
  /** It came in because it contradicts another. */
  pulled?: boolean;
  origin?: string;
};

/** The receipt as any release kept it: what older ones lack may be missing. */
export type GivenReceipt = Omit<Envelope["receipt"], keyof Told> & Told;

interface Told {
  included: GivenPassage[];
  left_out: { block_id: string; source_title: string; why: string; reason?: string | null }[];
  left_out_count?: number;
  left_out_by_reason?: Record<string, number>;
  questions?: string[];
  task?: string;
  obligations?: { comment: string; about?: string }[];
  notes?: { id: string; kind: "instruction" | "lesson"; text: string; scope?: { project_id: string | null; agent_type: string | null } }[];
  notes_left_out?: Record<string, string>[];
  tables?: { source_id: string; source_title: string; version: number; table: number; name: string; columns: string[]; row_count: number }[];
  weights?: Record<string, unknown>;
  search?: { mode?: string; model?: string | null; embedded?: number; blocks?: number };
  contradictions?: Contradiction[];
  reads?: Read[];
}

export interface Rebuilt {
  body: string;
  digest: string;
  identical: boolean;
}

const MOST_SOURCES = 20_000;

/** What is newer takes the place of what was there; what is new stands at its end. */
export function merged(held: SourceMore[], news: SourceMore[]): SourceMore[] {
  if (news.length === 0) return held;
  const fresh = new Map(news.map((source) => [source.id, source]));
  const kept = held.map((source) => {
    const one = fresh.get(source.id);
    fresh.delete(source.id);
    return one ?? source;
  });
  return [...kept, ...fresh.values()];
}

const latest = (sources: SourceMore[]): string => sources.reduce((at, source) => (source.updated_at > at ? source.updated_at : at), "");

const WHOLE_MS = 60_000;
const wholeAt = new Map<string, number>();

/** Every source of a project. Only what changed is asked for again; all of it once a minute, for what was deleted. */
export const allSourcesQuery = (client: QueryClient, projectId: string) =>
  queryOptions({
    queryKey: ["sources", projectId, "all"],
    queryFn: async ({ signal }) => {
      const key = ["sources", projectId, "all"];
      const path = `/projects/${projectId}/sources`;
      const held = client.getQueryData<SourceMore[]>(key);
      const since = held ? latest(held) : "";
      if (!held || !since || Date.now() - (wholeAt.get(projectId) ?? 0) > WHOLE_MS) {
        const whole = await all<SourceMore>(path, {}, signal, MOST_SOURCES);
        wholeAt.set(projectId, Date.now());
        return whole;
      }
      return merged(held, await all<SourceMore>(path, { updated_since: since }, signal, MOST_SOURCES));
    },
    refetchInterval: (query) => (query.state.data?.some((source) => source.status === "processing") ? 2_000 : false),
  });

/** null where the server keeps no such state. */
async function orNull<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 405)) return null;
    throw error;
  }
}

export const indexQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["index", projectId],
    queryFn: ({ signal }) => orNull(() => api<IndexState>(`/projects/${projectId}/index`, { signal })),
    refetchInterval: (query) => (query.state.data?.state === "building" ? 2_000 : false),
  });

/** What deleting the source would take, as counts; it reads all of the project's work. */
export const goesQuery = (projectId: string, sourceId: string) =>
  queryOptions({
    queryKey: ["rest", sourceId, "goes"],
    queryFn: () => api<{ goes: Record<string, unknown> }>(`/projects/${projectId}/sources/${sourceId}/dependents?goes=1`),
    staleTime: 0,
  });

export const restQuery = (projectId: string, sourceId: string) =>
  queryOptions({
    queryKey: ["rest", sourceId],
    queryFn: ({ signal }) => orNull(() => api<Rest>(`/projects/${projectId}/sources/${sourceId}/dependents`, { signal })),
    staleTime: 0,
  });

export const searchQuery = (projectId: string, ask: SearchAsk) =>
  queryOptions({
    queryKey: ["search", projectId, ask],
    queryFn: ({ signal }) => api<Found>(`/projects/${projectId}/search`, { query: { ...ask }, signal }),
    enabled: ask.q.trim() !== "",
    staleTime: 0, // what was found may have been retracted since
  });

/** What the sources disagree on; `of` names their state, so that another one is asked for anew. */
export const contradictionsQuery = (projectId: string, of: string, sourceId?: string) =>
  queryOptions({
    queryKey: ["contradictions", projectId, sourceId ?? "all", of],
    queryFn: ({ signal }) => api<SourceContradictions>(`/projects/${projectId}/contradictions`, { query: { source_id: sourceId }, signal }),
    gcTime: 60_000,
  });

export const givenQuery = (place: Place) =>
  queryOptions({
    queryKey: ["envelope", place.sessionId, "full"],
    queryFn: ({ signal }) => orNull(() => api<Omit<Envelope, "receipt"> & { receipt: GivenReceipt }>(`${base(place)}/envelope`, { signal })),
  });

export const memoryQuery = (projectId: string) =>
  infiniteQueryOptions({
    queryKey: ["memory", projectId],
    initialPageParam: "",
    queryFn: ({ signal, pageParam }) =>
      api<Page<MemoryItem>>(`/projects/${projectId}/memory`, { query: { limit: 200, cursor: pageParam }, signal }),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
