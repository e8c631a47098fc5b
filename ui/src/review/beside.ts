import type { CheckpointItem, Obligation } from "@/api/types";
import type { Need, ReviewState } from "./state";

/** What the list beside a review shows. */
export interface Beside {
  items: CheckpointItem[];
  current: string;
  /** Whether these were decided, and do not wait. */
  history: boolean;
  /** How many of the list come before the current one, and how many there are. */
  position: number | undefined;
  total: number | undefined;
  needs: Need[];
  obligations: Obligation[];
  /** Comments, by claim. */
  counts: Map<string, number>;
  state: ReviewState | null;
  me: string | undefined;
  onSelect: (key: string) => void;
}

/** Before anything is known. */
export const NOTHING: Beside = {
  items: [], current: "", history: false, position: undefined, total: undefined, needs: [], obligations: [], counts: new Map(), state: null, me: undefined, onSelect: () => {},
};

export interface BesideStore {
  get: () => Beside;
  set: (next: Beside) => void;
  subscribe: (heard: () => void) => () => void;
}

/**
 * The list beside a review outlives the review, which is a page of its own each time: it is told what to show, so that
 * going on draws the two lines anew that change and not all of it.
 */
export function besideStore(): BesideStore {
  let now = NOTHING;
  const all = new Set<() => void>();
  return {
    get: () => now,
    set: (next) => {
      now = next;
      for (const heard of all) heard();
    },
    subscribe: (heard) => {
      all.add(heard);
      return () => all.delete(heard);
    },
  };
}
