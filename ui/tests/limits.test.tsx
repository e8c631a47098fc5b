import { onlineManager, QueryClient, useQuery } from "@tanstack/react-query";
import { act, renderHook, screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it, vi } from "vitest";
import { api } from "@/api/client";
import { openLive, useOfflineSince } from "@/api/live";
import { makeClient } from "@/api/queryClient";
import { open } from "./app";
import { server } from "./setup";

const refused = (seconds: string) =>
  HttpResponse.json(
    {
      type: "about:blank", title: "Too many requests", status: 429, code: "rate_limited", detail: "Requests of this user: more than 600 a minute.",
      hint: "Wait as long as Retry-After says, and ask less often.",
    },
    { status: 429, headers: { "Retry-After": seconds } },
  );

describe("a page that asks too often", () => {
  it("says so in words for people, and tries again when asked to", async () => {
    server.use(http.get("*/api/checkpoints", () => refused("7"), { once: true }));
    const { user } = open("/inbox");
    expect(await screen.findByText("Requests of this user: more than 600 a minute.")).toBeInTheDocument();
    expect(screen.getByText("Try again in 7 seconds; nothing you typed is lost.")).toBeInTheDocument();
    expect(screen.queryByText(/Retry-After/)).toBeNull();
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("4 wait for you")).toBeInTheDocument();
  });
  it("asks again by itself when the server said", async () => {
    let asked = 0;
    server.use(http.get("*/api/me", () => (++asked === 1 ? refused("0") : HttpResponse.json({ name: "Ada" }))));
    expect(await makeClient(1).fetchQuery({ queryKey: ["me"], queryFn: () => api("/me") })).toEqual({ name: "Ada" });
    expect(asked).toBe(2);
  });
  it("is not offline", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let asked = 0;
    server.use(
      http.get("*/api/events/latest", () => {
        asked += 1;
        return refused("7");
      }),
    );
    const close = openLive(new QueryClient());
    const offline = renderHook(() => useOfflineSince());
    try {
      await vi.waitFor(() => expect(asked).toBe(1));
      await vi.waitFor(() => vi.advanceTimersByTimeAsync(7_000).then(() => expect(asked).toBe(2))); // so the first answer was read
      expect(offline.result.current).toBeNull();
    } finally {
      close();
      vi.useRealTimers();
    }
  });
});

describe("a page whose browser takes itself for offline", () => {
  it("asks the server all the same, which may be on this machine", async () => {
    onlineManager.setOnline(false);
    try {
      open("/inbox");
      expect(await screen.findByText("4 wait for you")).toBeInTheDocument();
    } finally {
      onlineManager.setOnline(true);
    }
  });
});

describe("a page that was loaded and cannot be loaded again", () => {
  const PATH = "/projects/p-test/things";
  const down = () => HttpResponse.error();
  const busy = () => HttpResponse.json({ status: 503, code: "database_unavailable", detail: "Away." }, { status: 503 });
  it.each([["the server is away", down], ["the database is away", busy]])("keeps what it shows while %s", async (_when, answer) => {
    const client = makeClient(0);
    const ask = { queryKey: ["thing"], queryFn: () => api<{ n: number }>(PATH) };
    server.use(http.get(`*/api${PATH}`, () => HttpResponse.json({ n: 1 })));
    const { result } = renderHook(() => ({ ...useQuery(ask, client) }));
    await vi.waitFor(() => expect(result.current.data).toEqual({ n: 1 }));
    server.use(http.get(`*/api${PATH}`, answer));
    await act(() => result.current.refetch());
    await vi.waitFor(() => expect(result.current).toMatchObject({ data: { n: 1 }, error: null, isStale: true }));
  });
  it("asks again by itself", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      const client = makeClient(0);
      let n = 0;
      server.use(http.get(`*/api${PATH}`, () => (++n === 2 ? busy() : HttpResponse.json({ n }))));
      const { result } = renderHook(() => ({ ...useQuery({ queryKey: ["thing"], queryFn: () => api<{ n: number }>(PATH) }, client) }));
      await vi.waitFor(() => expect(result.current.data).toEqual({ n: 1 }));
      await act(() => result.current.refetch());
      await act(() => vi.advanceTimersByTimeAsync(30_000));
      await vi.waitFor(() => expect(result.current.data).toEqual({ n: 3 }));
    } finally {
      vi.useRealTimers();
    }
  });
  it("says so when it is not there any more", async () => {
    const client = makeClient(0);
    server.use(http.get(`*/api${PATH}`, () => HttpResponse.json({ n: 1 })));
    const { result } = renderHook(() => ({ ...useQuery({ queryKey: ["thing"], queryFn: () => api(PATH) }, client) }));
    await vi.waitFor(() => expect(result.current.data).toEqual({ n: 1 }));
    server.use(http.get(`*/api${PATH}`, () => HttpResponse.json({ status: 404, code: "not_found" }, { status: 404 })));
    await act(() => result.current.refetch());
    await vi.waitFor(() => expect(result.current.error).toMatchObject({ status: 404 }));
  });
});
