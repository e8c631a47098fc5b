import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { api } from "@/api/client";
import { commentsQuery } from "@/api/queries";
import type { Checkpoint, Comment } from "@/api/types";
import { Mark } from "@/components/Mark";
import { ErrorLine, Kbd, problemText } from "@/components/States";
import { t } from "@/i18n";
import { exact, when } from "@/lib/format";
import { useOnce } from "@/lib/once";

/** What was being written, by claim: going to another claim and back loses nothing. */
const drafts = new Map<string, string>();

/** How many comments each claim has. */
export function countsOf(comments: Comment[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { claim_id } of comments) if (claim_id !== null) counts.set(claim_id, (counts.get(claim_id) ?? 0) + 1);
  return counts;
}

/** A number of comments, as a mark that stands in a row. */
export function CommentCount({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <span className="notes" title={t("comment.count", { count })}>
      <Mark shape="note" label={t("comment.count", { count })} />
      <span aria-hidden="true">{count}</span>
    </span>
  );
}

/**
 * What people said about one claim (null: about the whole), and a line to answer. It decides nothing, and it is open
 * after the decision too. Everything in it is text.
 */
export function Thread({
  checkpoint,
  claim,
  me,
  mayWrite,
}: {
  checkpoint: Checkpoint;
  claim: { id: string; n: number } | null;
  me: string | null;
  mayWrite: boolean;
}) {
  const client = useQueryClient();
  const { queryKey, queryFn } = commentsQuery(checkpoint.session_id, checkpoint.id);
  const comments = useQuery({ queryKey, queryFn });
  const key = `${checkpoint.session_id} ${claim?.id ?? ""}`;
  const [text, setText] = useState(() => drafts.get(key) ?? "");
  const id = useId();
  const write = (next: string) => {
    drafts.set(key, next);
    setText(next);
  };
  const once = useOnce();
  const send = useMutation({
    mutationFn: (said: string) =>
      once([checkpoint.id, claim?.id, said], (idempotencyKey) =>
        api<Comment>(`/checkpoints/${checkpoint.id}/comments`, {
          method: "POST",
          json: claim ? { text: said, claim_id: claim.id } : { text: said },
          idempotencyKey,
        }),
      ),
    onSuccess: (made) => {
      drafts.delete(key);
      setText("");
      client.setQueryData<Comment[]>(queryKey, (now) => (now?.some((c) => c.id === made.id) ? now : [...(now ?? []), made]));
    },
  });
  const here = (comments.data ?? []).filter((comment) => comment.claim_id === (claim?.id ?? null));
  if (here.length === 0 && !mayWrite) return null;
  const submit = () => {
    if (text.trim() && !send.isPending) send.mutate(text.trim());
  };
  const label = claim ? t("comment.on", { n: claim.n }) : t("comment.onAll");
  return (
    <section className="thread" aria-label={t("comment.title")}>
      {here.length > 0 && (
        <ol aria-live="polite">
          {here.map((comment) => (
            <li key={comment.id}>
              <span className="meta" title={exact(comment.at)}>
                <b>{comment.by.id === me ? t("comment.you") : (comment.by.name ?? t("comment.somebody"))}</b>, {when(comment.at)}
              </span>
              {comment.anchor && <q className="on">{comment.anchor.quote}</q>}
              <p>{comment.text}</p>
            </li>
          ))}
        </ol>
      )}
      {comments.error && here.length === 0 && (
        <ErrorLine>
          {t("comment.failed", { why: problemText(comments.error).title })}{" "}
          <button type="button" className="link" onClick={() => void comments.refetch()}>
            {t("action.again")}
          </button>
        </ErrorLine>
      )}
      {mayWrite && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <label className="sr" htmlFor={id}>
            {label}
          </label>
          <textarea
            id={id}
            className="in"
            rows={1}
            maxLength={10_000}
            placeholder={label}
            value={text}
            onChange={(event) => write(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Escape") {
                event.preventDefault();
                event.currentTarget.blur();
              } else if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
                event.preventDefault();
                submit();
              }
            }}
          />
          {text.trim() !== "" && (
            <button type="submit" className="b small" disabled={send.isPending}>
              {send.isPending ? t("comment.sending") : t("comment.send")} <Kbd>↵</Kbd>
            </button>
          )}
          {send.error && <ErrorLine>{[problemText(send.error).title, problemText(send.error).hint].filter(Boolean).join(" ")}</ErrorLine>}
        </form>
      )}
    </section>
  );
}
