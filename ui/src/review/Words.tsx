/** Comments on exact words: to make one, to see where they stand, and to find them again. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState, type RefObject } from "react";
import { api } from "@/api/client";
import { commentsQuery } from "@/api/queries";
import type { Checkpoint, Comment } from "@/api/types";
import { Mark } from "@/components/Mark";
import { ErrorLine, Kbd, problemText } from "@/components/States";
import { t } from "@/i18n";
import { exact, when } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { LONGEST, rangeOf, selectedWords, type Words } from "@/lib/places";
import { useOnce } from "@/lib/once";
import { Composer } from "./Composer";
import type { PacketArtifact } from "@/api/types";
import type { Row } from "./state";

export interface Placed {
  comment: Comment;
  /** Where its words stand in what is shown; null when they are gone. */
  words: Words | null;
}

const CLIP = 80;
const clip = (text: string) => (text.length > CLIP ? `${text.slice(0, CLIP).trimEnd()} …` : text);

/** Names of highlights; the style of each stands in reviewing.css. */
const MARKED = "commented";
const SHOWN = "shown";
const paints = () => typeof CSS !== "undefined" && "highlights" in CSS && typeof Highlight !== "undefined";

/**
 * Marks the words in the text, without a change to the text: browsers that cannot, show the list alone. Answers how to
 * bring one of them into view.
 */
export function useMarks(pane: RefObject<HTMLElement | null>, placed: Placed[]): (one: Placed) => void {
  // After each drawing: what was corrected or unfolded has other nodes.
  useEffect(() => {
    const root = pane.current;
    if (!root || !paints()) return;
    const ranges = placed.flatMap(({ words }) => {
      const range = words && rangeOf(root, words);
      return range ? [range] : [];
    });
    if (ranges.length > 0) CSS.highlights.set(MARKED, new Highlight(...ranges));
    else CSS.highlights.delete(MARKED);
  });
  useEffect(
    () => () => {
      if (paints()) for (const name of [MARKED, SHOWN]) CSS.highlights.delete(name);
    },
    [],
  );
  return useCallback(
    ({ words }) => {
      // The selection of a claim draws the text first.
      requestAnimationFrame(() => {
        const root = pane.current;
        const range = root && words && rangeOf(root, words);
        if (!root || !range) return;
        if (paints()) CSS.highlights.set(SHOWN, new Highlight(range));
        const [a, b] = [range.getBoundingClientRect(), root.getBoundingClientRect()];
        if (a.top < b.top + 24 || a.bottom > b.bottom - 24) root.scrollTop += a.top - b.top - b.height / 3;
      });
    },
    [pane],
  );
}

/** The words that are selected in the draft, while they are. */
function useSelected(pane: RefObject<HTMLElement | null>, plain: (artifactId: string, path: number[]) => string | null, frozen: boolean): Words | null {
  const [words, setWords] = useState<Words | null>(null);
  useEffect(() => {
    if (frozen) return;
    const look = () => {
      const selection = getSelection();
      const inside = selection?.anchorNode && pane.current?.contains(selection.anchorNode);
      const next = inside ? selectedWords(selection, plain) : null;
      setWords((now) => (now?.quote === next?.quote && now?.start === next?.start && now?.path.join() === next?.path.join() ? now : next));
    };
    look();
    document.addEventListener("selectionchange", look);
    return () => document.removeEventListener("selectionchange", look);
  }, [pane, plain, frozen]);
  return words;
}

/** The claim that words stand in, if they stand in one alone. */
export function claimOf(words: Words, rows: Row[]): Row | null {
  return (
    rows.find(({ claim, artifactId }) => {
      if (artifactId !== words.artifactId || claim.kind === "series" || claim.path.join("/") !== words.path.join("/")) return false;
      return claim.kind === "cell" || (claim.char_start <= words.start && words.end <= claim.char_end);
    }) ?? null
  );
}

/**
 * A quiet line under the draft while words are selected in it: a comment on them, or a change. `onAsk` is null where none
 * can be asked for; `onNothing`: the key was pressed with nothing selected.
 */
