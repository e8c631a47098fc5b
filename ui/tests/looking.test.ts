import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { onlooker, useLooking } from "@/review/looking";

const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
const mine = () => json(200, { checkpoint_id: "k", looking: { id: "u1", name: "Me", until: "2026-01-01T00:00:00Z" } });
const theirs = (id = "u2") => json(409, { code: "being_reviewed", detail: "Somebody is looking.", looking: { id, name: "Other", until: "2026-01-01T00:00:00Z" } });

let answer: () => Response;
let sent: { method: string; body: string; keepalive: boolean }[];

function visible(state: "visible" | "hidden") {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}
/** It begins when the page was drawn. */
const FRAME = 0.02;
const seconds = (n: number) => act(() => vi.advanceTimersByTimeAsync(n * 1000));

function look(rival: string | null = null) {
  let renders = 0;
  const hook = renderHook(
    (props: { rival: string | null; on: boolean }) => {
      renders += 1;
      return useLooking("k", props.on, props.rival);
    },
    { initialProps: { rival, on: true } },
  );
  return { ...hook, renders: () => renders };
}

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  answer = mine;
  vi.spyOn(globalThis, "fetch").mockImplementation((_url, init) => {
    sent.push({ method: init?.method ?? "GET", body: String(init?.body ?? ""), keepalive: init?.keepalive ?? false });
    return Promise.resolve(answer());
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  Reflect.deleteProperty(document, "visibilityState");
});

describe("looking", () => {
  it("is said at once and every 20 seconds, and draws nothing again", async () => {
    const page = look();
    await seconds(FRAME);
    expect(sent.map((one) => one.method)).toEqual(["POST"]);
    const before = page.renders();
    await seconds(61);
    expect(sent).toHaveLength(4);
    expect(page.renders()).toBe(before);
  });

  it("is not said by a hidden tab, and at once when it is seen again", async () => {
    look();
    await seconds(1);
    act(() => visible("hidden"));
    await seconds(300);
    expect(sent).toHaveLength(1);
    act(() => visible("visible"));
    await seconds(FRAME);
    expect(sent).toHaveLength(2);
  });

  it("ends when the page closes, by a request that outlives it, and only where it was held", async () => {
    const page = look();
    await seconds(FRAME);
    window.dispatchEvent(new Event("pagehide"));
    expect(sent.at(-1)).toMatchObject({ method: "DELETE", keepalive: true });
    page.unmount();
    expect(sent.filter((one) => one.method === "DELETE")).toHaveLength(1);
    await seconds(60);
    expect(sent).toHaveLength(2);
  });

  it("takes nothing from somebody else, and tells when they have gone", async () => {
    answer = theirs;
    const page = look();
    await seconds(FRAME);
    expect(page.result.current.other?.name).toBe("Other");
    page.unmount();
    expect(sent.map((one) => one.method)).toEqual(["POST"]);
  });

  it("takes it over only when asked to", async () => {
    answer = theirs;
    const page = look();
    await seconds(41);
    expect(sent.map((one) => one.body)).toEqual(Array(3).fill('{"take":false}'));
    answer = mine;
    act(() => page.result.current.takeOver());
    await seconds(FRAME);
    expect(sent.at(-1)?.body).toBe('{"take":true}');
    expect(page.result.current.other).toBeNull();
  });

  it("is asked again at once when the list says that somebody came", async () => {
    const page = look();
    await seconds(FRAME);
    answer = theirs;
    page.rerender({ rival: "u2", on: true });
    await seconds(FRAME);
    expect(sent).toHaveLength(2);
    expect(page.result.current.other?.id).toBe("u2");
  });

  it("keeps quiet about a server that is away", async () => {
    answer = () => json(503, { code: "database_away" });
    const page = look();
    await seconds(21);
    expect(sent).toHaveLength(2);
    expect(page.result.current.other).toBeNull();
  });

  it("ends with the decision", async () => {
    const page = look();
    await seconds(FRAME);
    page.rerender({ rival: null, on: false });
    expect(sent.at(-1)?.method).toBe("DELETE");
    await seconds(60);
    expect(sent).toHaveLength(2);
  });
});

describe("who else looks", () => {
  const until = (s: number) => ({ looking: { id: "u2", name: "Other", until: new Date(Date.now() + s * 1000).toISOString() } });
  it("is nobody after their time, not oneself, and nobody before it is known who reads", () => {
    expect(onlooker(until(5), "u1")?.name).toBe("Other");
    expect(onlooker(until(-5), "u1")).toBeNull();
    expect(onlooker(until(5), "u2")).toBeNull();
    expect(onlooker(until(5), undefined)).toBeNull();
    expect(onlooker(undefined, "u1")).toBeNull();
  });
});
