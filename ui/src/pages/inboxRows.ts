import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";
import { keyOf, PAGE, placeOf, rowsQuery, stillThere, whatBecame, type Listed, type View } from "@/api/inbox";
import { onWaiting } from "@/api/waiting";
import type { CheckpointItem } from "@/api/types";

/** So long after the last move of pointer or keys over the list its rows may change their places. */
const CALM_MS = 4000;
const AHEAD_ROWS = 8;
/** Sessions that one question names, at most: the server takes no more. */
const MOST_ASKED = 200;
/** Where nothing is laid out, as in tests. */
const SOME_HEIGHT = 800;

interface Kept {
  round: number;
  scrolled: number;
  at: number;
}
/** Where the reader was in each view, kept in this tab's memory. */
const kept = new Map<string, Kept>();
let rounds = 0;

export interface Rows {
  /** How many rows the view has, as it is shown. */
  total: number | undefined;
  effort: number;
  /** The rows to draw: from `first` to `last`, both among them. */
  first: number;
  last: number;
  row: (index: number) => CheckpointItem | undefined;
  /** What became of a row that keeps its place until the next calm moment. */
  gone: Map<string, CheckpointItem | null>;
  at: number;
  setAt: (index: number) => void;
  /** Rows that came or went since the list was read. */
  changes: number;
  /** Reads it anew, with the row under the eye where it is. */
  refresh: () => void;
  error: unknown;
  pending: boolean;
  /** Whether the reader was here before: the keyboard goes back to where it was. */
  came: boolean;
  /** Any move of the reader: rows keep their places for a while. */
  stir: () => void;
  pageRows: number;
}

