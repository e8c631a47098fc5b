import { QueryClient } from "@tanstack/react-query";
import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import type { CheckpointItem } from "@/api/types";
import { problem } from "@/mocks/answers";
import { checkpoints, inboxItem, me, members } from "@/mocks/data";
import { listed } from "@/mocks/inbox";
import { aroundQuery, queryOf, readView, type View } from "@/api/inbox";
import { ableTo, snoozeUntil } from "@/pages/handOn";
import { goneWords, takes } from "@/pages/inbox";
import { open } from "./app";
import { server } from "./setup";

const item = (extra: Partial<CheckpointItem>): CheckpointItem => ({ ...inboxItem(checkpoints[0]!), due_at: null, ...extra });

describe("what the inbox shows", () => {
  const free = item({ id: "free" });
  it("stands in the address, and what it does not know is left out", () => {
    expect(readView({ order: "risk", whose: "mine", project: "p-1", agent: "research", risk: "high", stop: "plan", find: " 42 " })).toEqual({
      order: "risk", whose: "mine", project: "p-1", agent: "research", risk: "high", stop: "plan", find: " 42 ",
    });
    expect(readView({ order: "attention", whose: "all", find: "" })).toEqual({});
    expect(readView({ order: "size", whose: 3, project: "../x", risk: ["high"], stop: {}, find: 42 })).toEqual({ find: "42" });
    expect(queryOf({ whose: "unassigned" })["assignee"]).toBe("none");
    expect(queryOf({ whose: "snoozed" })["snoozed"]).toBe("only");
  });
  it("has what policy signed among what was decided, and what has no place anywhere by itself", async () => {
    const nowhere = () => problem(422, "unknown_sort", "This review was decided when it opened, so it has a place only in the order of opening.");
    let decided: () => Response = () => HttpResponse.json({ ...listed([item({ id: "k-1" })], new URLSearchParams()), total: null, offset: null, position: null });
    server.use(http.get("*/api/checkpoints", ({ request }) => (new URL(request.url).searchParams.get("status") === "decided" ? decided() : nowhere())));
    const client = new QueryClient();
    const around = (view: View) => client.fetchQuery({ ...aroundQuery(view, "k-1"), staleTime: 0, retry: false });
    expect((await around({})).items.map((one) => one.id)).toEqual(["k-1"]);
    decided = nowhere;
    expect(await around({})).toMatchObject({ items: [], total: null });
    expect(await around({ whose: "decided" })).toMatchObject({ items: [], total: null });
  });
  it("says of what left it where it went", () => {
    const now = (extra: Partial<CheckpointItem>) => goneWords(item(extra), {}, me.id);
    const by = (name: string, id = "u2") => ({ decision: { decision: "approve" as const, by: id, name, at: "" } });
    expect(now({ status: "approved", ...by("Ana") })).toBe("Signed by Ana");
    expect(now({ held: "approve", ...by("Me", me.id) })).toBe("Signed by you");
    expect(now({ status: "rejected", ...by("Ana") })).toBe("Rejected by Ana");
    expect(now({ held: "reject", ...by("Ana") })).toBe("Rejected by Ana");
    expect(now({ status: "changes_requested", ...by("Ana") })).toBe("Sent back by Ana");
    expect(now({ held: "request_changes", ...by("Ana") })).toBe("Sent back by Ana");
    expect(now({ status: "superseded" })).toBe("A newer version waits instead");
    expect(now({ status: "expired" })).toBe("Nobody signed it in time");
    expect(now({ snoozed_until: new Date(Date.now() + 1e9).toISOString() })).toMatch(/^Put off until/);
    expect(goneWords(item({ assignee: { id: "u2", name: "Ana" } }), { whose: "mine" }, me.id)).toBe("Now for Ana");
    expect(goneWords(undefined, {}, me.id)).toBe("No longer waits here");
    expect([takes(10), takes(61), takes(5400), takes(9000)]).toEqual(["1\u00a0min", "1\u00a0min", "2\u00a0h", "3\u00a0h"]);
  });
  it("is put off by the reader's clock", () => {
    const monday = new Date(2026, 0, 5, 22, 30);
    expect(snoozeUntil("hour", monday)).toEqual(new Date(2026, 0, 5, 23, 30));
    expect(snoozeUntil("tomorrow", monday)).toEqual(new Date(2026, 0, 6, 9));
    expect(snoozeUntil("week", monday)).toEqual(new Date(2026, 0, 12, 9));
    expect(snoozeUntil("week", new Date(2026, 0, 11, 8))).toEqual(new Date(2026, 0, 12, 9));
    expect(snoozeUntil("tomorrow", new Date(2026, 11, 31, 8))).toEqual(new Date(2027, 0, 1, 9));
  });
  it("is given only to those who may sign it", () => {
    const people = [...members, { id: "u3", name: "Third", role: "viewer" as const, created_at: "" }];
    expect(ableTo(people, free).map((m) => m.id)).toEqual(["u1", "u2"]);
    expect(ableTo(people, item({ signing: { quorum: 1, separate_duties: true, barred: ["u1"] } })).map((m) => m.id)).toEqual(["u2"]);
  });
});