export function WordsStrip({
  pane,
  plain,
  rows,
  versions,
  checkpoint,
  decided,
  keysOn,
  onAsk,
  onNothing,
}: {
  pane: RefObject<HTMLElement | null>;
  plain: (artifactId: string, path: number[]) => string | null;
  rows: Row[];
  versions: Record<string, number>;
  checkpoint: Checkpoint;
  /** How it was decided meanwhile, in words. */
  decided: string | undefined;
  keysOn: boolean;
  onAsk: ((words: Words, comment: string) => void) | null;
  onNothing: () => void;
}) {
  const client = useQueryClient();
  const [writing, setWriting] = useState<Words | null>(null);
  // What could be asked for when it was begun keeps its place when it can no more, and its key is no other one's.
  const [asks, setAsks] = useState(false);
  const selected = useSelected(pane, plain, writing !== null);
  const words = writing ?? selected;
  const line = useRef<HTMLDivElement>(null);
  const once = useOnce();
  const send = useMutation({
    mutationFn: ({ at, text }: { at: Words; text: string }) =>
      once([at, text], (idempotencyKey) =>
        api<Comment>(`/checkpoints/${checkpoint.id}/comments`, {
          method: "POST",
          json: {
            text,
            claim_id: claimOf(at, rows)?.claim.id ?? null,
            anchor: {
              artifact_id: at.artifactId, version: versions[at.artifactId] ?? 1, path: at.path,
              char_start: at.start, char_end: at.end, quote: at.quote,
            },
          },
          idempotencyKey,
        }),
      ),
    onSuccess: (made) => {
      const { queryKey } = commentsQuery(checkpoint.session_id, checkpoint.id);
      client.setQueryData<Comment[]>(queryKey, (now) => (now?.some((c) => c.id === made.id) ? now : [...(now ?? []), made]));
      close();
    },
  });
  const close = () => {
    setWriting(null);
    getSelection()?.removeAllRanges();
    pane.current?.focus({ preventScroll: true });
  };
  const write = () => {
    if (!selected) onNothing();
    else if (selected.quote.length <= LONGEST) {
      send.reset();
      setAsks(onAsk !== null);
      setWriting(selected);
    }
  };
  useKeys({ t: write }, keysOn && writing === null);
  if (!words) return null;
  const quote = clip(words.quote);
  return (
    <div className="strip-words" ref={line} data-region="">
      {writing ? (
        <>
          <Composer
            label={t("words.label", { quote })}
            placeholder={t("words.placeholder")}
            submit={t("words.add")}
            help={t("words.help")}
            quiet
            onSubmit={(text) => !send.isPending && send.mutate({ at: writing, text })}
            onCancel={close}
            also={
              asks
                ? {
                    label: t("words.ask"),
                    closed: decided === undefined ? undefined : t("words.closed", { what: decided }),
                    onSubmit: (text) => {
                      if (!onAsk) return;
                      onAsk(writing, text);
                      close();
                    },
                  }
                : undefined
            }
          />
          {send.error && <ErrorLine>{t("words.failed", { why: [problemText(send.error).title, problemText(send.error).hint].filter(Boolean).join(" ") })}</ErrorLine>}
        </>
      ) : words.quote.length > LONGEST ? (
        <span className="meta">{t("words.toolong")}</span>
      ) : (
        <>
          <q>{quote}</q>
          {/* Pressing it must not take the selection away. */}
          <button type="button" className="b small" onMouseDown={(event) => event.preventDefault()} onClick={write}>
            {t("words.comment")} <Kbd>t</Kbd>
          </button>
        </>
      )}
    </div>
  );
}

/** All comments on words, in the order in which the words stand; those whose words are gone come last. */
export function WordsList({
  placed,
  me,
  versions,
  onShow,
}: {
  placed: Placed[];
  me: string | null;
  versions: PacketArtifact[];
  onShow: (one: Placed) => void;
}) {
  const order = ({ words }: Placed) => (words ? words.path.reduce((sum, part, i) => sum + part / 1000 ** i, 0) * 1e6 + words.start / 1e6 : Infinity);
  const sorted = placed.toSorted((a, b) => order(a) - order(b));
  return (
    <section className="ev onwords" aria-label={t("words.title")}>
      <h2 className="h3">{t("words.count", { count: placed.length })}</h2>
      <ol>
        {sorted.map((one) => {
          const { comment, words } = one;
          const quote = clip(comment.anchor?.quote ?? "");
          const now = versions.find((artifact) => artifact.artifact_id === comment.anchor?.artifact_id)?.version;
          return (
            <li key={comment.id}>
              <Mark shape="note" />
              <div>
                {words ? (
                  <button type="button" className="quoted" aria-label={t("words.show", { quote })} onClick={() => onShow(one)}>
                    <q>{quote}</q>
                  </button>
                ) : (
                  <q className="quiet">{quote}</q>
                )}
                <p>{comment.text}</p>
                <p className="meta" title={exact(comment.at)}>
                  {comment.by.id === me ? t("comment.you") : (comment.by.name ?? t("comment.somebody"))}, {when(comment.at)}
                  {words === null && ` · ${t("words.gone")}`}
                  {words !== null && now !== undefined && comment.anchor && comment.anchor.version !== now && ` · ${t("words.moved", { n: comment.anchor.version })}`}
                </p>
              </div>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
