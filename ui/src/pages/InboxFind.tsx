import { useEffect, useRef, type RefObject } from "react";
import type { View } from "@/api/inbox";
import type { CheckpointItem } from "@/api/types";
import { t } from "@/i18n";

const TYPING_MS = 250;

export interface Find {
  field: RefObject<HTMLInputElement | null>;
  /** What was typed; `now` at once, else when the typing rests. */
  type: (words: string, now?: boolean) => void;
  /** Opens the first that is found, as soon as it is. */
  enter: (words: string) => void;
  clear: () => void;
}

/** Words to find by, in the address. */
export function useFind(
  view: View,
  onView: (next: View, replace?: boolean) => void,
  { pending, first, open }: { pending: boolean; first: CheckpointItem | undefined; open: (item: CheckpointItem) => void },
): Find {
  const field = useRef<HTMLInputElement>(null);
  const typing = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(typing.current), []);
  const type = (words: string, now = false) => {
    clearTimeout(typing.current);
    const act = () => onView({ ...view, find: words.trim() || undefined }, true);
    if (now) act();
    else typing.current = setTimeout(act, TYPING_MS);
  };
  const wanted = useRef<string | null>(null);
  const settle = () => {
    if (wanted.current === null || wanted.current !== (view.find ?? "") || pending) return;
    wanted.current = null;
    if (first) open(first);
  };
  useEffect(settle);
  return {
    field,
    type,
    enter: (words) => {
      wanted.current = words.trim();
      if (wanted.current !== (view.find ?? "")) type(words, true);
      else {
        // The list is that of these words already: nothing would be drawn anew.
        clearTimeout(typing.current);
        settle();
      }
    },
    clear: () => {
      clearTimeout(typing.current);
      if (field.current) field.current.value = "";
      if (view.find) type("", true);
    },
  };
}

export function FindField({ search, view }: { search: Find; view: View }) {
  return (
    <input
      ref={search.field}
      className="in"
      type="search"
      placeholder={t("inbox.find")}
      aria-label={t("inbox.find")}
      defaultValue={view.find ?? ""}
      onChange={(event) => search.type(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") search.enter(event.currentTarget.value);
      }}
    />
  );
}
