/**
 * What was done with the items that the reader has just left: each can be taken back on the page that they are on now,
 * the newest first. Kept in this tab's memory; a decision itself is stored at once, and the server holds its release.
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

/** The newest first. */
let formers: readonly Former[] = [];
const listeners = new Set<() => void>();

function put(next: readonly Former[]): void {
  formers = next;
  for (const listener of listeners) listener();
}

const isOver = ({ until }: Former) => new Date(until).getTime() <= Date.now();

/** What was done now, before all that was done with others and can still be taken back; null forgets all of it. */
export function setFormer(next: Former | null): void {
  put(next ? [next, ...formers.filter((one) => one.id !== next.id && one.undo !== null && !isOver(one))] : []);
}

/** What was done with this one was taken back, or can be no more. */
export function dropFormer(id: string): void {
  if (formers.some((one) => one.id === id)) put(formers.filter((one) => one.id !== id));
}

export function useFormers(): readonly Former[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => formers,
  );
}

export const FORMER_SECONDS = 6;

export function inSeconds(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString();
}
