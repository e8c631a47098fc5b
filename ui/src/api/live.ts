import type { Query, QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { api, ApiError } from "./client";
import { putLooks } from "./inbox";
import { openStream, type Kind } from "./stream";
import { tellAll, tellWaiting } from "./waiting";

/** Since when nothing has arrived from the server, or null while the stream is open. */
let offlineSince: number | null = null;
const listeners = new Set<() => void>();

function setOffline(at: number | null): void {
  if ((offlineSince === null) === (at === null)) return;
  offlineSince = at;
  for (const listener of listeners) listener();
}

export function useOfflineSince(): number | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => offlineSince,
  );
}

const LOOKED = /^looked_(?:at|away)$/;

interface SessionNews {
  project_id: string;
  session_id: string;
  type: string;
}

/** What an event touches, as query keys. */
export function touched(kind: "session" | "source", data: Record<string, string>): unknown[][] {
  if (kind === "source") {
    return [
      ["sources", data["project_id"]], ["source", data["source_id"]], ["content", data["source_id"], "current"], ["index", data["project_id"]],
      ["project", data["project_id"]], ["projects"],
    ];
  }
  const { project_id, session_id, type } = data as unknown as SessionNews;
  // Who comes and goes, and what is said beside the text, must not reload what is being read.
  if (LOOKED.test(type)) return [];
  if (type === "commented") return [["comments", session_id]];
  const keys: unknown[][] = [["session", session_id], ["events", session_id], ["sessions", project_id]];
  if (/artifact|checkpoint|superseded|completed|decided|delivered/.test(type)) keys.push(["artifacts", session_id]);
  if (/checkpoint|decided|voted|withdrawn|released|superseded|expired|resumed|cancelled|completed|failed|retried|session_created/.test(type)) {
    keys.push(["inbox"], ["checkpoint", "of", session_id], ["projects"], ["project", project_id], ["reveal", session_id]);
  }
  if (/session_created|queued|leg_started|checkpoint|decided|withdrawn|released|superseded|expired|cancelled|completed|failed|retried/.test(type)) keys.push(["work"]);
  if (/deliver/.test(type)) keys.push(["deliveries"]);
  if (/envelope/.test(type)) keys.push(["envelope", session_id]);
  return keys;
}

/** Reviews of one session: they are kept by their own ids, and what others decide elsewhere does not reload them. */
const reviewsOf =
  (session: unknown) =>
  ({ queryKey, state }: Query): boolean =>
    queryKey[0] === "checkpoint" && ((state.data as { session_id?: string } | undefined)?.session_id ?? session) === session;

/** What is not told of when the page asks: fetched again each time, where it is on screen. */
const SOURCES = ["sources", "source", "index"];

const GATHER_MS = 120;
/**
 * Capture of many files says something several times a second; a list that is fetched that often never arrives. And who
 * goes through reviews looks at one after the other, which the reader is told of, too.
 */
const LATE_MS = 1000;
const POLL_MS = 5000;
/** A stream that has not opened by then is taken for held back on its way; the page asks meanwhile. */
const OPEN_MS = 10_000;
/** A server that has not answered by then is one that cannot be reached: it may be frozen, which no connection says. */
const ANSWER_MS = 5000;

interface Latest {
  items: Record<string, string>[];
  last_event_id: string;
  more: boolean;
}

/**
 * What the stream tells. Events only say what to fetch again, so a lost one costs nothing: after every
 * reconnect all that is on screen is fetched again. Several events in a row become one fetch. While there is no stream,
 * the page asks every few seconds what happened; it is offline when that is not answered either.
 */
export function openLive(client: QueryClient): () => void {
  let gather: ReturnType<typeof setTimeout> | undefined;
  let slow: ReturnType<typeof setTimeout> | undefined;
  let patience: ReturnType<typeof setTimeout> | undefined;
  let poll: ReturnType<typeof setTimeout> | undefined;
  let polling = 0; // the round of asking that goes on; none is 0
  let rounds = 0;
  let after: string | null = null;
  const looks = new Set<string>();
  const pending = { soon: new Map<string, unknown[]>(), late: new Map<string, unknown[]>() };
  let first = true;

  const flush = (what: keyof typeof pending) => {
    const keys = [...pending[what].values()];
    pending[what].clear();
    // Who looks is no more than a hint: where it cannot be asked for, the next sign of it brings it.
    if (what === "late") {
      putLooks(client, [...looks]).catch(() => undefined);
      looks.clear();
    }
    for (const queryKey of keys) void client.invalidateQueries(queryKey[1] === "of" ? { predicate: reviewsOf(queryKey[2]) } : { queryKey });
  };
  const take = (kind: Kind, data: Record<string, string>) => {
    if (kind === "session") tellWaiting(data["session_id"] ?? "", data["type"] ?? "");
    const looked = LOOKED.test(data["type"] ?? "");
    if (looked) looks.add(data["session_id"] ?? "");
    const what = kind === "source" || looked ? "late" : "soon";
    for (const key of touched(kind, data)) pending[what].set(JSON.stringify(key), key);
    if (what === "soon") gather ??= setTimeout(() => { gather = undefined; flush(what); }, GATHER_MS);
    else slow ??= setTimeout(() => { slow = undefined; flush(what); }, LATE_MS);
  };
  // Long lists look themselves what of them is on screen.
  const everything = () => {
    void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "inbox-rows" });
    tellAll();
  };
  const told = (kind: Kind, data: string) => {
    try {
      take(kind, JSON.parse(data) as Record<string, string>);
    } catch {
      return; // not ours; the next reconnect fetches everything anyway
    }
  };
  const ask = async (round: number) => {
    let wait = POLL_MS;
    try {
      const found: Latest = await api<Latest>("/events/latest", { query: { after }, signal: AbortSignal.timeout(ANSWER_MS) });
      if (polling !== round) return;
      const back = offlineSince !== null;
      setOffline(null);
      if (after === null || back) everything();
      else {
        for (const item of found.items) take("session", item);
        for (const queryKey of SOURCES) void client.invalidateQueries({ queryKey: [queryKey] });
      }
      after = found.last_event_id;
      if (found.more) wait = 0;
    } catch (error) {
      if (polling !== round) return;
      // Who asks too often is answered, and is not offline.
      if (error instanceof ApiError && error.status === 429) wait = Math.max(POLL_MS, (error.retryAfter ?? 0) * 1000);
      else setOffline(Date.now());
    }
    poll = setTimeout(() => void ask(round), wait);
  };
  const startAsking = () => {
    if (polling) return;
    polling = ++rounds;
    after = null;
    void ask(polling);
  };
  const stopAsking = () => {
    polling = 0;
    clearTimeout(poll);
  };
  const opened = () => {
    clearTimeout(patience);
    stopAsking();
    setOffline(null);
    if (!first) everything();
    first = false;
  };
  const lost = () => {
    first = false;
    startAsking();
  };
  let close = () => {};
  if (typeof EventSource === "undefined") startAsking();
  else {
    patience = setTimeout(startAsking, OPEN_MS);
    close = openStream({ opened, lost, told });
  }
  return () => {
    stopAsking();
    close();
    for (const timer of [gather, slow, patience]) clearTimeout(timer);
  };
}
