/** Tells lists which sessions something happened to that a list of reviews shows. */

const TOLD = /checkpoint|decided|voted|withdrawn|released|superseded|expired|resumed|cancelled|failed|retried|looked|reminded/;
const GATHER_MS = 150;

type Listener = (sessions: string[]) => void;
const listeners = new Set<Listener>();
const onlookers = new Set<(session: string) => void>();
let gathered = new Set<string>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** News of a session, from the live stream; several in a row are told at once. */
export function tellWaiting(sessionId: string, type: string): void {
  if (type.startsWith("looked_")) for (const listener of onlookers) listener(sessionId);
  if (listeners.size === 0 || !TOLD.test(type)) return;
  gathered.add(sessionId);
  timer ??= setTimeout(() => {
    const sessions = [...gathered];
    gathered = new Set();
    timer = undefined;
    for (const listener of listeners) listener(sessions);
  }, GATHER_MS);
}

/** Everything may have changed: the stream was away. */
export function tellAll(): void {
  for (const listener of listeners) listener([]);
}

/** Tells at once in which session somebody came to a review or went from it. */
export function onLooks(listener: (session: string) => void): () => void {
  onlookers.add(listener);
  return () => onlookers.delete(listener);
}

export function onWaiting(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
