import { QueryClient } from "@tanstack/react-query";
import { renderHook } from "@testing-library/react";
import { delay, http, HttpResponse } from "msw";
import { locks } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openLive, useOfflineSince } from "@/api/live";
import { openStream } from "@/api/stream";
import { server } from "./setup";

/** A stream that does what it is told to. */
class Fake {
  static readonly CLOSED = 2;
  static all: Fake[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readonly heard = new Map<string, (event: { data: string }) => void>();
  constructor(readonly url: string) {
    Fake.all.push(this);
  }
  addEventListener(kind: string, listener: (event: { data: string }) => void): void {
    this.heard.set(kind, listener);
  }
  close(): void {
    this.readyState = Fake.CLOSED;
  }
  /** What the server says every five seconds. */
  beat(): void {
    this.heard.get("heartbeat")!({ data: '{"every_seconds":5.0}' });
  }
}

const news = { project_id: "p", session_id: "s", seq: "1", type: "voted", status: "pending_review" };
let asked: (string | null)[];
let close: () => void;
let again: string[];

function start(): void {
  const client = new QueryClient();
  again = [];
  for (const [id, session_id] of [["of-s", "s"], ["of-another", "t"]] as const) client.setQueryData(["checkpoint", id], { session_id });
  vi.spyOn(client, "invalidateQueries").mockImplementation((filters) => {
    const found = filters?.predicate ? client.getQueryCache().findAll({ predicate: filters.predicate }) : null;
    again.push(found?.length === 1 ? String(found[0]?.queryKey) : String(filters?.queryKey ?? "all"));
    return Promise.resolve();
  });
  close = openLive(client);
}

beforeEach(() => {
  asked = [];
  Fake.all = [];
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  server.use(
    http.get("*/api/events/latest", ({ request }) => {
      const after = new URL(request.url).searchParams.get("after");
      asked.push(after);
      return HttpResponse.json({ items: after === null ? [] : [news], last_event_id: `${asked.length}-0`, more: false });
    }),
  );
});
afterEach(() => {
  close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("who looks at what", () => {
  const row = (id: string, session_id: string) => ({ id, session_id, session_title: id, looking: null, lookers: [] as unknown[] });
  const lists = (client: QueryClient) => client.getQueryCache().findAll({ queryKey: ["inbox", "around"] });

  it("is put into the lists that show it, and no list is read again for it", async () => {
    const client = new QueryClient();
    for (const [at, ids] of [["a", ["a", "b"]], ["b", ["b"]], ["c", ["c"]]] as const)
      client.setQueryData(["inbox", "around", "{}", at], { items: ids.map((id) => row(id, `s-${id}`)), total: 3 }, { updatedAt: 1000 });
    void client.invalidateQueries({ queryKey: ["inbox", "around", "{}", "b"] });
    const before = lists(client).map(({ state }) => state.data);
    const said: string[][] = [];
    const looking = { id: "u2", name: "A colleague", until: "2026-11-25T10:00:45Z" };
    const lookers = [looking, { id: "u3", name: "Another", until: "2026-11-25T10:00:50Z" }];
    server.use(
      http.get("*/api/checkpoints", ({ request }) => {
        said.push(new URL(request.url).searchParams.getAll("session_id"));
        return HttpResponse.json({ items: [{ ...row("b", "s-b"), session_title: "Another title", looking, lookers }], next_cursor: null });
      }),
    );
    const refetched = vi.spyOn(client, "invalidateQueries");
    vi.stubGlobal("EventSource", Fake);
    close = openLive(client);
    Fake.all[0]!.onopen!();
    const tell = (session_id: string) => Fake.all[0]!.heard.get("session")!({ data: JSON.stringify({ ...news, session_id, type: "looked_at" }) });
    tell("s-elsewhere");
    await vi.advanceTimersByTimeAsync(1_000);
    tell("s-b");
    tell("s-b");
    await vi.advanceTimersByTimeAsync(1_000);
    await vi.waitFor(() => expect(lists(client)[0]!.state.data).toEqual({ items: [row("a", "s-a"), { ...row("b", "s-b"), looking, lookers }], total: 3 }));
    expect(said).toEqual([["s-b"]]);
    expect(lists(client)[1]!.state).toMatchObject({ data: { items: [{ ...row("b", "s-b"), looking, lookers }] }, isInvalidated: true, dataUpdatedAt: 1000 });
    expect(lists(client)[2]!.state.data).toEqual(before[2]);
    expect(refetched).not.toHaveBeenCalled();
  });
});

describe("news of what happens", () => {
  it("comes by a stream, and nothing is asked for while it stands", async () => {
    vi.stubGlobal("EventSource", Fake);
    start();
    Fake.all[0]!.onopen!();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked).toEqual([]);
    Fake.all[0]!.heard.get("session")!({ data: JSON.stringify(news) });
    await vi.advanceTimersByTimeAsync(200);
    expect(again).toContain("checkpoint,of-s");
  });
  it("is asked for every few seconds while the stream is broken, and no longer when it is back", async () => {
    vi.stubGlobal("EventSource", Fake);
    start();
    Fake.all[0]!.onopen!();
    Fake.all[0]!.onerror!();
    await vi.waitFor(() => expect(asked).toEqual([null]));
    await vi.waitFor(() => expect(again).toEqual(["all"]));
    await vi.advanceTimersByTimeAsync(5_000);
    await vi.waitFor(() => expect(asked).toEqual([null, "1-0"]));
    await vi.advanceTimersByTimeAsync(200);
    await vi.waitFor(() => expect(again).toEqual(expect.arrayContaining(["session,s", "sources"])));
    Fake.all[0]!.onopen!();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked).toHaveLength(2);
  });
  it("is asked for when a stream does not open: something on the way holds it back", async () => {
    vi.stubGlobal("EventSource", Fake);
    start();
    await vi.advanceTimersByTimeAsync(9_000);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    await vi.waitFor(() => expect(asked).toEqual([null]));
  });
  it("is asked for where there are no streams, and a stream that was refused is tried again", async () => {
    vi.stubGlobal("EventSource", undefined);
    start();
    await vi.waitFor(() => expect(asked).toEqual([null]));
    close();
    vi.stubGlobal("EventSource", Fake);
    start();
    Fake.all[0]!.readyState = Fake.CLOSED;
    Fake.all[0]!.onerror!();
    await vi.advanceTimersByTimeAsync(4_000);
    expect(Fake.all).toHaveLength(2);
  });
});

/** Those that were not closed. */
const standing = () => Fake.all.filter(({ readyState }) => readyState !== Fake.CLOSED).length;

describe("a server that says nothing more, and leaves the stream open", () => {
  beforeEach(() => vi.stubGlobal("EventSource", Fake));

  it("is noticed after two heartbeats and a little; the page asks, and has one new stream", async () => {
    start();
    Fake.all[0]!.onopen!();
    for (let n = 0; n < 5; n += 1) {
      Fake.all[0]!.beat();
      await vi.advanceTimersByTimeAsync(5_000);
    }
    await vi.advanceTimersByTimeAsync(6_900);
    expect(Fake.all).toHaveLength(1);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    await vi.waitFor(() => expect(asked).toEqual([null]));
    expect([Fake.all.length, standing()]).toEqual([2, 1]);
    await vi.waitFor(() => expect(again).toEqual(["all"]));
    // It is back: all is fetched once more, and nothing is asked for.
    Fake.all[1]!.onopen!();
    expect(again).toEqual(["all", "all"]);
    await vi.advanceTimersByTimeAsync(11_000);
    expect([asked.length, Fake.all.length]).toEqual([1, 2]);
  });
  it("is one that cannot be reached when it does not answer either, until it goes on", async () => {
    let frozen = true;
    server.use(http.get("*/api/events/latest", async () => (frozen ? delay("infinite") : undefined)));
    const { result } = renderHook(() => useOfflineSince());
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", false);
    start();
    Fake.all[0]!.onopen!();
    Fake.all[0]!.beat();
    await vi.advanceTimersByTimeAsync(12_000);
    expect(result.current).toBeNull(); // who only was asleep is not told that nobody is there
    await vi.waitFor(() => expect(result.current).not.toBeNull(), 10_000);
    frozen = false;
    await vi.advanceTimersByTimeAsync(5_000);
    await vi.waitFor(() => expect(result.current).toBeNull());
    expect(again).toContain("all");
  }, 20_000);
  it("is asked again when a stream does not open, and never two at a time", async () => {
    start();
    await vi.advanceTimersByTimeAsync(90_000);
    expect([Fake.all.length, standing()]).toEqual([4, 1]);
    Fake.all[3]!.onopen!();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(Fake.all, "this server has no heartbeats").toHaveLength(4);
  });
  it("is given one heartbeat more by a page that slept", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    start();
    Fake.all[0]!.onopen!();
    Fake.all[0]!.beat();
    vi.setSystemTime(Date.now() + 3_600_000);
    await vi.advanceTimersByTimeAsync(12_000);
    Fake.all[0]!.beat(); // what was said meanwhile is read now
    await vi.advanceTimersByTimeAsync(11_000);
    expect(Fake.all).toHaveLength(1);
    vi.setSystemTime(Date.now() + 3_600_000);
    await vi.advanceTimersByTimeAsync(1_000 + 6_900);
    expect(Fake.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect([Fake.all.length, standing()]).toEqual([2, 1]);
  });
});

describe("a stream that tabs share", () => {
  const closes: (() => void)[] = [];
  const tab = () => {
    const heard: string[] = [];
    const stop = openStream({ opened: () => heard.push("opened"), lost: () => heard.push("lost"), told: (_, data) => heard.push(data) });
    closes.push(stop);
    return { heard, stop };
  };
  beforeEach(() => {
    vi.stubGlobal("EventSource", Fake);
    vi.stubGlobal("navigator", { locks });
    close = () => undefined;
  });
  afterEach(() => {
    for (const stop of closes.splice(0)) stop();
  });
  const all = async (tabs: { heard: string[] }[], ...heard: string[]) => {
    await vi.waitFor(() => expect(tabs.map((one) => one.heard)).toEqual(tabs.map(() => heard)));
  };

  it("falls silent for all of them, and is back for all of them, once", async () => {
    const tabs = [tab(), tab(), tab()];
    await vi.waitFor(() => expect(Fake.all).toHaveLength(1));
    Fake.all[0]!.onopen!();
    Fake.all[0]!.beat();
    await all(tabs, "opened");
    await vi.advanceTimersByTimeAsync(12_100);
    await vi.waitFor(() => expect(tabs.every(({ heard }) => heard.includes("lost"))).toBe(true));
    expect([Fake.all.length, standing()]).toEqual([2, 1]);
    for (const { heard } of tabs) heard.length = 0;
    Fake.all[1]!.onopen!();
    Fake.all[1]!.heard.get("session")!({ data: "news" });
    await all(tabs, "opened", "news");
    expect(standing()).toBe(1);
  });
  it("is missed by a tab whose neighbour says nothing more, and that tab opens none of its own", async () => {
    const [leads, follows] = [tab(), tab()];
    await vi.waitFor(() => expect(Fake.all).toHaveLength(1));
    Fake.all[0]!.onopen!();
    Fake.all[0]!.beat();
    await all([leads, follows], "opened");
    // The timers of the tab with the stream stand still, which its silence in the channel looks like from here.
    const post = vi.spyOn(BroadcastChannel.prototype, "postMessage").mockImplementation(() => undefined);
    await vi.advanceTimersByTimeAsync(7_000);
    Fake.all[0]!.beat();
    await vi.advanceTimersByTimeAsync(5_100);
    await all([follows], "opened", "lost");
    expect(leads.heard).toEqual(["opened"]);
    post.mockRestore();
    Fake.all[0]!.beat();
    await all([follows], "opened", "lost", "opened");
    expect([Fake.all.length, standing()]).toEqual([1, 1]);
    leads.stop();
    await vi.waitFor(() => expect(Fake.all).toHaveLength(2));
  });
});
