import { queryOptions } from "@tanstack/react-query";
import { all, api, ApiError } from "./client";
import type {
  Agent, Artifact, ArtifactDiff, Checkpoint, Comment, DeliveryList, Envelope, Me, Member, Page, Policy, PolicyExplained, Project, RevealItem,
  SinceLast, Source, SourceContent, WorkEvent, WorkSession,
} from "./types";

/** Where a work session lives. */
export interface Place {
  projectId: string;
  sessionId: string;
}

export const base = (p: Place) => `/projects/${p.projectId}/work-sessions/${p.sessionId}`;

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => api<Me>("/me", { signal }),
  staleTime: Infinity,
});

export const projectsQuery = queryOptions({
  queryKey: ["projects"],
  queryFn: ({ signal }) => all<Project>("/projects", {}, signal),
});

export const archivedQuery = queryOptions({
  queryKey: ["projects", "archived"],
  queryFn: ({ signal }) => all<Project>("/projects", { archived: "true" }, signal),
});

export const projectQuery = (id: string) =>
  queryOptions({
    queryKey: ["project", id],
    queryFn: ({ signal }) => api<Project>(`/projects/${id}`, { signal }),
  });

/** What was signed and could not be delivered: given up until a person has it sent again. */
export const deadLettersQuery = queryOptions({
  queryKey: ["deliveries", "failed"],
  queryFn: ({ signal }) => api<DeliveryList>("/deliveries", { query: { status: "failed" }, signal }),
});

export const membersQuery = queryOptions({
  queryKey: ["members"],
  queryFn: ({ signal }) => all<Member>("/members", {}, signal),
  staleTime: 60_000,
});

/** What people said about a piece of work, over all of its reviews, oldest first. */
export const commentsQuery = (sessionId: string, checkpointId: string) =>
  queryOptions({
    queryKey: ["comments", sessionId],
    queryFn: ({ signal }) => all<Comment>(`/checkpoints/${checkpointId}/comments`, {}, signal),
  });

export const policyQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["policy", projectId],
    queryFn: ({ signal }) => api<Policy>(`/projects/${projectId}/policy`, { signal }),
  });

/** What policy says of a piece of work as it stands now. */
export const policyExplainedQuery = (place: Place) =>
  queryOptions({
    queryKey: ["policy-explained", place.sessionId],
    queryFn: ({ signal }) => api<PolicyExplained>(`${base(place)}/policy`, { signal }),
    staleTime: 0,
  });

export const checkpointQuery = (id: string) =>
  queryOptions({
    queryKey: ["checkpoint", id],
    queryFn: ({ signal }) => api<Checkpoint>(`/checkpoints/${id}`, { signal }),
  });

export const artifactVersionQuery = (place: Place, artifactId: string, version: number) =>
  queryOptions({
    queryKey: ["artifact-version", artifactId, version],
    queryFn: ({ signal }) => api<Artifact>(`${base(place)}/artifacts/${artifactId}/versions/${version}`, { signal }),
    staleTime: Infinity, // a version never changes
  });

/** What differs between two versions, word by word. */
export const diffQuery = (place: Place, artifactId: string, from: number, to: number) =>
  queryOptions({
    queryKey: ["artifact-diff", artifactId, from, to],
    queryFn: ({ signal }) =>
      api<ArtifactDiff>(`${base(place)}/artifacts/${artifactId}/diff`, { query: { from, to }, signal }),
    staleTime: Infinity,
  });

export const artifactsQuery = (place: Place) =>
  queryOptions({
    queryKey: ["artifacts", place.sessionId],
    queryFn: ({ signal }) => all<Artifact>(`${base(place)}/artifacts`, {}, signal),
  });

export const sourcesQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["sources", projectId],
    queryFn: ({ signal }) => all<Source>(`/projects/${projectId}/sources`, {}, signal),
  });

export const sourceQuery = (projectId: string, sourceId: string) =>
  queryOptions({
    queryKey: ["source", sourceId],
    queryFn: ({ signal }) => api<Source>(`/projects/${projectId}/sources/${sourceId}`, { signal }),
  });

