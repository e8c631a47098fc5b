import { queryOptions } from "@tanstack/react-query";
import { all, api } from "./client";
import type * as G from "./generated";
import { base, type Place } from "./queries";
import type { ArtifactDocument } from "./types";

export type Version = G.Artifact["versions"][number];
export type WordsOf = G.WordsOf;
export type Recheck = G.Recheck;

/** Every version of an artifact, without its content. */
export const versionsQuery = (place: Place, artifactId: string) =>
  queryOptions({
    queryKey: ["artifact-versions", artifactId],
    queryFn: ({ signal }) => all<Version>(`${base(place)}/artifacts/${artifactId}/versions`, {}, signal),
  });

/**
 * What a check finds in the blocks that were edited. `corrections` tells one set of edits from another; `edits` makes them,
 * and is asked only when they are sent.
 */
export const recheckQuery = (
  place: Place,
  checkpointId: string,
  digest: string,
  corrections: string,
  edits: () => { artifact_id: string; body: ArtifactDocument }[],
) =>
  queryOptions({
    queryKey: ["recheck", checkpointId, digest, corrections],
    queryFn: ({ signal }) =>
      api<Recheck>(`${base(place)}/checkpoints/${checkpointId}/recheck`, { method: "POST", json: { edits: edits() }, signal }),
    staleTime: Infinity,
    gcTime: 60_000,
  });
