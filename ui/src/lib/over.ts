/** What lies over the page: the way to anything, the list of keys, or nothing. Any part of the page may ask for it. */

import { useSyncExternalStore } from "react";

export type Over = "palette" | "keys" | null;

let over: Over = null;
const listeners = new Set<() => void>();

export function setOver(next: Over): void {
  over = next;
  for (const listener of listeners) listener();
}

export function useOver(): Over {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => over,
  );
}
