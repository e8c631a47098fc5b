import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import { tellWaiting } from "@/api/waiting";
import type { CheckpointItem } from "@/api/types";
import { checkpoints, inboxItem, me } from "@/mocks/data";
import { listed } from "@/mocks/inbox";
import { kindsOf } from "@/pages/InboxBatch";
import { needOf } from "@/review/Queue";
import { open } from "./app";
import { server } from "./setup";

const item = (n: number, extra: Partial<CheckpointItem> = {}): CheckpointItem => ({
  ...inboxItem(checkpoints[0]!), id: `k-${n}`, session_id: `s-${n}`, session_title: `Note ${n}`, due_at: null, begin_by: `2026-01-01T00:00:${String(n % 60).padStart(2, "0")}Z`, ...extra,
});
const routine = (n: number, extra: Partial<CheckpointItem> = {}) =>
  item(n, { risk: "low", template_id: "t1", template_name: "Weekly", batch_exceptions: [], flags: [], summary: { claims: 3, needs_you: 0, passed: 3, opinions: 0 }, ...extra });

/** A server whose list is `items()` now; counts what was asked for. */
function serve(items: () => CheckpointItem[], all: () => CheckpointItem[] = items) {
  const asked: URLSearchParams[] = [];
  server.use(
    http.get("*/api/checkpoints", ({ request }) => {
      const query = new URL(request.url).searchParams;
      asked.push(query);
      const sessions = query.getAll("session_id");
      const from = query.get("status") === "any" ? all() : items();
      return HttpResponse.json(listed(sessions.length > 0 ? from.filter((one) => sessions.includes(one.session_id)) : from, query));
    }),
  );
  return asked;
}

describe("a long inbox", () => {
  it("reads and draws only what is seen, of ten thousand", async () => {
    const many = Array.from({ length: 10_000 }, (_, n) => item(n));
    const asked = serve(() => many);
    const { user } = open("/inbox");
    await screen.findByText("10,000 wait for you");
    await screen.findByText("Note 0");
    expect(screen.getAllByRole("row").length).toBeLessThan(40);
    expect(screen.getByRole("table")).toHaveAttribute("aria-rowcount", "10001");
    await user.keyboard("{PageDown}j");
    expect(screen.getByRole("row", { current: true })).toHaveAttribute("aria-rowindex", "15");
    const pages = asked.filter((query) => query.get("limit") === "100").map((query) => query.get("start"));
    expect(new Set(pages)).toEqual(new Set(["0"]));
    expect(asked.every((query) => Number(query.get("limit")) <= 100)).toBe(true);
  });

  it("keeps the place of what somebody decides, and asks for no more than that row", async () => {
    let now = [item(1), item(2), item(3)];
    const decided = item(2, { status: "approved", decision: { decision: "approve", by: "u2", name: "Ana", at: "" } });
    const asked = serve(() => now, () => [item(1), decided, item(3)]);
    const { user } = open("/inbox");
    await screen.findByText("Note 2");
    await user.hover(screen.getByRole("row", { name: /Note 3/ }));
    now = [item(1), item(3, { session_title: "Note 3, renamed" }), item(4)];
    const before = asked.length;
    tellWaiting("s-2", "decided");
    tellWaiting("s-3", "checkpoint_changed");
    tellWaiting("s-4", "checkpoint_opened");
    tellWaiting("s-9", "progress");
    expect(await screen.findByText("Signed by Ana")).toBeInTheDocument();
    expect(screen.getByText("Note 3, renamed")).toBeInTheDocument();
    expect(screen.queryByText("Note 4")).not.toBeInTheDocument();
    expect(screen.getAllByRole("row").map((row) => row.getAttribute("aria-rowindex"))).toEqual(["1", "2", "3", "4"]);
    expect(asked.slice(before).map((query) => query.getAll("session_id"))).toEqual([["s-2", "s-3", "s-4"], ["s-2"]]);
    await user.keyboard("m"); // what is gone is given to nobody; the first row still is
    await user.keyboard("{Escape}");
    await user.click(screen.getByRole("button", { name: "2 changes. Show them now" }));
    await screen.findByText("Note 4");
    expect(screen.queryByText("Signed by Ana")).not.toBeInTheDocument();
  });

  it("takes no row for gone because too many changed at once", async () => {
    const many = Array.from({ length: 230 }, (_, n) => item(n));
    const asked = serve(() => many);
    const { user } = open("/inbox");
    await screen.findByText("Note 0");
    await user.hover(screen.getByRole("row", { name: /Note 0/ }));
    const before = asked.length;
    for (const one of many.toReversed()) tellWaiting(one.session_id, "looked_at");
    await screen.findByRole("button", { name: /Show (it|them) now/ });
    expect(screen.queryByText("Not here any more")).not.toBeInTheDocument();
    expect(document.querySelector("[data-gone]")).toBeNull();
    expect(asked.slice(before).flatMap((query) => query.getAll("session_id"))).toEqual([]);
  });

  it("says what a narrow view holds, and clears it", async () => {
    const asked = serve(() => [item(1)]);
    const { user, router } = open("/inbox?risk=high&stop=final&order=risk");
    await screen.findByText("1 of them is here.");
    const list = asked.find((query) => query.get("limit") === "100")!;
    expect([list.get("risk"), list.get("reason"), list.get("sort"), list.get("held")]).toEqual(["high", "final", "risk", "false"]);
    await user.selectOptions(screen.getByLabelText("Risk"), "Low");
    await waitFor(() => expect(router.state.location.search).toEqual({ risk: "low", stop: "final", order: "risk" }));
    await user.click(screen.getByRole("button", { name: "Clear" }));
    await waitFor(() => expect(router.state.location.search).toEqual({ order: "risk" }));
  });
});

