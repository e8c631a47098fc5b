/** Where a review stands in the view that the reader came from, what comes next, and that it is there at once. */

import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import { aroundQuery, currentView, type Paged } from "@/api/inbox";
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
  const query = aroundQuery(view, id);
  const { data, isPlaceholderData } = useQuery({
    ...query,
    // Each review is a page of its own: what the one before knew of the view is in the cache, not in this hook.
    placeholderData: () =>
      client
        .getQueriesData<Paged>({ queryKey: query.queryKey.slice(0, -1) })
        .map(([, known]) => known)
        .find((known) => known?.items.some((item) => item.id === id)),
  });
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

  // Whoever goes on faster than the list comes reaches the end of what was known of it, which is not its end.
  const waiting = useRef(false);
  const gone = useRef(false);
  useEffect(() => {
    gone.current = false;
    return () => void (gone.current = true);
  }, [id]);
  const goOn = useCallback(
    async (by: 1 | -1) => {
      if (waiting.current) return;
      waiting.current = true;
      const found = await client.fetchQuery(aroundQuery(view, id)).catch(() => undefined); // the page says that it is offline
      waiting.current = false;
      const target = found?.items[found.items.findIndex((item) => item.id === id) + by];
      if (target && target.id !== id && !gone.current) open(target.id);
    },
    [client, view, id, open],
  );

  const goItem = useCallback(
    (by: 1 | -1) => {
      const target = by === 1 ? (after?.id ?? (at < 0 ? nextId : undefined)) : previousId;
      if (target) open(target);
      else if (isPlaceholderData) void goOn(by);
    },
    [open, goOn, isPlaceholderData, after?.id, at, nextId, previousId],
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