describe("inbox by keyboard", () => {
  it("assigns with m and a number, filters, and takes it back with u", async () => {
    const { user } = open("/inbox");
    await screen.findByText("4 wait for you");
    await screen.findByRole("radio", { name: "Mine" });
    await user.keyboard("m");
    const bar = screen.getByRole("contentinfo", { name: /^Assign “Why Mars/ });
    expect(within(bar).getByRole("button", { name: "Me" })).toHaveFocus();
    await user.keyboard("2");
    expect(await screen.findByText(/is now A colleague’s\.$/)).toBeInTheDocument();
    await screen.findByRole("button", { name: "For A colleague" });
    await user.click(screen.getByRole("radio", { name: "Mine" }));
    expect(screen.getByText(/Nothing that waits is yours/)).toBeInTheDocument();
    await user.click(screen.getByRole("radio", { name: "Unassigned" }));
    expect(screen.getAllByRole("row")).toHaveLength(4);
    await user.keyboard("u");
    expect(await screen.findByText("Taken back.")).toBeInTheDocument();
    await waitFor(() => expect(screen.getAllByRole("row")).toHaveLength(5));
  });

  it("snoozes with s and a number, and brings it back from its own list", async () => {
    const { user } = open("/inbox");
    await screen.findByText("4 wait for you");
    await user.keyboard("js2");
    expect(await screen.findByText(/^“US renewable electricity in 2023” comes back tomorrow\./)).toBeInTheDocument();
    await screen.findByText("3 wait for you");
    await user.click(screen.getByRole("radio", { name: "Snoozed 1" }));
    expect(screen.getAllByRole("row")).toHaveLength(2);
    expect(screen.getByText("until tomorrow")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Bring it back" }));
    expect(await screen.findByText("4 wait for you")).toBeInTheDocument();
  });

  it("puts off again what is put off, and taken back it is put off as it was", async () => {
    const until = new Date(Date.now() + 3 * 86_400_000).toISOString();
    const asleep = item({ snoozed_until: until });
    const sent: unknown[] = [];
    server.use(
      http.get("*/api/checkpoints", ({ request }) => HttpResponse.json(listed([asleep], new URL(request.url).searchParams))),
      http.patch("*/api/checkpoints/:id", async ({ request }) => {
        sent.push(await request.json());
        return HttpResponse.json(asleep);
      }),
    );
    const { user } = open("/inbox?whose=snoozed");
    await screen.findByText(asleep.session_title);
    await user.keyboard("s1");
    await screen.findByText(/comes back/);
    await user.keyboard("u");
    await screen.findByText("Taken back.");
    expect(sent[1]).toEqual({ snoozed_until: until });
  });

  it("leaves the bar with Esc, changes nothing, and gives the focus back", async () => {
    const { user } = open("/inbox");
    await screen.findByText("4 wait for you");
    const [button] = screen.getAllByRole("button", { name: /^Snooze/ });
    await user.click(button!);
    await screen.findByText("It comes back by itself. Its due time stays.");
    await user.keyboard("{Escape}");
    expect(screen.queryByText("It comes back by itself. Its due time stays.")).not.toBeInTheDocument();
    expect(button).toHaveFocus();
    expect(screen.getByText("4 wait for you")).toBeInTheDocument();
  });

  it("says why it could not be done", async () => {
    server.use(http.patch("*/api/checkpoints/:id", () => problem(422, "assignee_cannot_sign", "A colleague asked for this work, so they could not sign this.", { hint: "Assign a reviewer or an admin who may." })));
    const { user } = open("/inbox");
    await screen.findByText("4 wait for you");
    await screen.findByRole("radio", { name: "Mine" });
    await user.keyboard("m2");
    expect(await screen.findByText(/Not done: A colleague asked for this work.*Assign a reviewer or an admin who may\./)).toBeInTheDocument();
  });

  it("marks what is overdue in words, when it expires, and who looks", async () => {
    const late = item({
      due_at: new Date(Date.now() - 3 * 86_400_000).toISOString(),
      expires_at: new Date(Date.now() + 86_400_000).toISOString(),
      lookers: [{ id: "u2", name: "A colleague", until: new Date(Date.now() + 40_000).toISOString() }],
    });
    server.use(http.get("*/api/checkpoints", ({ request }) => HttpResponse.json(listed([late], new URL(request.url).searchParams))));
    open("/inbox");
    expect(await screen.findByText(/^overdue since /)).toBeInTheDocument();
    expect(screen.getByText("expires tomorrow")).toBeInTheDocument();
    await waitFor(() => expect(screen.getByText("A colleague is looking")).toBeInTheDocument());
  });

  it("shows no people where there is only one", async () => {
    server.use(http.get("*/api/members", () => HttpResponse.json({ items: [members[0]], next_cursor: null })));
    const { user } = open("/inbox");
    await screen.findByText("4 wait for you");
    expect(screen.queryByRole("radio", { name: "Mine" })).not.toBeInTheDocument();
    expect(screen.queryByRole("columnheader", { name: "For" })).not.toBeInTheDocument();
    await user.keyboard("m");
    expect(screen.queryByText("Members who may sign it.")).not.toBeInTheDocument();
  });
});
