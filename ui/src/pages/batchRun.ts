import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api, ApiError } from "@/api/client";
import type * as G from "@/api/generated";
import type { CheckpointItem } from "@/api/types";
import { useOnce } from "@/lib/once";
import { UNDO_SECONDS } from "@/review/outgoing";

/** So many go in one request: few enough that progress is seen, and that little is unsure when an answer is lost. */
export const PART = 5;

/** One review that is to be signed, and whom the reader knows to have it in hand. */
export interface Chosen {
  item: CheckpointItem;
  insteadOf: string[];
}

/** What is known of one: it is on its way, nobody knows whether it arrived, or what became of it. */
export type Fate = { state: "sending" } | { state: "unsure" } | { state: "done"; outcome: G.BatchOutcome };

export interface Run {
  phase: "choosing" | "running" | "stopping" | "rested";
  fates: ReadonlyMap<string, Fate>;
  error: unknown;
  /** Those that are to be sent, in this order; the ones that nobody knows of go first, as they went before. */
  go: (template: string, chosen: Chosen[]) => void;
  /** What is on its way arrives; nothing more is sent. */
  stop: () => void;
  undo: () => void;
  undoing: boolean;
  /** What was taken back; null while nothing was. */
  taken: ReadonlySet<string> | null;
}

/** Part after part of a batch; what comes before each is what was sent already. */
export function partsOf(template: string, chosen: Chosen[], before: number): G.Batch[] {
  const size = before + chosen.length;
  const parts: G.Batch[] = [];
  for (let n = 0; n < chosen.length; n += PART)
    parts.push({
      template_id: template,
      items: chosen.slice(n, n + PART).map(({ item, insteadOf }) => ({ checkpoint_id: item.id, packet_digest: item.packet_digest, instead_of: insteadOf })),
      part: { size, before: before + n },
      undo_seconds: UNDO_SECONDS,
    });
  return parts;
}

/** Whether the server said that nothing of it was done. */
const refused = (problem: unknown): boolean => problem instanceof ApiError && problem.status > 0 && problem.status < 500;

/**
 * Signs several reviews, a few at a time, and says of each what became of it. It can be stopped between them; what was
 * sent and not answered is sent again as it was, with its key, so that nothing is signed twice.
 */
export function useBatchRun(): Run {
  const client = useQueryClient();
  const once = useOnce();
  const onceBack = useOnce();
  const [phase, setPhase] = useState<Run["phase"]>("choosing");
  const [fates, setFates] = useState<ReadonlyMap<string, Fate>>(new Map());
  const [error, setError] = useState<unknown>(null);
  const [undoing, setUndoing] = useState(false);
  const [taken, setTaken] = useState<ReadonlySet<string> | null>(null);
  const halt = useRef(false);
  const busy = useRef(false);
  const unsure = useRef<G.Batch | null>(null);
  const sent = useRef(0);
  useEffect(() => {
    halt.current = false;
    // Whoever leaves sends nothing more.
    return () => {
      halt.current = true;
    };
  }, []);

  const mark = (ids: string[], fate: Fate | null) =>
    setFates((now) => {
      const next = new Map(now);
      for (const id of ids) if (fate) next.set(id, fate); else next.delete(id);
      return next;
    });
  const idsOf = (part: G.Batch) => part.items.map((one) => one.checkpoint_id);
  const send = (part: G.Batch) => once(part, (idempotencyKey) => api<G.BatchDone>("/checkpoints/approve-batch", { method: "POST", idempotencyKey, json: part }));

  const run = async (template: string, chosen: Chosen[]) => {
    const again = unsure.current;
    if (!again) sent.current = [...fates.values()].filter((fate) => fate.state === "done").length;
    const parts = [...(again ? [again] : []), ...partsOf(template, chosen, sent.current)];
    for (const part of parts) {
      if (halt.current) break;
      const ids = idsOf(part);
      mark(ids, { state: "sending" });
      if (part !== again) sent.current += ids.length;
      try {
        const { items } = await send(part);
        unsure.current = null;
        for (const outcome of items) mark([outcome.checkpoint_id], { state: "done", outcome });
      } catch (problem) {
        const nothing = refused(problem);
        if (nothing) sent.current -= ids.length;
        unsure.current = nothing ? null : part;
        mark(ids, nothing ? null : { state: "unsure" });
        setError(problem);
        break;
      }
    }
  };

  return {
    phase,
    fates,
    error,
    go: (template, chosen) => {
      if (busy.current || (chosen.length === 0 && !unsure.current)) return;
      busy.current = true;
      halt.current = false;
      setError(null);
      setPhase("running");
      void run(template, chosen).finally(() => {
        busy.current = false;
        setPhase("rested");
        void client.invalidateQueries({ queryKey: ["inbox"] });
      });
    },
    stop: () => {
      if (!busy.current) return;
      halt.current = true;
      setPhase("stopping");
    },
    undo: () => {
      if (busy.current || undoing) return;
      const ids = [...fates].filter(([, fate]) => fate.state === "unsure" || (fate.state === "done" && fate.outcome.done)).map(([id]) => id);
      if (ids.length === 0) return;
      setUndoing(true);
      setError(null);
      onceBack(ids, (idempotencyKey) => api<G.BatchDone>("/checkpoints/withdraw-batch", { method: "POST", idempotencyKey, json: { checkpoint_ids: ids } }))
        .then(({ items }) => setTaken(new Set(items.filter((one) => one.done).map((one) => one.checkpoint_id))), setError)
        .finally(() => {
          setUndoing(false);
          void client.invalidateQueries({ queryKey: ["inbox"] });
        });
    },
    undoing,
    taken,
  };
}

/** Seconds until the first of those that were signed cannot be taken back any more. */
export function secondsLeft(fates: Run["fates"], now: number): number {
  const ends = [...fates.values()].flatMap((fate) => (fate.state === "done" && fate.outcome.done && fate.outcome.undo_until ? [new Date(fate.outcome.undo_until).getTime()] : []));
  return ends.length === 0 ? 0 : Math.max(0, Math.min(...ends) - now) / 1000;
}
