import { cleanup, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import type { WorkSession } from "@/api/types";
import { me, sessions } from "@/mocks/data";
import { workHandlers } from "@/mocks/work";
import { open } from "./app";
import { server } from "./setup";

const AT = "2026-11-25T10:00:01Z";
const UNTIL = "2026-11-25T10:00:07Z";
const until = `Held until ${new Date(UNTIL).toLocaleTimeString("en-GB")}`;
const waits = sessions.find((one) => one.id === "s-check")!;
const held = (decision: NonNullable<WorkSession["held"]>["decision"], by: string | null, name: string, reason: string | null = null): WorkSession => ({
  ...waits,
  held: { decision, by, name, reason, at: AT, until: UNTIL },
});
const page = (items: WorkSession[]) => HttpResponse.json({ items, next_cursor: null });

describe("work whose decision is held", () => {
  it.each([
    ["approve", "Approved by A colleague"],
    ["request_changes", "Sent back by A colleague"],
    ["reject", "Rejected by A colleague: Not ours."],
  ] as const)("says in lists by whom and until when: %s", async (decision, words) => {
    server.use(http.get("*/api/work-sessions", () => page([held(decision, "u2", "A colleague", "Not ours."), sessions.find((one) => one.id === "s-report")!])));
    open("/work");
    const row = (await screen.findByText(waits.title)).closest("tr")!;
    expect(within(row).getByText(words)).toBeInTheDocument();
    expect(within(row).getByText(new RegExp(until))).toBeInTheDocument();
    expect(within(row).queryByText("Waiting for you")).not.toBeInTheDocument();
    const other = (await screen.findByText("US renewable electricity in 2023")).closest("tr")!;
    expect(within(other).getByText("Waiting for you")).toBeInTheDocument();
  });

  it("is not among what waits, neither in its count nor in its list, and stands among all", async () => {
    const decided = { ...held("reject", "u2", "A colleague", "Not ours."), id: "s-held", title: "What a colleague rejected" };
    const mine = sessions.filter((one) => one.status === "pending_review" || one.status === "completed");
    server.use(...workHandlers([...mine, decided]));
    const { user } = open("/work");
    const n = mine.filter((one) => one.status === "pending_review").length;
    await screen.findByText(decided.title);
    const tab = await screen.findByRole("radio", { name: `Waiting for you ${n}` });
    await user.click(tab);
    await waitFor(() => expect(screen.getAllByRole("row")).toHaveLength(n + 1));
    expect(screen.queryByText(decided.title)).toBeNull();
    await user.selectOptions(screen.getByRole("combobox"), "check");
    const checks = mine.filter((one) => one.status === "pending_review" && one.agent_type === "check").length;
    expect(await screen.findByRole("radio", { name: `Waiting for you ${checks}` })).toBeChecked();
    await user.selectOptions(screen.getByRole("combobox"), "reporting");
    const reports = mine.filter((one) => one.status === "pending_review" && one.agent_type === "reporting").length;
    expect(await screen.findByRole("radio", { name: `Waiting for you ${reports}` })).toBeChecked();
  });

  it("says it on its own page, and a rejection stands where it stands when it took effect", async () => {
    const show = (session: WorkSession) => server.use(http.get(`*/work-sessions/${waits.id}`, () => HttpResponse.json(session)));
    const at = `/projects/${waits.project_id}/sessions/${waits.id}`;
    const outcome = (words: string) => screen.getAllByText(words).find((one) => one.closest("main"))?.closest("div")?.className;
    show(held("reject", me.id, me.name, "Not ours."));
    open(at);
    expect((await screen.findAllByText("Rejected by Local reviewer: Not ours.")).length).toBe(3); // where it ends, beside it, and at the foot
    expect(within(screen.getByRole("contentinfo", { name: "Decision" })).getByText(until)).toBeInTheDocument();
    expect(screen.queryByText("Waiting for you")).not.toBeInTheDocument();
    const before = outcome("Rejected by Local reviewer: Not ours.");
    expect(before).toBeTruthy();
    cleanup();
    show({ ...waits, status: "failed", checkpoint_id: null, failure: { code: "rejected", message: `Rejected by ${me.name}: Not ours.`, retryable: false } });
    open(at);
    await screen.findAllByText(`Rejected by ${me.name}: Not ours.`);
    expect(outcome(`Rejected by ${me.name}: Not ours.`)).toBe(before);
  });

  it("does not wait for anybody when a colleague signed it", async () => {
    server.use(http.get(`*/work-sessions/${waits.id}`, () => HttpResponse.json(held("approve", "u2", "Ana"))));
    open(`/projects/${waits.project_id}/sessions/${waits.id}`);
    expect((await screen.findAllByText("Approved by Ana")).length).toBe(2);
    expect(screen.queryByText("Waiting for you")).not.toBeInTheDocument();
  });
});
