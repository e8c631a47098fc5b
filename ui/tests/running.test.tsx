import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import { sessions } from "@/mocks/data";
import { stepsOf } from "@/pages/steps";
import { open } from "./app";
import { server } from "./setup";

const event = (seq: number, type: string, data: Record<string, unknown> = {}) => ({ seq, type, at: "2026-11-25T10:00:00Z", data });
const words = (events: ReturnType<typeof event>[]) => stepsOf(events).map((step) => step.words);

describe("the steps of work that was cut off", () => {
  it("say that a worker stopped and another went on, where none of them said why", () => {
    const [step] = stepsOf([event(9, "resumed", { leg: 3, iteration: 1, cut_off: 2 })]);
    expect(step).toMatchObject({ words: "The worker stopped; another went on from here", small: "What was recorded before is kept and not done again." });
  });
  it("say what cut it off, and that it went on", () => {
    const told = [event(8, "interrupted", { leg: 2, code: "database_busy", why: "Somebody else is writing there." }), event(9, "resumed", { leg: 3, iteration: 1, cut_off: 2 })];
    expect(words(told)).toEqual(["Cut off; it goes on by itself", "Went on from here"]);
    expect(stepsOf(told)[0]!.small).toBe("Somebody else is writing there.");
  });
  it("say nothing of it after a decision", () => {
    expect(words([event(9, "resumed", { leg: 2, iteration: 1 })])).toEqual(["Resumed"]);
  });
});

describe("the steps of a decision that came to nothing", () => {
  const said = { void_decision: "reject", by: "Ana", why: "A source that it rests on was deleted." };
  it("say whose it was and why, whatever took it away", () => {
    for (const type of ["superseded", "withdrawn"]) {
      const [step] = stepsOf([event(5, type, said)]);
      expect(step).toMatchObject({ words: "Ana’s rejection did not take effect.", small: said.why });
    }
  });
  it("are not what a packet that changed and a decision taken back are", () => {
    expect(words([event(5, "superseded", { why: "The draft changed." }), event(6, "withdrawn", { by: "Ana" })])).toEqual(["The packet changed", "Decision taken back"]);
  });
});

describe("the steps of a delivery that fails", () => {
  const failed = (seq: number, attempts: number, again: boolean, id = "d") => event(seq, "delivery_failed", { delivery_id: id, kind: "folder", detail: "No room.", attempts, again });
  it("are one line for what it failed of in a row, the latest", () => {
    expect(words([failed(1, 1, true)])).toEqual(["Not delivered yet; it is tried again"]);
    expect(words([failed(1, 1, true), failed(2, 2, true), failed(3, 1, true, "other")])).toEqual(["Not delivered in 2 attempts; it is tried again", "Not delivered yet; it is tried again"]);
    expect(words([failed(1, 9, true), failed(2, 10, false)])).toEqual(["Not delivered: given up"]);
  });
});

describe("work that waits for a worker", () => {
  const session = sessions.find((one) => one.status === "in_progress")!;
  const at = (before: number | null) => {
    server.use(http.get(`*/work-sessions/${session.id}`, () => HttpResponse.json({ ...session, status: "queued", queued_before: before })));
    open(`/projects/${session.project_id}/sessions/${session.id}`);
  };
  it("says how many have their turn before it", async () => {
    at(12);
    expect(await screen.findByText("Waiting for a free worker, 12 before it")).toBeInTheDocument();
  });
  it("counts no farther than the server does", async () => {
    at(1000);
    expect(await screen.findByText("Waiting for a free worker, 1000 or more before it")).toBeInTheDocument();
  });
  it("says only that it waits when it is the next", async () => {
    at(0);
    await waitFor(() => expect(screen.getAllByText("Waiting for a free worker").length).toBeGreaterThan(0));
    expect(screen.queryByText(/before it/)).toBeNull();
    expect(screen.queryByText(/Running for/)).toBeNull();
  });
});
