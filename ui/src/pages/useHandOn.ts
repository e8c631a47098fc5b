import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { Checkpoint, CheckpointItem, Member } from "@/api/types";
import { t } from "@/i18n";
import { when } from "@/lib/format";
import { FORMER_SECONDS, inSeconds, setFormer } from "@/review/former";
import { snoozeUntil, stillAsleep, type Snooze } from "./handOn";

type Values = { assignee: string | null } | { snoozed_until: string | null };
/** What giving on needs to know of a review: an item of a list, or the review itself. */
type Given = Pick<CheckpointItem, "id" | "session_title" | "assignee" | "snoozed_until">;

interface Change {
  item: Given;
  values: Values;
  /** What was before, to take it back. */
  before: Values | null;
  said: string;
  busy: string;
  leaves: boolean;
}

export interface HandOn {
  assign: (item: Given, member: Member | null, me: string | undefined) => void;
  snooze: (item: Given, how: Snooze) => void;
  wake: (item: Given) => void;
  /** What is being done just now, in words. */
  busy: string | null;
  error: unknown;
}

/**
 * Gives a review to somebody or puts it off, from wherever: the line of what was done last says so and takes it back.
 * `onChanged`: it is done, or taken back. `onLeft`: the review waits here no more. `returns`: taken back, the reader goes
 * back to it.
 */
export function useHandOn({ onChanged, onLeft, returns = false }: { onChanged?: () => void; onLeft?: () => void; returns?: boolean } = {}): HandOn {
  const client = useQueryClient();
  const send = (id: string, values: Values) => api<Checkpoint>(`/checkpoints/${id}`, { method: "PATCH", json: values });
  const again = (id: string) => {
    void client.invalidateQueries({ queryKey: ["inbox"] });
    void client.invalidateQueries({ queryKey: ["checkpoint", id] });
    onChanged?.();
  };
  const change = useMutation({
    mutationFn: ({ item, values }: Change) => send(item.id, values),
    onSuccess: (_answer, { item, before, said, leaves }) => {
      setFormer({
        id: item.id, words: said, until: inSeconds(FORMER_SECONDS), held: false, returns: returns && leaves,
        undo: before && (() => send(item.id, before).then(() => again(item.id))),
      });
      again(item.id);
      if (leaves) onLeft?.();
    },
    // What stands there now may be why.
    onError: (_problem, { item }) => again(item.id),
  });
  const act = (given: Change) => {
    if (!change.isPending) change.mutate(given);
  };
  return {
    assign: (item, member, me) => {
      const title = item.session_title;
      const said = member === null ? t("former.unassigned", { title }) : member.id === me ? t("former.assignedYou", { title }) : t("former.assigned", { title, name: member.name });
      act({ item, values: { assignee: member?.id ?? null }, before: { assignee: item.assignee?.id ?? null }, said, busy: t("handOn.assigning"), leaves: false });
    },
    snooze: (item, how) => {
      const until = snoozeUntil(how).toISOString();
      const said = t("former.snoozed", { title: item.session_title, when: when(until) });
      act({ item, values: { snoozed_until: until }, before: { snoozed_until: stillAsleep(item.snoozed_until) }, said, busy: t("handOn.snoozing"), leaves: true });
    },
    wake: (item) => {
      const said = t("former.woken", { title: item.session_title });
      act({ item, values: { snoozed_until: null }, before: { snoozed_until: stillAsleep(item.snoozed_until) }, said, busy: t("handOn.waking"), leaves: false });
    },
    busy: change.isPending ? change.variables.busy : null,
    error: change.error,
  };
}
