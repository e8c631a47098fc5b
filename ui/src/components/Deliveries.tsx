import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { api } from "@/api/client";
import { deadLettersQuery } from "@/api/queries";
import type { Delivery, DeliveryInFull, WorkSession } from "@/api/types";
import { Mark } from "@/components/Mark";
import { problemText } from "@/components/States";
import { t, tMaybe } from "@/i18n";
import { when } from "@/lib/format";
import { useMay } from "@/lib/may";

/** Where it goes, unless the words before say so. */
function targetWords(target: unknown, said: string | null): string {
  const path = typeof target === "string" ? target : (target as { path?: unknown } | null)?.path;
  return typeof path === "string" && path && !said?.includes(path) ? ` (${path})` : "";
}

/** One delivery of a session: what was made, or why it could not be, and what a person may do then. */
function DeliveryLine({ delivery, session }: { delivery: Delivery; session: WorkSession }) {
  const client = useQueryClient();
  const may = useMay("requester");
  const act = useMutation({
    mutationFn: (verb: "resend" | "drop") => api<DeliveryInFull>(`/deliveries/${delivery.id}/${verb}`, { method: "POST" }),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ["session", session.id] });
      void client.invalidateQueries({ queryKey: ["deliveries"] });
    },
  });
  const failed = delivery.status === "failed";
  const waits = delivery.status === "pending" && delivery.attempts > 0 && !delivery.being_made;
  // What was pressed goes once it is done: the focus stays with what it was about.
  const words = useRef<HTMLParagraphElement>(null);
  const done = act.isSuccess && !failed && !waits;
  useEffect(() => {
    if (done && document.activeElement === document.body) words.current?.focus({ preventScroll: true });
  }, [done]);
  return (
    <div className="mt-1">
      <p className="meta" ref={words} tabIndex={-1}>
        {failed && <Mark shape="warn" className="text-error" />} {tMaybe(`delivery.${delivery.kind}`, delivery.kind)}:{" "}
        {failed && <b>{t("deliveryStatus.failed")}. </b>}
        {delivery.detail ?? tMaybe(`deliveryStatus.${delivery.status}`, delivery.status)}
        {targetWords(delivery.target, delivery.detail)}
        {waits && delivery.due_at && ` ${t("deliveries.next", { count: delivery.attempts, when: when(delivery.due_at) })}`}
      </p>
      {may && (failed || waits) && (
        <p className="mt-1 flex flex-wrap gap-x-4">
          <button type="button" className="link" disabled={act.isPending} onClick={() => act.mutate("resend")}>
            {t("deliveries.resend")}
          </button>
          <button type="button" className="link quiet" disabled={act.isPending} onClick={() => act.mutate("drop")}>
            {t("deliveries.drop")}
          </button>
        </p>
      )}
      {act.error && (
        <p className="error-line" role="alert">
          {problemText(act.error).title}
        </p>
      )}
    </div>
  );
}

export function Deliveries({ session }: { session: WorkSession }) {
  return session.deliveries.map((delivery) => <DeliveryLine key={delivery.id} delivery={delivery} session={session} />);
}

const NAMED = 3;

/** A quiet line that names what was signed and could not be delivered; nothing when there is nothing of that kind. */
export function DeadLetters() {
  const dead = useQuery(deadLettersQuery).data;
  if (!dead || dead.items.length === 0) return null;
  const named = dead.items.slice(0, NAMED);
  const more = dead.items.length - named.length;
  return (
    <p className="meta my-3" role="status">
      <Mark shape="warn" className="text-error" /> {t("deliveries.dead", { count: dead.items.length })}{" "}
      {named.map((one, i) => (
        <span key={one.id}>
          {i > 0 && ", "}
          <Link className="link" to="/projects/$projectId/sessions/$sessionId" params={{ projectId: one.project_id, sessionId: one.session_id }}>
            {one.session_title}
          </Link>
        </span>
      ))}
      {(more > 0 || dead.next_cursor !== null) && t("deliveries.more")}
    </p>
  );
}
