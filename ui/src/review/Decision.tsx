import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, newKey } from "@/api/client";
import { membersQuery } from "@/api/queries";
import type { Checkpoint } from "@/api/types";
import { problemText } from "@/components/States";
import { t, tMaybe } from "@/i18n";
import { when } from "@/lib/format";
import { snoozeUntil, stillAsleep } from "@/pages/handOn";
import { InboxDock } from "@/pages/InboxDock";
import { AskDock, Dock } from "./Dock";
import { FORMER_SECONDS, inSeconds, setFormer } from "./former";
import { FormerLine } from "./FormerLine";
import { signWords } from "./signing";
import type { Review } from "./useReview";

type Values = { assignee: string | null } | { snoozed_until: string | null };

/** The bar at the foot: what was done last, and the decision; or whose it is and until when it is put off. */
export function Decision({
  r,
  choosing,
  onChosen,
  onChoose,
}: {
  r: Review;
  choosing: "assign" | "snooze" | null;
  onChosen: () => void;
  onChoose: (what: "assign" | "snooze") => void;
}) {
  const client = useQueryClient();
  const members = useQuery(membersQuery).data ?? [];
  const { status, state, dispatch, nextItem } = r;
  const self = r.items.find((item) => item.id === status.id);
  const change = useMutation({
    mutationFn: ({ values }: { values: Values; before: Values; said: string; leaves: boolean }) =>
      api<Checkpoint>(`/checkpoints/${status.id}`, { method: "PATCH", json: values }),
    onSuccess: (_answer, { before, said, leaves }) => {
      const again = () => {
        void client.invalidateQueries({ queryKey: ["inbox"] });
        void client.invalidateQueries({ queryKey: ["checkpoint", status.id] });
      };
      again();
      setFormer({
        id: status.id, words: said, until: inSeconds(FORMER_SECONDS), held: false, returns: leaves,
        undo: () => api<Checkpoint>(`/checkpoints/${status.id}`, { method: "PATCH", json: before }).then(again),
      });
      if (leaves && nextItem) r.open(nextItem.id);
    },
  });
  const title = status.session_title;
  const ask = state.mode.name === "ask" && state.mode.claim === null && !r.decided;
  const several = members.length > 1;

  return (
    <div className="docks" data-region="" tabIndex={-1}>
      <FormerLine here={status.id} keyOn={!(status.approve_pending || r.standing.voted) && choosing === null} />
      {choosing !== null && self && (choosing === "snooze" || several) ? (
        <InboxDock
          choosing={{ what: choosing, item: self }}
          members={members}
          me={r.me?.id}
          onAssign={(member) => {
            onChosen();
            const said = member === null ? t("former.unassigned", { title }) : member.id === r.me?.id ? t("former.assignedYou", { title }) : t("former.assigned", { title, name: member.name });
            change.mutate({ values: { assignee: member?.id ?? null }, before: { assignee: status.assignee?.id ?? null }, said, leaves: false });
          }}
          onSnooze={(how) => {
            onChosen();
            const until = snoozeUntil(how).toISOString();
            change.mutate({ values: { snoozed_until: until }, before: { snoozed_until: stillAsleep(status.snoozed_until) }, said: t("former.snoozed", { title, when: when(until) }), leaves: true });
          }}
          onClose={onChosen}
        />
      ) : ask ? (
        <AskDock
          noted={state.changes.filter((one) => (one.about ?? one.claim_id) === null)}
          onTakeBack={(id) => dispatch({ type: "unask", id })}
          onAdd={(comment) => dispatch({ type: "ask", change: { id: newKey(), artifact_id: null, claim_id: null, comment } })}
          onSend={(text, advance) => r.acts.sendNow(null, text, advance)}
          onCancel={() => dispatch({ type: "mode", mode: { name: "read" } })}
        />
      ) : (
        <Dock
          checkpoint={status}
          state={state}
          tally={r.tally}
          flagged={r.flagged}
          standing={r.standing}
          ready={r.ready}
          busy={r.busy ?? (change.isPending ? t("handOn.snoozing") : null)}
          offline={r.offline}
          unsure={r.unsure}
          error={r.error ?? change.error}
          undoUntil={status.approve_pending ? status.undo_until : null}
          signLabel={signWords(status.consequence || tMaybe(`consequence.${r.packet.kind}`, t("consequence.final")), r.standing, r.corrected)}
          canAsk={r.canAsk}
          me={r.me?.id ?? null}
          nextId={nextItem?.id ?? null}
          several={several}
          acts={{
            sign: () => r.sign(),
            reject: r.reject,
            askWhole: () => r.acts.ask(null),
            send: () => r.sendChanges(),
            undo: r.undo,
            choose: onChoose,
            setMode: (mode) => dispatch({ type: "mode", mode }),
          }}
        />
      )}
      {change.error && <p className="sr" role="alert">{problemText(change.error).title}</p>}
    </div>
  );
}
