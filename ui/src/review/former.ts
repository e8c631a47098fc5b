/**
 * What was done with the item that the reader has just left: it can be taken back on the page that they are on now. Kept
 * in this tab's memory; a decision itself is stored at once, and the server holds its release.
 */

import { useSyncExternalStore } from "react";

export interface Former {
  /** Of the checkpoint. */
  id: string;
  words: string;
  /** When it can be taken back no more, in ISO 8601. */
  until: string;
  /** Null where it cannot be taken back. */
  undo: (() => Promise<unknown>) | null;
  /** Whether the reader goes back to it when it is taken back. */
  returns: boolean;
  /** Whether it says that it takes effect then. */
  held: boolean;
}

let former: Former | null = null;
const listeners = new Set<() => void>();

export function setFormer(next: Former | null): void {
  former = next;
  for (const listener of listeners) listener();
}

export function useFormer(): Former | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => former,
  );
}

export const FORMER_SECONDS = 6;

export function inSeconds(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString();
}