export const contentQuery = (projectId: string, sourceId: string, version?: number) =>
  queryOptions({
    queryKey: ["content", sourceId, version ?? "current"],
    queryFn: ({ signal }) =>
      api<SourceContent>(`/projects/${projectId}/sources/${sourceId}/content`, { query: { version }, signal }),
    staleTime: version === undefined ? 0 : Infinity,
  });

export const agentsQuery = (projectId: string) =>
  queryOptions({
    queryKey: ["agents", projectId],
    queryFn: ({ signal }) => all<Agent>("/agents", { project_id: projectId }, signal),
    staleTime: 60_000,
  });

/** What can run here, of no project in particular. A key is tried in the background, so it is asked once more soon. */
export const runtimesQuery = queryOptions({
  queryKey: ["agents", ""],
  queryFn: ({ signal }) => all<Agent>("/agents", {}, signal),
  staleTime: 30_000,
  refetchInterval: (query) => (query.state.dataUpdateCount < 2 ? 6_000 : 60_000),
});

/** Work of all projects that runs or is about to. */
export const runningQuery = queryOptions({
  queryKey: ["work", "running"],
  queryFn: async ({ signal }) => (await api<Page<WorkSession>>("/work-sessions", { query: { status: "in_progress,queued", limit: 50 }, signal })).items,
});

/** Work that was completed since the day began, the newest first. */
export const signedTodayQuery = queryOptions({
  queryKey: ["work", "signed today"],
  queryFn: async ({ signal }) => {
    const began = new Date(new Date().setHours(0, 0, 0, 0)).toISOString();
    const { items } = await api<Page<WorkSession>>("/work-sessions", { query: { status: "completed", updated_since: began, limit: 50 }, signal });
    return items.filter((one) => one.settled_at !== null && new Date(one.settled_at).getTime() >= new Date(began).getTime());
  },
});

export const sessionQuery = (place: Place) =>
  queryOptions({
    queryKey: ["session", place.sessionId],
    queryFn: ({ signal }) => api<WorkSession>(base(place), { signal }),
    // A sign of life of one's own agent is no event, nor is it one of this session that another had its turn.
    refetchInterval: (query) => (query.state.data?.agent ? 15_000 : query.state.data?.queued_before ? 5_000 : false),
  });

/** Events are only added to, so only those after the last known one are asked for; a deletion alone rewrites them. */
export const eventsQuery = (place: Place) =>
  queryOptions({
    queryKey: ["events", place.sessionId],
    queryFn: async ({ signal, client, queryKey }) => {
      const path = `${base(place)}/events`;
      const held = client.getQueryData<WorkEvent[]>(queryKey) ?? [];
      const last = held.at(-1)?.seq ?? 0;
      const fresh = (await all<WorkEvent>(path, { after: last }, signal, 5000)).filter((event) => event.seq > last);
      if (last > 0 && fresh.some((event) => event.type === "source_deleted")) return all<WorkEvent>(path, {}, signal, 5000);
      return fresh.length > 0 ? [...held, ...fresh] : held;
    },
  });

export const envelopeQuery = (place: Place) =>
  queryOptions({
    queryKey: ["envelope", place.sessionId],
    // Before the first leg there is none: that is an answer, not an error.
    queryFn: async ({ signal }) => {
      try {
        return await api<Envelope>(`${base(place)}/envelope`, { signal });
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });

export const revealQuery = (place: Place) =>
  queryOptions({
    queryKey: ["reveal", place.sessionId],
    queryFn: async ({ signal }) => {
      try {
        return (await api<{ items: RevealItem[] }>(`${base(place)}/reveal`, { signal })).items;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });

/** What changed since the last signed work of the same kind; null when there is none. */
export const sinceLastQuery = (place: Place) =>
  queryOptions({
    queryKey: ["since-last", place.sessionId],
    queryFn: async ({ signal }) => {
      // That there is none is no fault, so it is not answered like one: browsers write those down.
      return (await api<SinceLast | undefined>(`${base(place)}/since-last`, { query: { quiet: "true" }, signal })) ?? null;
    },
  });
