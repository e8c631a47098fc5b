import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import { touched } from "@/api/live";
import { sessions } from "@/mocks/data";
import { open } from "./app";
import { server } from "./setup";

const dead = {
  id: "d9", session_id: "s-last", session_title: "Wind in 2022", project_id: "p-report", kind: "folder", target: { kind: "folder", path: "/press" },
  status: "failed", detail: "The disk of /press is full.", attempts: 10, being_made: false, due_at: null, delivered_at: null,
};

describe("what could not be delivered", () => {
  it("is a quiet line of the inbox that leads to the work", async () => {
    server.use(http.get("*/api/deliveries", () => HttpResponse.json({ items: [dead], next_cursor: null })));
    open("/inbox");
    expect(await screen.findByText(/1 signed result could not be delivered/)).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "Wind in 2022" })).toHaveAttribute("href", "/projects/p-report/sessions/s-last");
  });
  it("is no line when all was delivered", async () => {
    open("/inbox");
    await screen.findByText("4 wait for you");
    expect(screen.queryByText(/could not be delivered/)).toBeNull();
  });
  it("says why on the page of its session, and is sent again or dropped there", async () => {
    const session = sessions.find((s) => s.id === "s-last")!;
    let status = "failed";
    const asked: string[] = [];
    server.use(
      http.get("*/work-sessions/s-last", () => HttpResponse.json({ ...session, deliveries: [{ ...dead, status, detail: status === "failed" ? dead.detail : "note.md" }] })),
      http.post("*/api/deliveries/d9/:verb", ({ params }) => {
        asked.push(String(params["verb"]));
        status = "delivered";
        return HttpResponse.json({ ...dead, status });
      }),
    );
    const { user } = open("/projects/p-report/sessions/s-last");
    expect(await screen.findByText(/The disk of \/press is full/)).toBeInTheDocument();
    expect(screen.getByText("It could not be delivered. Above it says why.")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Do not deliver it" })).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Send again now" }));
    await waitFor(() => expect(screen.queryByRole("button", { name: "Send again now" })).toBeNull());
    expect(asked).toEqual(["resend"]);
  });
  it("says of one that waits for its next attempt that it is tried again by itself", async () => {
    const session = sessions.find((s) => s.id === "s-last")!;
    const waits = { ...dead, status: "pending", attempts: 3, due_at: "2026-11-25T10:00:00Z" };
    server.use(http.get("*/work-sessions/s-last", () => HttpResponse.json({ ...session, deliveries: [waits] })));
    open("/projects/p-report/sessions/s-last");
    expect(await screen.findByText("It could not be delivered yet, and is tried again by itself.")).toBeInTheDocument();
    const line = screen.getByText(/The disk of \/press is full\./);
    expect(line.textContent).toMatch(/Tried 3 times, next/);
    expect(line.textContent!.match(/\/press/g), "the folder is named once").toHaveLength(1);
  });
  it("is asked for again when a delivery is told of", () => {
    const keys = (type: string) => touched("session", { project_id: "p", session_id: "s", type }).map(String);
    for (const type of ["delivered", "delivery_failed", "delivery_resent", "delivery_dropped"]) expect(keys(type)).toContain("deliveries");
  });
});
