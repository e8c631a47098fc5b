import { QueryClient } from "@tanstack/react-query";
import { http, HttpResponse } from "msw";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openLive } from "@/api/live";
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