describe("what a row says of what needs the reader", () => {
  it("is no tick where no claim is flagged and it stopped all the same", () => {
    const summary = { claims: 21, passed: 15, opinions: 6, needs_you: 0 };
    expect(needOf(item(1, { summary, flags: [], reasons: ["final", "high_impact"] }))).toMatchObject({ shape: "stop", words: "needs a look" });
    expect(needOf(item(1, { summary, flags: [], reasons: ["final"] }))).toMatchObject({ shape: "supported", words: "none of 21" });
  });
});

describe("signing routine work together", () => {
  const two = { template_id: "t2", template_name: "Monthly" };
  it("goes by template, the largest first, each in the order of the inbox", () => {
    const kinds = kindsOf([routine(1, two), routine(3), routine(2), item(4), routine(5, { batch_exceptions: ["It needs 2 signatures."] })]);
    expect(kinds.map((kind) => [kind.name, kind.items.map((one) => one.id)])).toEqual([
      ["Weekly", ["k-2", "k-3"]],
      ["Monthly", ["k-1"]],
    ]);
  });

  it("signs what is chosen, says what became of each, and takes it back", async () => {
    const alone = item(4, { batch_exceptions: ["It did not start from a template."], template_id: null });
    serve(() => [routine(1), routine(2), routine(3), alone]);
    const sent: { template_id: string; items: { checkpoint_id: string }[]; undo_seconds: number }[] = [];
    const backs: unknown[] = [];
    const until = new Date(Date.now() + 60_000).toISOString();
    const refused = { type: "", title: "", status: 409, code: "stale_packet", detail: "What you looked at has changed since.", hint: "Open it.", request_id: "" };
    server.use(
      http.post("*/api/checkpoints/approve-batch", async ({ request }) => {
        expect(request.headers.get("Idempotency-Key")).toBeTruthy();
        sent.push((await request.json()) as (typeof sent)[number]);
        return HttpResponse.json({
          items: sent[0]!.items.map(({ checkpoint_id }, n) =>
            n === 1
              ? { checkpoint_id, session_id: null, done: false, status: null, approve_pending: false, undo_until: null, problem: refused }
              : { checkpoint_id, session_id: "s", done: true, status: "pending_review", approve_pending: true, undo_until: until, problem: null },
          ),
        });
      }),
      http.post("*/api/checkpoints/withdraw-batch", async ({ request }) => {
        const body = (await request.json()) as { checkpoint_ids: string[] };
        backs.push(body);
        return HttpResponse.json({ items: body.checkpoint_ids.map((checkpoint_id) => ({ checkpoint_id, session_id: "s", done: true, status: "pending_review", approve_pending: false, undo_until: null, problem: null })) });
      }),
    );
    const { user } = open("/inbox");
    await screen.findByText("Note 1");
    await user.keyboard("b");
    const list = await screen.findByRole("list", { name: "What would be signed" });
    expect(within(list).getAllByRole("checkbox")).toHaveLength(3);
    expect(screen.getByText("1 is read by itself")).toBeInTheDocument();
    expect(screen.getByText("It did not start from a template.")).toBeInTheDocument();
    await user.keyboard("jj ");
    expect(screen.getByRole("button", { name: "Sign 2 and save them" })).toBeInTheDocument();
    await user.keyboard("{Control>}{Enter}{/Control}");
    expect(await screen.findByText("1 signed")).toBeInTheDocument();
    expect(sent.map((one) => [one.template_id, one.items.map((i) => i.checkpoint_id), one.undo_seconds])).toEqual([["t1", ["k-1", "k-2"], 6]]);
    expect(screen.getByText(/What you looked at has changed since\. Open it\./)).toBeInTheDocument();
    expect(screen.getByText("1 was left as it is; it says why.")).toBeInTheDocument();
    await user.keyboard("u");
    expect(await screen.findByText("Taken back, waits again")).toBeInTheDocument();
    expect(backs).toEqual([{ checkpoint_ids: ["k-1"] }]);
    expect(screen.getByText("Nothing of it was released. It waits in the inbox again.")).toBeInTheDocument();
    await user.keyboard("{Escape}");
    expect(await screen.findByRole("table")).toBeInTheDocument();
    expect(me.id).toBe("u1");
  });

  it("sends nothing twice when the answer was lost", async () => {
    serve(() => [routine(1)]);
    const keys: (string | null)[] = [];
    server.use(
      http.post("*/api/checkpoints/approve-batch", ({ request }) => {
        keys.push(request.headers.get("Idempotency-Key"));
        return HttpResponse.error();
      }),
    );
    const { user } = open("/inbox");
    await screen.findByText("Note 1");
    await user.keyboard("b");
    await screen.findByRole("button", { name: "Sign 1 and save it" });
    for (let n = 1; n <= 2; n += 1) {
      await user.click(screen.getByRole("button", { name: "Sign 1 and save it" }));
      await screen.findByText(/The server could not be reached/);
      await waitFor(() => expect(keys).toHaveLength(n));
    }
    expect(new Set(keys).size).toBe(1);
    // What may have been signed already is not taken out: one key stands for one set.
    expect(screen.getByRole("checkbox", { name: /Note 1/ })).toBeDisabled();
    await user.keyboard(" ");
    expect(screen.getByRole("checkbox", { name: /Note 1/ })).toBeChecked();
  });

  it("takes back once when that answer was lost", async () => {
    serve(() => [routine(1)]);
    const keys: (string | null)[] = [];
    const until = new Date(Date.now() + 60_000).toISOString();
    const one = { checkpoint_id: "k-1", session_id: "s", done: true, status: "pending_review", approve_pending: true, undo_until: until, problem: null };
    server.use(
      http.post("*/api/checkpoints/approve-batch", () => HttpResponse.json({ items: [one] })),
      http.post("*/api/checkpoints/withdraw-batch", ({ request }) => {
        keys.push(request.headers.get("Idempotency-Key"));
        return keys.length === 1 ? HttpResponse.error() : HttpResponse.json({ items: [{ ...one, approve_pending: false, undo_until: null }] });
      }),
    );
    const { user } = open("/inbox");
    await screen.findByText("Note 1");
    await user.keyboard("b");
    await user.click(await screen.findByRole("button", { name: "Sign 1 and save it" }));
    await screen.findByText("1 signed");
    await user.keyboard("u");
    await screen.findByText(/The server could not be reached/);
    await user.keyboard("u");
    await screen.findByText("Taken back, waits again");
    expect(keys[0]).toBeTruthy();
    expect(keys[1]).toBe(keys[0]);
  });
});
