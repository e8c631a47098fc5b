import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import type { Artifact, Policy } from "@/api/types";
import type { Template } from "@/api/work";
import { agents, artifacts, sessions } from "@/mocks/data";
import { problem } from "@/mocks/answers";
import { workHandlers } from "@/mocks/work";
import { aheadOf, noteOf, workSteps } from "@/newwork/will";
import { folderProblem } from "@/newwork/request";
import { stepsOf } from "@/pages/steps";
import { figuresOf, orderBy, plainText } from "@/session/figures";
import { ledgerOf } from "@/session/ledger";
import { open } from "./app";
import { server } from "./setup";

const event = (seq: number, type: string, data: Record<string, unknown> = {}) => ({ seq, type, at: "2026-11-25T10:00:00Z", data });
const page = <T,>(items: T[]) => HttpResponse.json({ items, next_cursor: null });

describe("the lists of work", () => {
  it("say how much runs, waits and is done, and filter by it", async () => {
    const { router, user } = open("/work");
    const running = await screen.findByRole("radio", { name: /^Running/ });
    expect((await screen.findAllByRole("row")).length).toBe(sessions.length + 1);
    await user.click(running);
    await waitFor(() => expect(router.state.location.search).toEqual({ state: "running" }));
    const left = sessions.filter((one) => one.status === "in_progress" || one.status === "queued");
    await waitFor(() => expect(screen.getAllByRole("row")).toHaveLength(left.length + 1));
  });
  it("find by title, say when nothing fits, and show all again", async () => {
    const { user } = open("/work");
    await user.type(await screen.findByLabelText("Find by title"), "zebra");
    expect(await screen.findByText("Nothing here fits.")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Show all" }));
    expect((await screen.findAllByRole("row")).length).toBe(sessions.length + 1);
  });
  it("fetch the next page when it is asked for", async () => {
    const many = Array.from({ length: 70 }, (_, i) => ({ ...sessions[0]!, id: `m-${i}`, title: `Piece ${i}` }));
    server.use(
      http.get("*/api/work-sessions", ({ request }) => {
        const from = Number(new URL(request.url).searchParams.get("cursor") ?? 0);
        return HttpResponse.json({ items: many.slice(from, from + 50), next_cursor: from === 0 ? "50" : null });
      }),
    );
    const { user } = open("/work");
    expect(await screen.findByText("Piece 49")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Show more" }));
    expect(await screen.findByText("Piece 69")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Show more" })).toBeNull();
  });
  it("say what to do where there is no work", async () => {
    open("/projects/p-yours");
    expect(await screen.findByText(/No work yet\. Add sources/)).toBeInTheDocument();
  });
});

describe("a check that runs", () => {
  const told = (seq: number, done: number, from: number, verdicts: string[]) =>
    event(seq, "progress", {
      done, total: 5, label: "claims compared", needs_you: verdicts.filter((v) => v !== "supported").length,
      claims: verdicts.map((verdict, i) => ({ n: from + i, text: `Sentence ${from + i}.`, verdict, needs_you: verdict !== "supported" })),
    });
  it("adds up what its history tells, and begins anew when it was begun anew", () => {
    const first = [event(1, "leg_started"), told(2, 2, 1, ["supported", "unsupported"]), told(3, 3, 3, ["uncited"])];
    expect(ledgerOf(first)).toMatchObject({ done: 3, total: 5, needs: 2 });
    expect(ledgerOf(first).claims.map((claim) => claim.n)).toEqual([1, 2, 3]);
    expect(ledgerOf([...first, told(4, 1, 1, ["supported"])])).toMatchObject({ done: 1, needs: 0, claims: [{ n: 1 }] });
    expect(ledgerOf([event(1, "progress", { done: 3, total: 5, label: "findings" })]).total).toBe(0);
  });
  it("shows each claim with its verdict in the place that was kept for it", async () => {
    const filed = { ...sessions[0]!, status: "in_progress", checkpoint_id: null, progress: { done: 3, total: 5, label: "claims compared" } };
    server.use(
      http.get("*/work-sessions/s-check", () => HttpResponse.json(filed)),
      http.get("*/work-sessions/s-check/events", () => page([told(2, 2, 1, ["supported", "unsupported"]), told(3, 3, 3, ["uncited"])])),
    );
    open("/projects/p-check/sessions/s-check");
    const ledger = await screen.findByRole("list", { name: "Claims and how they came out" });
    expect((await within(ledger).findAllByRole("listitem")).map((row) => row.textContent)).toEqual([
      expect.stringContaining("Passed automatic checks"), expect.stringContaining("Unsupported"), expect.stringContaining("Uncited"),
    ]);
    expect(screen.getByText("3 of 5 compared")).toBeInTheDocument();
    expect(screen.getByRole("img", { name: "3 of 5 claims compared" }).children).toHaveLength(5);
  });
});

describe("templates", () => {
  it("are saved from the form, start the next one, and are updated and removed", async () => {
    let body: Record<string, unknown> = {};
    const { router, user } = open("/projects/p-check/new?agent=research");
    await user.type(await screen.findByLabelText("Question"), "Why was it lost?");
    await user.click(screen.getByLabelText("Thorough"));
    await user.click(screen.getByRole("button", { name: "Save as template" }));
    await user.type(screen.getByLabelText("Name of the template"), "Losses{Enter}");
    expect(await screen.findByText("“Losses” is saved.")).toBeInTheDocument();
    await waitFor(() => expect(router.state.location.search).toEqual({ agent: "research", template: "t-0" }));

    await user.click(screen.getByRole("radio", { name: /^Content/ }));
    await user.click(await screen.findByRole("button", { name: /^Losses/ }));
    await waitFor(() => expect(screen.getByLabelText("Question")).toHaveValue("Why was it lost?"));
    expect(screen.getByLabelText("Thorough")).toBeChecked();
    expect(screen.getByText(/^Filled in from “Losses”/)).toBeInTheDocument();

    await user.clear(screen.getByLabelText("Most findings"));
    await user.type(screen.getByLabelText("Most findings"), "3");
    await user.click(await screen.findByRole("button", { name: "Update it" }));
    expect(await screen.findByText("“Losses” is updated.")).toBeInTheDocument();
    expect(screen.getByLabelText("Most findings")).toHaveValue("3");

    server.events.on("request:start", ({ request }) => {
      if (request.method === "POST") void request.clone().json().then((json) => (body = json as typeof body));
    });
    await user.click(screen.getByRole("button", { name: "Remove the template" }));
    await user.click(screen.getByRole("button", { name: "Remove “Losses”" }));
    await waitFor(() => expect(screen.queryByRole("button", { name: /^Losses/ })).toBeNull());
    expect(screen.getByLabelText("Question")).toHaveValue("Why was it lost?");
    await user.click(screen.getByRole("button", { name: "Save without starting" }));
    await waitFor(() => expect(router.state.location.pathname).toMatch(/\/sessions\//));
    expect(body).toMatchObject({ auto_execute: false, task_description: "Why was it lost?" });
  });
  it("that somebody changed meanwhile say what, and leave what was typed alone", async () => {
    const saved: Template = {
      id: "t-1", project_id: "p-check", name: "Weekly", agent_type: "research", content: { agent_type: "research", task_description: "What is new?" },
      version: 1, changed_by: null, created_at: "2026-11-01T10:00:00Z", updated_at: "2026-11-01T10:00:00Z", uses: 0, last_used_at: null, last_time: null,
    };
    server.use(...workHandlers([], [saved]));
    const { client, user } = open("/projects/p-check/new?agent=research&template=t-1");
    const question = await screen.findByLabelText("Question");
    await waitFor(() => expect(question).toHaveValue("What is new?"));
    await user.type(question, " Mine.");
    const theirs = { agent_type: "research", task_description: "What is new in law?", budget: { usd: 2 } };
    Object.assign(saved, { content: theirs, version: 2, changed_by: "Ada", updated_at: new Date().toISOString() });
    await user.click(await screen.findByRole("button", { name: "Update it" }));
    expect(await screen.findByText(/^Ada changed “Weekly” today .*: the task, the budget\. What you typed is still here\.$/)).toBeInTheDocument();
    expect(question).toHaveValue("What is new? Mine.");
    expect(saved.content.task_description).toBe("What is new in law?");
    await user.click(screen.getByRole("button", { name: "Take what they saved" }));
    await waitFor(() => expect(question).toHaveValue("What is new in law?"));

    await user.type(question, " Mine.");
    Object.assign(saved, { name: "Law", version: 3 });
    await client.invalidateQueries({ queryKey: ["templates"] });
    expect(await screen.findByText(/: the name\. What you typed is still here/)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Update it with what is here" }));
    expect(await screen.findByText("“Law” is updated.")).toBeInTheDocument();
    expect(saved).toMatchObject({ version: 4, content: { task_description: "What is new in law? Mine." } });
  });
  it("are filed as they were shown, or not at all: the reader chooses", async () => {
    const saved: Template = {
      id: "t-1", project_id: "p-check", name: "Weekly", agent_type: "research", content: { agent_type: "research", task_description: "What is new?" },
      version: 1, changed_by: null, created_at: "2026-11-01T10:00:00Z", updated_at: "2026-11-01T10:00:00Z", uses: 0, last_used_at: null, last_time: null,
    };
    const kept = [saved];
    const bodies: Record<string, unknown>[] = [];
    const removed = () => problem(409, "template_removed", "Ada removed the template “Weekly” meanwhile. Nothing was written.");
    const filed = http.post("*/projects/:pid/work-sessions", async ({ request }) => {
      const body = (await request.clone().json()) as Record<string, unknown>;
      bodies.push(body);
      if (body["template_id"] === undefined) return undefined;
      if (kept.length === 0) return removed();
      return body["template_version"] === saved.version ? undefined : problem(409, "template_changed", "Ada changed the template “Weekly” meanwhile. Nothing was written.");
    });
    server.use(...workHandlers([], kept));
    server.use(filed);
    const { router, user } = open("/projects/p-check/new?agent=research&template=t-1");
    const question = await screen.findByLabelText("Question");
    await waitFor(() => expect(question).toHaveValue("What is new?"));
    Object.assign(saved, { content: { ...saved.content, task_description: "What is new in law?" }, version: 2, changed_by: "Ada", updated_at: new Date().toISOString() });
    await user.click(screen.getByRole("button", { name: "Save without starting" }));
    expect(await screen.findByText(/^Ada changed “Weekly” today .*: the task\. What is shown here is as it was before\.$/)).toBeInTheDocument();
    expect(screen.getByText("Its template is not as it was shown. Choose above what to go on with.")).toBeInTheDocument();
    // Nothing is written over by itself.
    expect(question).toHaveValue("What is new?");
    await user.click(screen.getByRole("button", { name: "Take what they saved" }));
    await waitFor(() => expect(question).toHaveValue("What is new in law?"));
    expect(screen.queryByText(/Choose above/)).toBeNull();

    kept.pop();
    await user.type(question, " Mine.");
    await user.click(screen.getByRole("button", { name: "Save without starting" }));
    expect(await screen.findByText(/^Ada removed the template “Weekly” meanwhile\. Nothing was written\. What you typed is still here\.$/)).toBeInTheDocument();
    expect(question).toHaveValue("What is new in law? Mine.");
    await user.click(screen.getByRole("button", { name: "Go on with what is shown" }));
    expect(screen.getByText(/does not count as work of “Weekly”/)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Save without starting" }));
    await waitFor(() => expect(router.state.location.pathname).toMatch(/\/sessions\//));
    expect(bodies.map((body) => [body["template_id"], body["template_version"], body["task_description"]])).toEqual([
      ["t-1", 1, "What is new?"],
      ["t-1", 2, "What is new in law? Mine."],
      [undefined, undefined, "What is new in law? Mine."],
    ]);
  });
  it("are not saved while the form is wrong, and the server's complaint stands beside the name", async () => {
    server.use(http.post("*/projects/:pid/templates", () => problem(422, "name_invalid", "A name has 1 to 200 characters.")));
    const { user } = open("/projects/p-check/new?agent=research");
    await user.clear(await screen.findByLabelText("Most findings"));
    await user.type(screen.getByLabelText("Most findings"), "99");
    await user.click(screen.getByRole("button", { name: "Save as template" }));
    await user.type(screen.getByLabelText("Name of the template"), "Wrong");
    await user.click(screen.getByRole("button", { name: "Save template" }));
    expect(await screen.findByText("At most 20.")).toBeInTheDocument();
    await user.clear(screen.getByLabelText("Most findings"));
    await user.type(screen.getByLabelText("Most findings"), "9");
    await user.click(screen.getByRole("button", { name: "Save template" }));
    expect(await screen.findByText(/A name has 1 to 200 characters/)).toBeInTheDocument();
    expect(screen.getByLabelText("Name of the template")).toHaveValue("Wrong");
  });
});

describe("a request whose answer was lost", () => {
  it("is filed once when it is sent again as it was, and anew when it was changed", async () => {
    const keys: (string | null)[] = [];
    server.use(
      http.post("*/projects/:pid/work-sessions", ({ request }) => {
        keys.push(request.headers.get("Idempotency-Key"));
        return keys.length < 3 ? HttpResponse.error() : undefined;
      }),
    );
    const { router, user } = open("/projects/p-check/new?agent=research");
    await user.type(await screen.findByLabelText("Question"), "Why was it lost?");
    for (const n of [1, 2]) {
      await user.keyboard("{Control>}{Enter}{/Control}");
      await waitFor(() => expect(keys).toHaveLength(n));
      await screen.findByText(/The server could not be reached/);
    }
    await user.type(screen.getByLabelText("Question"), " And when?");
    await user.keyboard("{Control>}{Enter}{/Control}");
    await waitFor(() => expect(router.state.location.pathname).toMatch(/\/sessions\//));
    expect(keys[0]).toBeTruthy();
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
  });
});

describe("what policy makes of a request", () => {
  const policy = { settings: { quorum: { internal_draft: 1, internal_record: 2, public: 3, named_recipient: 1 }, separate_duties: false, expire_hours: 168 }, may_sign: true } as unknown as Policy;
  const content = { ...agents[1]!, impact_setting: "platform", impact_values: { blog: "public" } };
  it("is said before it is filed", () => {
    expect(aheadOf(policy, agents[0]!, {}, false)).toMatchObject({ mayEnd: true, signatures: 1 });
    expect(aheadOf(policy, agents[0]!, {}, true)).toMatchObject({ mayEnd: false, signatures: 2, outside: true });
    expect(aheadOf(policy, content, { platform: "blog" }, false)).toMatchObject({ mayEnd: false, signatures: 3 });
    expect(aheadOf(policy, content, { platform: "generic" }, false).mayEnd).toBe(true);
    expect(noteOf(aheadOf({ ...policy, may_sign: false }, agents[0]!, {}, false))).toMatch(/Policy may not sign/);
    const words = workSteps(2, "auto_approve_low_risk", false, aheadOf(policy, content, { platform: "blog" }, false)).map((step) => step.words).join(" ");
    expect(words).toContain("3 different people must sign.");
    expect(words).toContain("Unsigned after 7 days");
    expect(words).not.toContain("it ends alone");
  });
  it("refuses folders above the server's own", () => {
    for (const bad of ["/etc", "a/../../b", "..\\x", "~root", "C:\\x"]) expect(folderProblem(bad)).toMatch(/no leading slash/);
    for (const good of ["", "reports/2026", "a..b"]) expect(folderProblem(good)).toBe(true);
  });
});

describe("what a session made", () => {
  const made = (blocks: Artifact["document"]["blocks"], more: Partial<Artifact> = {}): Artifact => ({
    ...artifacts[0]!, id: "a-1", session_id: "s-last", title: "Made", claims: [], summary: { claims: 0, needs_you: 0, passed: 0, opinions: 0 },
    document: { version: 1, title: "Made", refs: {}, blocks }, ...more,
  });
  const shows = (items: Artifact[], session: Record<string, unknown> = {}) => {
    server.use(
      http.get("*/work-sessions/s-last/artifacts", () => page(items)),
      http.get("*/work-sessions/s-last", () => HttpResponse.json({ ...sessions.find((one) => one.id === "s-last")!, ...session })),
    );
    return open("/projects/p-report/sessions/s-last");
  };
  it("is drawn a page of rows at a time where a table is huge, and sorted by a column", async () => {
    const rows = Array.from({ length: 10_000 }, (_, i) => [`Row ${i}`, (i * 7919) % 10_000]);
    const { user } = shows([made([{ type: "table", caption: "Many", columns: [{ name: "Name" }, { name: "Value" }], rows }])]);
    const table = within(await screen.findByRole("group", { name: "Many" }));
    expect(table.getAllByRole("row")).toHaveLength(101);
    expect(screen.getByText("Rows 1 to 100 of 10,000")).toBeInTheDocument();
    await user.click(table.getByRole("button", { name: /^Value/ }));
    expect(table.getAllByRole("row")[1]).toHaveTextContent("Row 0");
    await user.click(table.getByRole("button", { name: /^Value/ }));
    expect(table.getByRole("columnheader", { name: /Value/ })).toHaveAttribute("aria-sort", "descending");
    await user.click(screen.getByRole("button", { name: /Rows after these/ }));
    expect(screen.getByText("Rows 101 to 200 of 10,000")).toBeInTheDocument();
  });
  it("has a table of contents and the figures behind a chart", async () => {
    const blocks: Artifact["document"]["blocks"] = ["One", "Two", "Three"].map((text) => ({ type: "heading", level: 2, text }));
    blocks.push({ type: "chart", title: "Figures", spec: { mark: "bar", data: { values: [{ year: 2022, value: 4 }, { year: 2023, value: 5 }] } } });
    const { user } = shows([made(blocks)]);
    const contents = within((await screen.findAllByRole("complementary", { name: "About this work" }))[0]!);
    expect(await contents.findByRole("button", { name: "Two" })).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Show as table" }));
    const table = within(screen.getByRole("group", { name: "The figures of “Figures”" }));
    expect(table.getAllByRole("row").map((row) => row.textContent)).toEqual(["yearvalue", "20224", "20235"]);
  });
  it("stands side by side with its length where it is content, and names whose limit that is", async () => {
    const draft = (id: string, text: string) => made([{ type: "paragraph", text }], { id, artifact_type: "content_draft", type: "content_draft" });
    const { user } = shows([draft("v1", "Short enough."), draft("v2", "x".repeat(300))], { agent_type: "content", config: { platform: "x" } });
    expect(await screen.findByText("13 of 280 characters")).toBeInTheDocument();
    expect(screen.getByText(/300 of 280 characters, 20 too many/)).toBeInTheDocument();
    expect(screen.getAllByText(/The limit of a post on X\./)).toHaveLength(2);
    await user.click(screen.getAllByRole("button", { name: "Read with its sources" })[0]!);
    expect(screen.getByRole("button", { name: "Close it" })).toHaveAttribute("aria-expanded", "true");
  });
  it("opens what a tool was asked and what it answered", async () => {
    server.use(http.get("*/work-sessions/s-run/events", () => page([event(1, "tool_called", { tool: "search_context", label: "unit", ok: true, call: "k1" })])));
    const { user } = open("/projects/p-check/sessions/s-run");
    await user.click(await screen.findByRole("button", { name: "Searched the sources" }));
    expect(await screen.findByText("query: unit, conversion")).toBeInTheDocument();
  });
});

describe("figures", () => {
  it("are read from charts that carry them, and from no others", () => {
    expect(figuresOf({ data: { url: "https://elsewhere.example/x.csv" } })).toBeNull();
    expect(figuresOf({ data: { values: [{ a: 1 }, { a: { deep: true }, b: "x" }] } })).toEqual({ columns: ["a", "b"], rows: [[1, null], ['{"deep":true}', "x"]] });
  });
  it("are ordered as numbers where they are numbers, and what is missing comes last", () => {
    expect(orderBy([["10"], ["9"], [null], ["1,000"]], 0, false)).toEqual([1, 0, 3, 2]);
    expect(orderBy([["b"], [""], ["a"]], 0, true)).toEqual([0, 2, 1]);
  });
  it("leave the words of a post as they would be posted", () => {
    expect(plainText([{ type: "heading", level: 2, text: "A" }, { type: "list", ordered: true, items: ["x", "y"] }])).toBe("A\n\n1. x\n2. y");
  });
});

describe("deliveries that were sent again and again", () => {
  it("are one line each, with how often", () => {
    const again = (seq: number, type: string) => event(seq, type, { delivery_id: "d", by: "Ana", detail: "No room.", attempts: seq, again: true });
    const steps = stepsOf(Array.from({ length: 40 }, (_, i) => again(i + 1, i % 2 ? "delivery_resent" : "delivery_failed")));
    expect(steps.map((step) => step.words)).toEqual(["Not delivered in 39 attempts; it is tried again", "Ana had it sent again"]);
    expect(steps[1]!.small).toBe("sent again 20 times");
  });
});