/** The rows of a view: only what is seen is read and drawn, and nothing moves while somebody points at it. */
export function useRows(view: View, scroller: RefObject<HTMLElement | null>, table: RefObject<HTMLElement | null>, height: number): Rows {
  const client = useQueryClient();
  const key = keyOf(view);
  const before = kept.get(key);
  const [{ of, round }, setShown] = useState(() => ({ of: key, round: before?.round ?? ++rounds }));
  const [at, setIndex] = useState(before?.at ?? 0);
  const [[first, last], setRange] = useState<[number, number]>(() => rangeOf(before?.scrolled ?? 0, SOME_HEIGHT, height));
  const [gone, setGone] = useState<Map<string, CheckpointItem | null>>(new Map());
  const [changes, setChanges] = useState(0);
  const moveTo = useRef<number | null>(before?.scrolled ?? null);
  const scrolled = useRef(before?.scrolled ?? 0);
  const busy = useRef(false);
  if (of !== key) {
    const there = kept.get(key);
    moveTo.current = there?.scrolled ?? 0;
    setShown({ of: key, round: there?.round ?? ++rounds });
    setIndex(there?.at ?? 0);
    setGone(new Map());
    setChanges(0);
    setRange(rangeOf(there?.scrolled ?? 0, SOME_HEIGHT, height));
  }

  const pages = [];
  for (let n = Math.floor(Math.max(0, first) / PAGE); n <= Math.floor(Math.max(0, last) / PAGE); n += 1) pages.push(n);
  const found = useQueries({ queries: pages.map((n) => rowsQuery(view, round, n)) });
  const any = found.find((query) => query.data)?.data ?? client.getQueryData(rowsQuery(view, round, 0).queryKey);
  const total = any?.total;
  const row = useCallback(
    (index: number) => client.getQueryData<Listed>(rowsQuery(view, round, Math.floor(index / PAGE)).queryKey)?.items[index % PAGE],
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a view is its key
    [client, key, round],
  );

  // Which rows are to be seen.
  const measure = useCallback(() => {
    const pane = scroller.current;
    if (!pane) return;
    scrolled.current = pane.scrollTop;
    const top = topOf(pane, table.current);
    const next = rangeOf(pane.scrollTop - top, pane.clientHeight || SOME_HEIGHT, height);
    setRange((now) => (now[0] === next[0] && now[1] === next[1] ? now : next));
  }, [scroller, table, height]);
  useEffect(() => {
    const pane = scroller.current;
    pane?.addEventListener("scroll", measure, { passive: true });
    window.addEventListener("resize", measure);
    measure();
    return () => {
      pane?.removeEventListener("scroll", measure);
      window.removeEventListener("resize", measure);
    };
  }, [measure, scroller, total]);
  useLayoutEffect(() => {
    if (moveTo.current === null || total === undefined || !scroller.current) return;
    scroller.current.scrollTop = moveTo.current;
    moveTo.current = null;
    measure();
  }, [round, total, measure, scroller]);

  // What is remembered when the page is left.
  const latest = useRef({ at, round });
  useEffect(() => {
    latest.current = { at, round };
  });
  useEffect(
    () => () => {
      kept.set(key, { ...latest.current, scrolled: scrolled.current });
    },
    [key],
  );

  const refresh = useCallback(async () => {
    if (busy.current) return;
    busy.current = true;
    try {
      const pane = scroller.current;
      const top = topOf(pane, table.current);
      const from = pane?.scrollTop ?? 0;
      const eye = Math.max(0, Math.ceil((from - top) / height));
      // The row that keeps its place: the chosen one where it is to be seen, else the topmost.
      const seen = (index: number) => index >= eye && index < eye + Math.max(1, Math.floor((pane?.clientHeight || SOME_HEIGHT) / height));
      const anchor = seen(latest.current.at) ? latest.current.at : eye;
      const here = row(anchor)?.id;
      const place = here === undefined ? anchor : await placeOf(view, here);
      const by = place - anchor;
      const next = ++rounds;
      const [low, high] = [Math.max(0, eye + by - AHEAD_ROWS), eye + by + 2 * AHEAD_ROWS + 10];
      const wanted = new Set([Math.floor(low / PAGE), Math.floor(high / PAGE)]);
      await Promise.all([...wanted].map((n) => client.fetchQuery(rowsQuery(view, next, n))));
      moveTo.current = Math.max(0, from + by * height);
      client.removeQueries({ queryKey: ["inbox-rows", key], predicate: ({ queryKey }) => (queryKey[2] as number) < latest.current.round });
      setShown({ of: key, round: next });
      setIndex((now) => Math.max(0, now + by));
      setGone(new Map());
      setChanges(0);
    } catch {
      setChanges((now) => now + 1); // the next calm moment tries again
    } finally {
      busy.current = false;
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a view is its key
  }, [client, key, row, scroller, table, height]);

  // News: rows are set right one by one, none changes its place.
  useEffect(() => {
    let away = false;
    const loaded = () => {
      const rows = new Map<string, { item: CheckpointItem; page: readonly unknown[]; n: number }>();
      for (const [queryKey, data] of client.getQueriesData<Listed>({ queryKey: ["inbox-rows", key, latest.current.round] }))
        data?.items.forEach((item, n) => rows.set(item.id, { item, page: queryKey, n }));
      return rows;
    };
    const hear = async (sessions: string[]) => {
      // None is all of them, and of too many at once nothing is asked one by one.
      if (sessions.length === 0 || sessions.length > MOST_ASKED) {
        setChanges((now) => now + 1);
        return;
      }
      try {
        const there = await stillThere(view, sessions);
        if (away) return;
        const rows = loaded();
        const missing = [...rows.values()].filter(({ item }) => sessions.includes(item.session_id) && !there.some((one) => one.id === item.id));
        const became = missing.length > 0 ? await whatBecame(missing.map(({ item }) => item.session_id)) : [];
        if (away) return;
        for (const item of there) {
          const known = rows.get(item.id);
          if (known) client.setQueryData<Listed>(known.page, (data) => data && { ...data, items: data.items.with(known.n, item) });
        }
        setGone((now) => {
          const next = new Map(now);
          for (const item of there) next.delete(item.id);
          for (const { item } of missing) next.set(item.id, became.find((one) => one.id === item.id) ?? null);
          return next;
        });
        const fresh = there.filter((item) => !rows.has(item.id)).length;
        if (fresh + missing.length > 0) setChanges((now) => now + fresh + missing.length);
      } catch {
        setChanges((now) => now + 1);
      }
    };
    const off = onWaiting((sessions) => void hear(sessions));
    return () => {
      away = true;
      off();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a view is its key
  }, [client, key]);

  // Coming back is a calm moment: what was shown is painted at once and then read anew.
  const came = useRef(before !== undefined);
  useEffect(() => {
    if (!came.current) return;
    came.current = false;
    void refresh();
  }, [refresh]);

  const moved = useRef(0);
  const stir = useCallback(() => {
    moved.current = Date.now();
  }, []);
  useEffect(() => {
    if (changes === 0) return;
    const timer = setInterval(() => {
      if (Date.now() - moved.current >= CALM_MS) void refresh();
    }, 500);
    return () => clearInterval(timer);
  }, [changes, refresh]);

  const setAt = (index: number) => {
    stir();
    const end = Math.max(0, (total ?? 1) - 1);
    const next = Math.min(end, Math.max(0, index));
    setIndex(next);
    const pane = scroller.current;
    if (!pane) return;
    const top = topOf(pane, table.current) + next * height;
    const room = pane.clientHeight || SOME_HEIGHT;
    if (next === 0) pane.scrollTop = 0;
    else if (top < pane.scrollTop) pane.scrollTop = top;
    else if (top + height > pane.scrollTop + room) pane.scrollTop = top + height - room;
    measure();
  };

  return {
    total,
    effort: any?.effort_seconds ?? 0,
    first: Math.max(0, first),
    last: Math.min(last, (total ?? 0) - 1),
    row,
    gone,
    at: Math.min(at, Math.max(0, (total ?? 1) - 1)),
    setAt,
    changes,
    refresh: () => void refresh(),
    error: found.find((query) => query.error)?.error ?? null,
    pending: total === undefined,
    came: before !== undefined,
    stir,
    pageRows: Math.max(1, Math.floor((scroller.current?.clientHeight || SOME_HEIGHT) / height) - 2),
  };
}

function rangeOf(scrolled: number, room: number, height: number): [number, number] {
  const first = Math.floor(scrolled / height) - AHEAD_ROWS;
  return [Math.max(0, first), Math.max(0, Math.ceil((scrolled + room) / height) + AHEAD_ROWS)];
}

/** Where the rows begin within what is scrolled. */
function topOf(pane: HTMLElement | null, table: HTMLElement | null): number {
  return pane && table ? table.getBoundingClientRect().top - pane.getBoundingClientRect().top + pane.scrollTop : 0;
}

/** Forgets where the reader was; for tests. */
export function forgetPlaces(): void {
  kept.clear();
}
