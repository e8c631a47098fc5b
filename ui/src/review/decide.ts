import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ApiError } from "@/api/client";
import { base, checkpointQuery, type Place } from "@/api/queries";
import type { Checkpoint, DecisionAnswer } from "@/api/types";
import { useOnce } from "@/lib/once";

export type Verb = "approve" | "reject" | "request-changes" | "withdraw";

/**
 * Sends decisions on one checkpoint. A refusal is shown where it happened; a packet that took the place of the one
 * that was read goes to `onStale`, with why it did.
 */
export function useDecide({
  id,
  place,
  onAnswer,
  onStale,
  onUnsettled,
}: {
  id: string;
  place: Place;
  onAnswer: (answer: DecisionAnswer, verb: Verb, advance: boolean) => void;
  onStale: (newer: Checkpoint, why: string) => void;
  onUnsettled: (claim: string) => void;
}) {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const once = useOnce();
  const refuse = (problem: unknown) => {
    if (problem instanceof ApiError && problem.status === 409) {
      const other = problem.body["checkpoint"] as Checkpoint | undefined;
      if (problem.code === "stale_packet" && other?.packet) {
        // What the page says itself is left out.
        onStale(other, problem.message.replace("Nothing was decided.", "").trim());
        setError(null);
        return;
      }
      void client.invalidateQueries({ queryKey: checkpointQuery(id).queryKey });
      void client.invalidateQueries({ queryKey: ["inbox"] });
    }
    if (problem instanceof ApiError && problem.code === "unacknowledged_claims") {
      const first = (problem.body["claims"] as { claim_id: string }[] | undefined)?.[0];
      if (first) onUnsettled(first.claim_id);
    }
    setError(problem);
  };
  const send = useMutation({
    mutationFn: ({ verb, json }: { verb: Verb; json: unknown; words: string; advance: boolean }) =>
      once([id, verb, json], (idempotencyKey) =>
        api<DecisionAnswer>(`${base(place)}/checkpoints/${id}/${verb}`, { method: "POST", json, idempotencyKey }),
      ),
    onSuccess: (answer, { verb, advance }) => {
      setError(null);
      client.setQueryData(checkpointQuery(id).queryKey, answer.checkpoint);
      const { projectId, sessionId } = place;
      for (const queryKey of [["inbox"], ["session", sessionId], ["events", sessionId], ["sessions", projectId], ["projects"], ["project", projectId], ["reveal", sessionId]])
        void client.invalidateQueries({ queryKey });
      onAnswer(answer, verb, advance);
    },
    onError: refuse,
  });
  return {
    /** `advance`: the reader goes to the next item when it is done. */
    send: (verb: Verb, json: unknown, words: string, advance = false) => send.mutate({ verb, json, words, advance }),
    /** What is being sent just now, in words. */
    busy: send.isPending ? (send.variables?.words ?? null) : null,
    error,
    /** Whether a decision was sent of which nobody knows if it arrived. */
    unsure: send.isPending || (error instanceof ApiError && error.status === 0),
    setError,
  };
}
