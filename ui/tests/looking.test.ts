import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { tellWaiting } from "@/api/waiting";
import { lookWords, onlookers, useLooking } from "@/review/looking";

const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
const one = (id: string, name: string | null = id, until = "2026-01-01T00:00:00Z") => ({ id, name, until });
const mine = (...others: string[]) => () => json(200, { checkpoint_id: "k", looking: one("u1"), lookers: [one("u1"), ...others.map((id) => one(id))] });

let answer: () => Response;
let sent: { method: string; body: string; keepalive: boolean }[];

function visible(state: "visible" | "hidden") {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}
/** It begins when the page was drawn. */
const FRAME = 0.02;
const seconds = (n: number) => act(() => vi.advanceTimersByTimeAsync(n * 1000));

function look() {
  let renders = 0;
  const hook = renderHook(
    (props: { me: string | undefined }) => {
      renders += 1;
      return useLooking({ id: "k", session_id: "s" }, props.me);
    },
    { initialProps: { me: "u1" } as { me: string | undefined } },
  );
  return { ...hook, renders: () => renders, others: () => hook.result.current.map(({ name }) => name) };
}

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  answer = mine();
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

  it("tells who else looks, and when somebody comes or goes without being asked again", async () => {
    answer = mine("u2");
    const page = look();
    await seconds(FRAME);
    expect(page.others()).toEqual(["u2"]);
    answer = mine("u2", "u3");
    act(() => tellWaiting("s", "looked_at"));
    await seconds(FRAME);
    expect(page.others()).toEqual(["u2", "u3"]);
    answer = mine();
    act(() => tellWaiting("s", "looked_away"));
    await seconds(FRAME);
    expect(page.others()).toEqual([]);
    expect(sent.map(({ method }) => method)).toEqual(["POST", "POST", "POST"]);
    // What happens elsewhere, or is no coming and going, is not asked about.
    act(() => tellWaiting("elsewhere", "looked_at"));
    act(() => tellWaiting("s", "decided"));
    await seconds(FRAME);
    expect(sent).toHaveLength(3);
  });

  it("forgets a tab that died by the next beat, and says nothing after it has left", async () => {
    answer = mine("u2");
    const page = look();
    await seconds(1);
    answer = mine();
    await seconds(20);
    expect(page.others()).toEqual([]);
    page.unmount();
    act(() => tellWaiting("s", "looked_at"));
    await seconds(60);
    expect(sent.map(({ method }) => method)).toEqual(["POST", "POST", "DELETE"]);
  });

  it("keeps quiet about a server that is away", async () => {
    answer = () => json(503, { code: "database_away" });
    const page = look();
    await seconds(21);
    expect(sent).toHaveLength(2);
    expect(page.others()).toEqual([]);
    page.unmount();
    expect(sent).toHaveLength(2);
  });

  it("ends with the decision", async () => {
    answer = mine("u2");
    const page = look();
    await seconds(FRAME);
    page.rerender({ me: undefined });
    expect(page.others()).toEqual([]);
    expect(sent.at(-1)?.method).toBe("DELETE");
    await seconds(60);
    expect(sent).toHaveLength(2);
  });
});

describe("who else looks", () => {
  const until = (s: number) => ({ lookers: [one("u1"), one("u2", "Other", new Date(Date.now() + s * 1000).toISOString())] });
  it("is nobody after their time, not oneself, and nobody before it is known who reads", () => {
    expect(onlookers(until(5), "u1").map(({ name }) => name)).toEqual(["Other"]);
    expect(onlookers(until(-5), "u1")).toEqual([]);
    expect(onlookers(until(5), "u2")).toEqual([]);
    expect(onlookers(until(5), undefined)).toEqual([]);
    expect(onlookers(undefined, "u1")).toEqual([]);
  });
  it("is said by name", () => {
    expect(lookWords([one("a", "Ana")], "look.is")).toBe("Ana is looking");
    expect(lookWords([one("a", "Ana"), one("b", null), one("c", "Cleo")], "look.at")).toBe("Ana, Somebody and Cleo are looking at this just now.");
  });
});
