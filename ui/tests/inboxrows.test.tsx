import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import { tellWaiting } from "@/api/waiting";
import type { CheckpointItem } from "@/api/types";
import { checkpoints, inboxItem, me } from "@/mocks/data";
import { listed } from "@/mocks/inbox";
import { kindsOf } from "@/pages/batchRows";
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

  const until = () => new Date(Date.now() + 60_000).toISOString();
  const signed = (checkpoint_id: string) => ({ checkpoint_id, session_id: "s", done: true, status: "pending_review", approve_pending: true, undo_until: until(), problem: null });
  const back = (checkpoint_id: string) => ({ ...signed(checkpoint_id), approve_pending: false, undo_until: null });
  interface Sent {
    template_id: string;
    items: { checkpoint_id: string; instead_of: string[] }[];
    part: { size: number; before: number };
    undo_seconds: number;
  }
  /** A server that signs what it gets, or what `answer` says. */
  function signer(answer: (body: Sent, n: number) => Response | Promise<Response> = (body) => HttpResponse.json({ items: body.items.map((one) => signed(one.checkpoint_id)) })) {
    const sent: Sent[] = [];
    const keys: (string | null)[] = [];
    server.use(
      http.post("*/api/checkpoints/approve-batch", async ({ request }) => {
        keys.push(request.headers.get("Idempotency-Key"));
        sent.push((await request.json()) as Sent);
        return answer(sent.at(-1)!, sent.length);
      }),
    );
    return { sent, keys };
  }
  const ids = (body: Sent | undefined) => body?.items.map((one) => one.checkpoint_id);

  it("leaves to colleagues what they have in hand, and says so; chosen all the same it names them", async () => {
    const looking = { id: "u2", name: "Ana", until: until() };
    let read = routine(3);
    serve(() => [routine(1), routine(2, { assignee: { id: "u2", name: "Ana" } }), read, routine(4, { assignee: { id: me.id, name: me.name } })]);
    const { sent } = signer();
    const { user } = open("/inbox");
    await screen.findByText("Note 1");
    await user.keyboard("b");
    const box = (n: number) => screen.getByRole("checkbox", { name: new RegExp(`Note ${n}`) });
    await screen.findByText("assigned to Ana");
    expect([1, 2, 3, 4].map((n) => (box(n) as HTMLInputElement).checked)).toEqual([true, false, true, true]);
    expect(screen.getByText("1 is left to a colleague who has it in hand.")).toBeInTheDocument();
    // Somebody opens one of them just now; that it was chosen before is not to pass them over.
    await user.click(box(3));
    await user.click(box(3));
    expect(box(3)).toBeChecked();
    read = routine(3, { lookers: [looking] });
    tellWaiting("s-3", "looked_at");
    await screen.findByText("Ana is reading it");
    expect(box(3)).not.toBeChecked();
    await user.click(box(2));
    expect(screen.getByText(/you sign it in their place/)).toBeInTheDocument();
    // The bar says so too: the row may be out of sight.
    expect(screen.getByText("1 is signed in the place of a colleague who has it in hand. 1 is left to a colleague who has it in hand.")).toBeInTheDocument();
    await user.keyboard("{Control>}{Enter}{/Control}");
    await screen.findByText("3 signed");
    expect(sent.flatMap((body) => body.items.map((one) => [one.checkpoint_id, one.instead_of]))).toEqual([["k-1", []], ["k-2", ["u2"]], ["k-4", []]]);
  });

  it("begins with the keyboard on the first row that would be signed, of each template", async () => {
    const hers = { assignee: { id: "u2", name: "Ana" } };
    serve(() => [routine(1, hers), routine(2, hers), routine(3), routine(4, two), routine(5)]);
    const { sent } = signer();
    const { user } = open("/inbox");
    await screen.findByText("Note 1");
    await user.keyboard("b");
    const row = (n: number) => screen.getByRole("checkbox", { name: new RegExp(`Note ${n}`) }).closest("li");
    await waitFor(() => expect(row(3)).toHaveAttribute("aria-current", "true"));
    expect(row(1)).not.toHaveAttribute("aria-current");
    await user.keyboard("x{Control>}{Enter}{/Control}");
    await screen.findByText("1 signed");
    expect(sent.map(ids)).toEqual([["k-5"]]);
  });

  it("shows each as it is signed, stops between two, and goes on with the others", async () => {
    serve(() => Array.from({ length: 12 }, (_, n) => routine(n)));
    let release = () => {};
    const { sent } = signer(async (body, n) => {
      if (n === 2) await new Promise<void>((done) => (release = done));
      return HttpResponse.json({ items: body.items.map((one) => signed(one.checkpoint_id)) });
    });
    const { user } = open("/inbox");
    await screen.findByText("Note 1");
    await user.keyboard("b");
    await user.click(await screen.findByRole("button", { name: /^Sign 12/ }));
    await waitFor(() => expect(sent).toHaveLength(2));
    expect(await screen.findByText("5 of 12 are through")).toBeInTheDocument();
    expect(screen.getAllByText("Signed by you")).toHaveLength(5);
    expect(screen.getAllByText("Being signed")).toHaveLength(5);
    expect(screen.getAllByText("Waits its turn")).toHaveLength(2);
    await user.keyboard("{Escape}");
    expect(screen.getByText("Stopping after those that are on their way.")).toBeInTheDocument();
    release();
    expect(await screen.findByText("10 signed")).toBeInTheDocument();
    expect(screen.getByText("2 were not sent.")).toBeInTheDocument();
    expect(screen.getAllByText("Not sent.")).toHaveLength(2);
    await user.click(screen.getByRole("checkbox", { name: /Note 11/ }));
    await user.click(screen.getByRole("button", { name: /^Sign the other 1/ }));
    expect(await screen.findByText("11 signed")).toBeInTheDocument();
    expect(sent.map((body) => [body.items.length, body.part])).toEqual([
      [5, { size: 12, before: 0 }],
      [5, { size: 12, before: 5 }],
      [1, { size: 11, before: 10 }],
    ]);
  });

  it("sends again what was not answered, as it was, and then the rest", async () => {
    serve(() => Array.from({ length: 7 }, (_, n) => routine(n)));
    const { sent, keys } = signer((body, n) => (n === 1 ? HttpResponse.error() : HttpResponse.json({ items: body.items.map((one) => signed(one.checkpoint_id)) })));
    const { user } = open("/inbox");
    await screen.findByText("Note 1");
    await user.keyboard("b");
    await user.click(await screen.findByRole("button", { name: /^Sign 7/ }));
    await screen.findByText(/The server could not be reached/);
    expect(screen.getAllByText("Sent, but nobody answered")).toHaveLength(5);
    expect(screen.getByText(/5 were sent and not answered; sent again, each is signed once\. 2 were not sent\./)).toBeInTheDocument();
    // What may have been signed already is not taken out: one key stands for one set.
    expect(screen.getByRole("checkbox", { name: /Note 0/ })).toBeDisabled();
    await user.click(screen.getByRole("button", { name: /^Send these 7 again/ }));
    expect(await screen.findByText("7 signed")).toBeInTheDocument();
    expect(sent.map(ids)).toEqual([ids(sent[0]), ids(sent[0]), ["k-5", "k-6"]]);
    expect(sent[1]).toEqual(sent[0]);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it("says of how many it lists the first, and lists more", async () => {
    const many = Array.from({ length: 201 }, (_, n) => routine(n));
    server.use(
      http.get("*/api/checkpoints", ({ request }) => {
        const query = new URL(request.url).searchParams;
        if (query.get("routine") !== "true") return HttpResponse.json({ ...listed(many, query), total: 500 });
        const second = query.get("cursor") === "more";
        return HttpResponse.json({ ...listed(second ? many.slice(200) : many, query), total: 201, next_cursor: second ? null : "more" });
      }),
    );
    const { user } = open("/inbox");
    await screen.findByText("Note 1");
    await user.keyboard("b");
    expect(await screen.findByText(/200 of 201 that may be routine are listed\./)).toBeInTheDocument();
    expect(screen.getByRole("heading", { name: "299 are read by themselves" })).toBeInTheDocument();
    expect(screen.getByText("100 at most are signed at once; the others after that.")).toBeInTheDocument();
    expect(screen.getAllByRole("checkbox")).toHaveLength(100);
    await user.click(screen.getByRole("button", { name: "List more" }));
    await waitFor(() => expect(screen.queryByText(/that may be routine are listed/)).not.toBeInTheDocument());
    expect(screen.getByRole("radio", { name: "Weekly 201" })).toBeChecked();
  });

  it("leaves space to the control that has the keyboard, and x to the row", async () => {
    serve(() => [routine(1), routine(2)]);
    const { user } = open("/inbox");
    await screen.findByText("Note 1");
    await user.keyboard("b");
    await screen.findByRole("button", { name: /^Sign 2/ });
    await user.keyboard("j");
    expect(screen.getByRole("checkbox", { name: /Note 2/ })).toHaveFocus();
    await user.keyboard(" ");
    expect(screen.getByRole("checkbox", { name: /Note 2/ })).not.toBeChecked();
    await user.keyboard("x");
    expect(screen.getByRole("checkbox", { name: /Note 2/ })).toBeChecked();
    screen.getByRole("button", { name: "Choose none" }).focus();
    await user.keyboard(" ");
    expect(screen.getByRole("checkbox", { name: /Note 2/ })).not.toBeChecked();
    expect(screen.getByRole("checkbox", { name: /Note 1/ })).not.toBeChecked();
  });

  it("signs what is chosen, says what became of each, and takes it back", async () => {
    const alone = routine(4, { batch_exceptions: ["It was asked for otherwise than its template says."] });
    serve(() => [routine(1), routine(2), routine(3), alone]);
    const refused = { type: "", title: "", status: 409, code: "stale_packet", detail: "What you looked at has changed since.", hint: "Look at it.", request_id: "" };
    const { sent } = signer((body) => HttpResponse.json({ items: body.items.map(({ checkpoint_id }, n) => (n === 1 ? { ...back(checkpoint_id), done: false, problem: refused } : signed(checkpoint_id))) }));
    const backs: unknown[] = [];
    server.use(
      http.post("*/api/checkpoints/withdraw-batch", async ({ request }) => {
        const body = (await request.json()) as { checkpoint_ids: string[] };
        backs.push(body);
        return HttpResponse.json({ items: body.checkpoint_ids.map(back) });
      }),
    );
    const { user } = open("/inbox");
    await screen.findByText("Note 1");
    await user.keyboard("b");
    const list = await screen.findByRole("list", { name: "What would be signed" });
    expect(within(list).getAllByRole("checkbox")).toHaveLength(3);
    expect(screen.getByText("1 is read by itself")).toBeInTheDocument();
    expect(screen.getByText("It was asked for otherwise than its template says.")).toBeInTheDocument();
    await user.keyboard("jjx");
    expect(screen.getByRole("button", { name: "Sign 2 and save them" })).toBeInTheDocument();
    await user.keyboard("{Control>}{Enter}{/Control}");
    expect(await screen.findByText("1 signed")).toBeInTheDocument();
    expect(sent.map((one) => [one.template_id, ids(one), one.undo_seconds])).toEqual([["t1", ["k-1", "k-2"], 6]]);
    expect(screen.getByText(/What you looked at has changed since\. Look at it\./)).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "Read it: Note 2" })).toHaveAttribute("href", "/review/k-2");
    expect(screen.getByText("1 was left as it is; it says why.")).toBeInTheDocument();
    await user.keyboard("u");
    expect(await screen.findByText("Taken back, waits again")).toBeInTheDocument();
    expect(backs).toEqual([{ checkpoint_ids: ["k-1"] }]);
    expect(screen.getByText("Nothing of it was released. It waits in the inbox again.")).toBeInTheDocument();
    await user.keyboard("{Escape}");
    expect(await screen.findByRole("table")).toBeInTheDocument();
  });

  it("counts what is not routine the same after some were signed", async () => {
    const away = [4, 5, 6, 7, 8].map((n) => routine(n, { risk: "high" }));
    const done = new Set<string>();
    server.use(
      http.get("*/api/checkpoints", ({ request }) => {
        const query = new URL(request.url).searchParams;
        const waiting = [routine(1), routine(2), routine(3), ...away].filter((item) => !done.has(item.id));
        return HttpResponse.json(listed(query.get("routine") === "true" ? waiting.filter((item) => item.risk === "low") : waiting, query));
      }),
    );
    signer((body) => {
      for (const { checkpoint_id } of body.items) done.add(checkpoint_id);
      return HttpResponse.json({ items: body.items.map(({ checkpoint_id }) => signed(checkpoint_id)) });
    });
    const { user, client } = open("/inbox");
    await screen.findByText("Note 1");
    await user.keyboard("b");
    expect(await screen.findByText("5 more in the inbox are not routine.")).toBeInTheDocument();
    await user.keyboard("{Control>}{Enter}{/Control}");
    expect(await screen.findByText("3 signed")).toBeInTheDocument();
    await waitFor(() => expect(client.isFetching()).toBe(0));
    expect(screen.getByText("5 more in the inbox are not routine.")).toBeInTheDocument();
  });

  it("takes back once when that answer was lost", async () => {
    serve(() => [routine(1)]);
    signer();
    const keys: (string | null)[] = [];
    server.use(
      http.post("*/api/checkpoints/withdraw-batch", ({ request }) => {
        keys.push(request.headers.get("Idempotency-Key"));
        return keys.length === 1 ? HttpResponse.error() : HttpResponse.json({ items: [back("k-1")] });
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

describe("what was decided", () => {
  const decided = (n: number, decision: CheckpointItem["decision"], extra: Partial<CheckpointItem> = {}) => item(n, { status: "approved", decision, decided_at: `2026-01-02T00:00:${String(59 - n).padStart(2, "0")}Z`, ...extra });
  const by = (name: string | null, id: string | null = "u2") => ({ by: id, name: name ?? "policy", at: "" });
  const all = () => [
    decided(1, { decision: "approve", ...by("Ana"), batch: { announced: 12, instead_of: [{ id: "u3", name: "Ben", as: "reader" }] } }),
    decided(2, { decision: "reject", ...by(me.name, me.id), reason: "Wrong bridge." }, { status: "rejected" }),
    decided(3, { decision: "request_changes", ...by("Ana") }, { status: "changes_requested" }),
    decided(4, { decision: "approve", ...by(null, null) }),
  ];

  function history(items: () => CheckpointItem[]) {
    const asked: URLSearchParams[] = [];
    server.use(
      http.get("*/api/checkpoints", ({ request }) => {
        const query = new URL(request.url).searchParams;
        if (query.get("status") !== "decided") return HttpResponse.json(listed([], query));
        asked.push(query);
        const from = Number(query.get("cursor") ?? 0);
        const size = query.get("limit") === "1" ? 1 : 3;
        const shown = items().slice(from, from + size);
        return HttpResponse.json({ items: shown, next_cursor: from + size < items().length ? String(from + size) : null, total: null, offset: null, position: null, effort_seconds: null, batch_most: 100 });
      }),
    );
    return asked;
  }

  it("is a list, newest first, that says who said what, a page at a time", async () => {
    history(all);
    const { user, router } = open("/inbox?whose=decided");
    await screen.findByText("Approved by Ana");
    expect(screen.getByText("signed unread; 12 were chosen, in the place of Ben")).toBeInTheDocument();
    expect(screen.getByText("Rejected by you: Wrong bridge.")).toBeInTheDocument();
    expect(screen.getByText("Changes asked by Ana")).toBeInTheDocument();
    // The next page comes as its end comes near.
    await user.keyboard("j");
    expect(screen.getByRole("link", { name: "Note 2" })).toHaveFocus();
    expect(await screen.findByText("Approved by policy")).toBeInTheDocument();
    await user.keyboard("{End}");
    expect(screen.getByRole("link", { name: "Note 4" })).toHaveFocus();
    await user.keyboard("{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toBe("/review/k-4"));
  });

  it("is filtered by what was said, by whom and where, in the address", async () => {
    const asked = history(all);
    const { user, router } = open("/inbox?whose=mine&risk=high&find=note");
    await user.click(await screen.findByRole("radio", { name: "Decided" }));
    await screen.findByText("Approved by Ana");
    expect(router.state.location.search).toEqual({ whose: "decided", find: "note" });
    await user.selectOptions(screen.getByRole("combobox", { name: "Decision" }), "Rejected");
    await user.selectOptions(screen.getByRole("combobox", { name: "Decided by" }), "Me");
    await waitFor(() => expect(router.state.location.search).toEqual({ whose: "decided", find: "note", said: "reject", by: "me" }));
    await waitFor(() => expect(asked.at(-1)?.get("decided_by")).toBe("me"));
    const last = asked.at(-1)!;
    expect([last.get("decision"), last.get("sort"), last.get("q")]).toEqual(["reject", "-decided_at", "note"]);
    await user.click(screen.getByRole("button", { name: "Clear" }));
    await waitFor(() => expect(router.state.location.search).toEqual({ whose: "decided" }));
  });

  it("moves for nobody: what is decided meanwhile waits until it is asked for", async () => {
    let now = all().slice(1);
    history(() => now);
    const { user } = open("/inbox?whose=decided");
    await screen.findByText("Rejected by you: Wrong bridge.");
    now = all();
    tellWaiting("s-1", "decided");
    await screen.findByRole("button", { name: /There are newer decisions/ });
    expect(screen.queryByText("Approved by Ana")).not.toBeInTheDocument();
    await user.keyboard(".");
    expect(await screen.findByText("Approved by Ana")).toBeInTheDocument();
  });

  it("may be nothing, or fail", async () => {
    history(() => []);
    const { user } = open("/inbox?whose=decided");
    await screen.findByText("Nothing was decided yet.");
    await user.selectOptions(screen.getByRole("combobox", { name: "Decision" }), "Rejected");
    await screen.findByText("Nothing that was decided is like that.");
    server.use(http.get("*/api/checkpoints", () => HttpResponse.json({ code: "validation_error", detail: "Not so." }, { status: 422 })));
    await user.selectOptions(screen.getByRole("combobox", { name: "Decision" }), "Approved");
    expect(await screen.findByText("What was decided could not be read")).toBeInTheDocument();
  });
});

describe("going through the inbox by keys", () => {
  it("stands on the row with the keyboard, filters with it, and goes back to the row", async () => {
    serve(() => [item(1), item(2), item(3)]);
    const { user, router } = open("/inbox");
    await screen.findByText("Note 1");
    await user.keyboard("j");
    expect(screen.getByRole("link", { name: "Note 2" })).toHaveFocus();
    await user.keyboard("f");
    expect(screen.getByRole("combobox", { name: "Order" })).toHaveFocus();
    await user.keyboard("{Escape}");
    expect(screen.getByRole("link", { name: "Note 2" })).toHaveFocus();
    await user.keyboard("/x{Escape}");
    expect(screen.getByLabelText("Find by title or project")).toHaveValue("");
    await waitFor(() => expect(screen.getByRole("link", { name: "Note 2" })).toHaveFocus());
    await user.keyboard("3");
    await waitFor(() => expect(router.state.location.search).toEqual({ whose: "unassigned" }));
    await user.keyboard("1");
    await waitFor(() => expect(router.state.location.search).toEqual({}));
    await screen.findByRole("row", { current: true });
    await user.keyboard("{Home}{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toBe("/review/k-1"));
    router.history.back();
    await waitFor(() => expect(screen.getByRole("link", { name: "Note 1" })).toHaveFocus());
  });

  it("goes on while a key is held down, and decides nothing so", async () => {
    serve(() => [item(1), item(2), item(3)]);
    const { user } = open("/inbox");
    await screen.findByText("Note 1");
    await user.keyboard("{j>3/}");
    expect(screen.getByRole("link", { name: "Note 3" })).toHaveFocus();
  });

  it("names a row in one sentence", async () => {
    serve(() => [item(1, { risk: "high", headline: "Number differs", flags: [], summary: { claims: 3, needs_you: 0, passed: 3, opinions: 0 }, reasons: ["final"] })]);
    open("/inbox");
    expect(await screen.findByRole("row", { name: "Note 1, none of 3, Number differs, high risk, for anyone" })).toBeInTheDocument();
  });
});
