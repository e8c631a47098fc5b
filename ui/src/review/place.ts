/** Where a review stands in the view that the reader came from, what comes next, and that it is there at once. */

import { useQuery, useQueryClient, type QueryClient, type QueryState } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";
import { aroundQuery, currentView, type Paged, type View } from "@/api/inbox";
import { artifactVersionQuery, checkpointQuery } from "@/api/queries";
import type { Checkpoint, CheckpointItem } from "@/api/types";
import { afterPaint, holdRequests } from "@/lib/afterPaint";

export interface Place {
  /** The reviews around this one, itself among them. */
  items: CheckpointItem[];
  /** Its index in `items`; -1 until it is known. */
  at: number;
  /** Whether they are of what was decided: that is not counted. */
  history: boolean;
  /** How many of the view come before it, and how many there are; undefined until it is known. */
  position: number | undefined;
  total: number | undefined;
  nextItem: CheckpointItem | null;
  previousItem: CheckpointItem | null;
  /** Opens the next review, or the one before. */
  goItem: (by: 1 | -1) => void;
  goNext: () => void;
}

const EDGE = 6;

/** The newest list of a view that was read in which a review stands, and another one so far beside it. */
function newest(client: QueryClient, view: View, id: string, by = 0): Paged | undefined {
  const holds = ({ items }: Paged) => {
    const at = items.findIndex((item) => item.id === id);
    return at >= 0 && items[at + by] !== undefined;
  };
  const lists = client.getQueryCache().findAll({ queryKey: aroundQuery(view, id).queryKey.slice(0, -1) });
  let found: QueryState<Paged> | undefined;
  for (const { state } of lists as { state: QueryState<Paged> }[]) {
    if (state.data && holds(state.data) && (!found || state.dataUpdatedAt > found.dataUpdatedAt)) found = state;
  }
  return found?.data;
}

/** A review that is open, in the shape of a list. */
export function asItem(checkpoint: Checkpoint): CheckpointItem {
  return {
    ...checkpoint, summary: checkpoint.packet.summary, flags: [], risk: checkpoint.packet.risk?.level ?? null,
    effort_seconds: null, begin_by: null, template_id: null, template_name: null, batch_exceptions: [],
  };
}

/** Reads a review and its texts, so that it is painted as soon as it is opened. Does nothing for what is there. */
export async function prefetchReview(client: QueryClient, id: string): Promise<void> {
  await client.prefetchQuery({ ...checkpointQuery(id), staleTime: 60_000 });
  const found = client.getQueryData<Checkpoint>(checkpointQuery(id).queryKey);
  if (!found) return;
  const place = { projectId: found.project_id, sessionId: found.session_id };
  await Promise.all(found.packet.artifacts.map((a) => client.prefetchQuery(artifactVersionQuery(place, a.artifact_id, a.version))));
}

/** Opens a review. What it asks the server for waits for its frame when it is read already: the reader waits for that. */
export function useOpenReview(): (id: string) => void {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useCallback(
    (id) => {
      if (client.getQueryData(checkpointQuery(id).queryKey)) holdRequests();
      void navigate({ to: "/review/$checkpointId", params: { checkpointId: id } });
    },
    [client, navigate],
  );
}

/**
 * The place of a review. `status` is what is known of it now: a review that was decided keeps its place until the reader
 * moves on. The next two and the one before are read ahead.
 */
export function usePlace(id: string, status: Checkpoint | undefined): Place {
  const client = useQueryClient();
  const open = useOpenReview();
  const [view] = useState(currentView);
  // Each review is a page of its own: what those before knew of the view is in the cache, not in this hook. It is shown
  // until this one's list is there, also when that cannot be had.
  const before = () => newest(client, view, id);
  const data = useQuery({ ...aroundQuery(view, id), placeholderData: before }).data ?? before();
  const listed = data?.items.findIndex((item) => item.id === id) ?? -1;
  // A list of the review before is shown while this one's is on its way, as long as it holds this one.
  const known = data !== undefined && (listed >= 0 || data.items.length === 0 || data.position !== null);
  const place = listed >= 0 ? listed : data ? Math.min(data.items.length, Math.max(0, (data.position ?? 0) - (data.offset ?? 0))) : 0;
  const items = !known || listed >= 0 || !status ? (data?.items ?? []) : data.items.toSpliced(place, 0, asItem(status));
  const at = items.findIndex((item) => item.id === id);
  const after = at >= 0 ? items[at + 1] : items[place];
  const nextItem = after ?? items.find((item) => item.id !== id) ?? null;
  const previousItem = (at > 0 ? items[at - 1] : null) ?? null;
  const nextId = nextItem?.id;
  const previousId = previousItem?.id;
  const secondId = nextItem ? items[items.indexOf(nextItem) + 1]?.id : undefined;

  // The next one first: it is what is opened most. And the one after it, for whoever goes on faster than one is read.
  const ready = status !== undefined;
  useEffect(() => {
    if (!ready) return;
    const ahead = async () => {
      if (nextId) await prefetchReview(client, nextId);
      if (secondId) await prefetchReview(client, secondId);
      if (previousId) await prefetchReview(client, previousId);
    };
    return afterPaint(() => void ahead());
  }, [client, ready, nextId, secondId, previousId]);
  useEffect(() => (nextId ? afterPaint(() => void client.prefetchQuery(aroundQuery(view, nextId))) : undefined), [client, view, nextId]);
  // Where what is known of the list ends, more of it is read before one is there: a list that is asked for by each review
  // never comes to whoever goes on faster than it.
  const edge = at < 0 ? undefined : items.length - at <= EDGE ? items.at(-1)?.id : at < EDGE ? items[0]?.id : undefined;
  useEffect(() => (edge ? afterPaint(() => void client.prefetchQuery(aroundQuery(view, edge))) : undefined), [client, view, edge]);

  const goItem = useCallback(
    (by: 1 | -1) => {
      const target = by === 1 ? (after?.id ?? (at < 0 ? nextId : undefined)) : previousId;
      // Since this page was drawn, more of the list may have come.
      const more = target ? undefined : newest(client, view, id, by)?.items;
      const to = target ?? more?.[more.findIndex((item) => item.id === id) + by]?.id;
      if (to) open(to);
    },
    [client, view, id, open, after?.id, at, nextId, previousId],
  );
  const goNext = useCallback(() => {
    if (nextId) open(nextId);
  }, [open, nextId]);

  // A history is not counted.
  const counts = known && data && data.offset !== null && data.total !== null ? { offset: data.offset, total: data.total } : null;
  const position = counts ? counts.offset + (listed >= 0 ? listed : place) : undefined;
  const history = known && data ? data.total === null : view.whose === "decided";
  return { items, at, history, position, total: counts ? counts.total + (listed < 0 && at >= 0 ? 1 : 0) : undefined, nextItem, previousItem, goItem, goNext };
}
