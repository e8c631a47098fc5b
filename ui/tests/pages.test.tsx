import { act, cleanup, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import { touched } from "@/api/live";
import { me, projects, sessions } from "@/mocks/data";
import { listed } from "@/mocks/inbox";
import { problem } from "@/mocks/answers";
import { open } from "./app";
import { server } from "./setup";

const empty = http.get("*/api/checkpoints", ({ request }) => HttpResponse.json(listed([], new URL(request.url).searchParams)));

describe("home", () => {
  it("opens on the first project's waiting review", async () => {
    const { router } = open("/");
    await screen.findByText("5 flags are open");
    expect(router.state.location.pathname).toBe("/review/k-check");
  });
  it("says what runs and what can be done when nothing waits", async () => {
    let perProject = 0; // what it says is asked for once, however many projects there are
    server.use(empty, http.get("*/api/projects/:pid/work-sessions", () => void (perProject += 1)));
    const { router, user } = open("/");
    expect(await screen.findByText("Nothing waits for you")).toBeInTheDocument();
    expect(await screen.findByText(/One piece of work is running/)).toBeInTheDocument();
    expect(perProject).toBe(0);
    await user.click(screen.getByRole("link", { name: "Paste a draft" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/projects/p-yours/new"));
  });
  it("says what was signed today, and of yesterday nothing", async () => {
    const done = (id: string, at: number) => ({ ...sessions[0]!, id, title: id, status: "completed" as const, settled_at: new Date(at).toISOString() });
    const midnight = new Date().setHours(0, 0, 0, 0);
    server.use(
      empty,
      http.get("*/api/work-sessions", ({ request }) => {
        const query = new URL(request.url).searchParams;
        const items = query.get("status") === "completed" && query.get("updated_since") ? [done("Today", midnight), done("Yesterday", midnight - 1)] : [];
        return HttpResponse.json({ items, next_cursor: null });
      }),
    );
    open("/");
    expect(await screen.findByRole("link", { name: "Today" })).toBeInTheDocument();
    expect(screen.queryByRole("link", { name: "Yesterday" })).not.toBeInTheDocument();
  });
  it("begins new work in the newest project where no sample is", async () => {
    const own = (id: string) => ({ ...projects[0]!, id, name: id, sample_key: null });
    server.use(empty, http.get("*/api/projects", () => HttpResponse.json({ items: [own("p-old"), own("p-new")], next_cursor: null })));
    open("/");
    expect(await screen.findByRole("link", { name: "Paste a draft" })).toHaveAttribute("href", expect.stringContaining("/projects/p-new/new"));
  });
  describe("where no project is", () => {
    /** All of them are archived, or none was ever made. */
    const none = (archived: boolean) => {
      const made: string[] = [];
      server.use(
        empty,
        http.get("*/api/projects", ({ request }) => {
          const old = archived && new URL(request.url).searchParams.get("archived") === "true";
          return HttpResponse.json({ items: old ? [projects[0]!] : [], next_cursor: null });
        }),
        http.post("*/api/projects", async ({ request }) => {
          made.push(((await request.json()) as { name: string }).name);
          return HttpResponse.json({ ...projects[0]!, id: "p-yours" }, { status: 201 });
        }),
      );
      return made;
    };

    it.each(["/", "/inbox"])("%s makes one for the draft that is pasted", async (path) => {
      const made = none(false);
      const { router, user } = open(path);
      const name = await screen.findByLabelText("In a new project");
      expect(name).toHaveValue("My work");
      await user.click(name); // words that are pasted into its name are its name
      await user.paste(" of 2026");
      expect(made).toEqual([]);
      await user.click(document.body);
      await user.paste("The factor was 44.5.");
      await waitFor(() => expect(router.state.location.pathname).toBe("/projects/p-yours/new"));
      expect(made).toEqual(["My work of 2026"]);
      expect(await screen.findByLabelText("Draft")).toHaveValue("The factor was 44.5.");
      expect(screen.queryByRole("link", { name: "Bring an archived project back" })).toBeNull();
    });
    it("one click makes it, once, and a cleared name does not stand in the way", async () => {
      const made = none(true);
      const { router, user } = open("/");
      expect(await screen.findByRole("link", { name: "Bring an archived project back" })).toHaveAttribute("href", "/settings/projects");
      await user.clear(screen.getByLabelText("In a new project"));
      await user.dblClick(screen.getByRole("button", { name: "Ask for research, content or a report" }));
      await waitFor(() => expect(router.state.location.href).toContain("agent=research"));
      expect(made).toEqual(["My work"]);
    });
    it("says why it could not be made", async () => {
      none(false);
      server.use(http.post("*/api/projects", () => problem(503, "database_away", "The database does not answer.")));
      const { user } = open("/");
      await user.click(await screen.findByRole("button", { name: "Paste a draft" }));
      expect(await screen.findByText("The database does not answer.")).toBeInTheDocument();
      expect(screen.getByRole("button", { name: "Paste a draft" })).toBeEnabled();
    });
    it.each(["/sources", "/settings/policies"])("%s makes one, too", async (path) => {
      const made = none(false);
      const { router, user } = open(path);
      await user.click(await screen.findByRole("button", { name: "New project" }));
      await user.keyboard("Bridges{Enter}");
      await waitFor(() => expect(router.state.location.pathname).toBe(path === "/sources" ? "/projects/p-yours/sources" : "/projects/p-yours"));
      expect(made).toEqual(["Bridges"]);
    });
    it("offers whoever may only read nothing that would be refused", async () => {
      none(false);
      server.use(http.get("*/api/me", () => HttpResponse.json({ ...me, role: "viewer" })));
      const { router } = open("/");
      expect(await screen.findByText("Nothing is running.")).toBeInTheDocument();
      await act(() => router.navigate({ to: "/sources" }));
      expect(await screen.findByText("There is no project yet.")).toBeInTheDocument();
      expect(within(screen.getByRole("main")).queryAllByRole("button")).toEqual([]);
    });
  });
  it("says so when the server cannot be reached, and tries again", async () => {
    server.use(http.get("*/api/checkpoints", () => HttpResponse.error(), { once: true }));
    const { user } = open("/inbox");
    expect(await screen.findByText("The server could not be reached.")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("4 wait for you")).toBeInTheDocument();
  });
});

describe("inbox", () => {
  it("finds, moves and opens by keyboard", async () => {
    const { router, user } = open("/inbox");
    await screen.findByText("4 wait for you");
    await user.keyboard("j");
    expect(screen.getByRole("row", { name: /US renewable electricity in 2023/ })).toHaveAttribute("aria-current", "true");
    await user.keyboard("/");
    await user.keyboard("plan to approve");
    await waitFor(() => expect(screen.getAllByRole("row")).toHaveLength(2));
    await user.keyboard("{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toBe("/review/k-plan"));
  });
  it("opens what it found long before Enter was pressed", async () => {
    const { router, user } = open("/inbox");
    await user.type(await screen.findByLabelText("Find by title or project"), "plan to approve");
    await waitFor(() => expect(router.state.location.search).toEqual({ find: "plan to approve" }));
    await waitFor(() => expect(screen.getAllByRole("row")).toHaveLength(2));
    await user.keyboard("{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toBe("/review/k-plan"));
  });
  it("says that nothing matches", async () => {
    const { user } = open("/inbox");
    await user.type(await screen.findByLabelText("Find by title or project"), "zebra");
    expect(await screen.findByText(/Nothing that waits matches/)).toBeInTheDocument();
  });
});

describe("new work", () => {
  it("checks a draft and goes to its review", async () => {
    const { router, user } = open("/projects/p-check/new?agent=check");
    await user.click(await screen.findByRole("button", { name: /^Check this draft/ }));
    expect(await screen.findByText("Paste a draft first.")).toBeInTheDocument();
    expect(screen.getByText("1 thing to correct")).toBeInTheDocument();
    await user.type(screen.getByLabelText("Draft"), "The factor was 44.5.");
    await user.click(screen.getByRole("button", { name: /^Check this draft/ }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/review/k-check"));
  });
  it("sends what the form says, with the sources that were left in", async () => {
    let body: Record<string, unknown> = {};
    server.events.on("request:start", ({ request }) => {
      if (request.method === "POST") void request.clone().json().then((json) => (body = json as typeof body));
    });
    const { router, user } = open("/projects/p-check/new?agent=research");
    await user.type(await screen.findByLabelText("Question"), "Why was it lost?");
    await user.click(screen.getByLabelText(/Statements and press/));
    await user.click(screen.getByLabelText("Thorough"));
    await user.click(screen.getByRole("radio", { name: /Stop at every step/ }));
    await user.click(screen.getByRole("button", { name: /^Start research/ }));
    await waitFor(() => expect(router.state.location.pathname).toMatch(/\/sessions\//));
    expect(body).toMatchObject({
      agent_type: "research", task_description: "Why was it lost?", approval_strategy: "checkpoint_required", runtime: "extractive", auto_execute: true,
      config: { depth: "thorough", max_findings: 7 },
    });
    expect(body["source_ids"]).toContain("board");
    expect(body["source_ids"]).not.toContain("press");
  });
  it("puts the server's complaint beside its field", async () => {
    server.use(http.post("*/api/projects/:pid/work-sessions", () => problem(422, "config_invalid", "Depth is not one of the choices.", { field: "config.max_findings" })));
    const { user } = open("/projects/p-check/new?agent=research");
    await user.type(await screen.findByLabelText("Question"), "Why?");
    await user.click(screen.getByRole("button", { name: /^Start research/ }));
    expect((await screen.findAllByText("Depth is not one of the choices.")).length).toBeGreaterThan(0);
    expect(screen.getByLabelText("Most findings")).toHaveAttribute("aria-invalid", "true");
  });
  it("refuses a budget of zero", async () => {
    const { user } = open("/projects/p-check/new?agent=research");
    await user.type(await screen.findByLabelText("Question"), "Why?");
    await user.type(screen.getByLabelText("Minutes, at most"), "0");
    await user.click(screen.getByRole("button", { name: /^Start research/ }));
    expect(await screen.findByText("More than 0.")).toBeInTheDocument();
  });
});

describe("session", () => {
  it("shows steps, findings with their quotes, cost and what the agent was given", async () => {
    const { user } = open("/projects/p-check/sessions/s-run");
    expect(await screen.findByText("Context pinned")).toBeInTheDocument();
    expect(await screen.findByText("“The interface specification asked for newton seconds.”")).toBeInTheDocument();
    expect(screen.getByText("$0.38")).toBeInTheDocument();
    expect(await screen.findByRole("link", { name: "See all of it" })).toHaveAttribute("href", "/projects/p-check/sessions/s-run/envelope");
    await user.click(screen.getByRole("button", { name: "Cancel this work" }));
    await user.click(screen.getByRole("button", { name: "Cancel and keep 1 unsigned piece" }));
    expect((await screen.findAllByText("Cancelled")).length).toBeGreaterThan(0);
  });
  it("calls a project's own agent by its title, and a copy that was not started by what it is", async () => {
    let asked = 0;
    const copy = { ...sessions.find((s) => s.id === "s-run")!, status: "initialized", agent_type: "goatwatch", agent_title: "Goat watch", task_document_id: null, artifacts_count: 0 };
    server.use(
      http.get("*/work-sessions/s-run", () => HttpResponse.json({ ...copy, agent_type: "research" })),
      http.get("*/work-sessions/s-run/artifacts", () => HttpResponse.json({ items: [], next_cursor: null })),
      http.get("*/work-sessions/s-run/envelope", () => (asked++, problem(404, "envelope_not_found", "There is no envelope yet."))),
    );
    open("/projects/p-check/sessions/s-run");
    expect(await screen.findByText(/^Goat watch · /)).toBeInTheDocument();
    expect(await screen.findByText("Not started yet. What it writes will appear here.")).toBeInTheDocument();
    expect(screen.getByRole("heading", { name: "Findings" })).toBeInTheDocument();
    expect(asked).toBe(0);
  });
  it("shows no progress of work that waits for its reader", async () => {
    const waits = { ...sessions.find((s) => s.id === "s-run")!, status: "pending_review", checkpoint_id: "k-check", progress: { done: 3, total: 4, label: "Writing findings" } };
    server.use(http.get("*/work-sessions/s-run", () => HttpResponse.json(waits)));
    open("/projects/p-check/sessions/s-run");
    await screen.findByText("Context pinned");
    expect(screen.queryByText("Writing findings")).not.toBeInTheDocument();
    expect(screen.queryByRole("progressbar", { name: "Progress" })).not.toBeInTheDocument();
  });
  it("shows what somebody's own agent last said and when it was last heard of, or how it is driven", async () => {
    const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
    const own = { ...sessions.find((s) => s.id === "s-run")!, runtime: "external", runtime_label: "your own agent" };
    const heard = { heard_at: ago(42), said: "Reading <b>both</b> reports.", lease_until: ago(-258) };
    const shows = (more: object) => server.use(http.get("*/work-sessions/s-run", () => HttpResponse.json({ ...own, ...more })));
    shows({ agent: heard });
    open("/projects/p-check/sessions/s-run");
    expect(await screen.findByText("Reading <b>both</b> reports.")).toBeInTheDocument();
    expect(screen.getByText(/^Last heard of .+ ago$/)).toBeInTheDocument();
    expect(screen.getByText(/^Lost after .+ without a word$/)).toBeInTheDocument();
    cleanup();
    shows({ agent: { ...heard, heard_at: null, said: null } });
    open("/projects/p-check/sessions/s-run");
    expect(await screen.findByText("POST /api/projects/p-check/work-sessions/s-run/agent-events")).toBeInTheDocument();
    cleanup();
    shows({ status: "initialized", agent: null });
    open("/projects/p-check/sessions/s-run");
    expect(await screen.findByText("POST /api/projects/p-check/work-sessions/s-run/execute")).toBeInTheDocument();
  });
  it("shows how far a long draft is compared, and goes to its review when it opens", async () => {
    const filed = { ...sessions[0]!, status: "in_progress", checkpoint_id: null, progress: { done: 400, total: 2302, label: "claims compared" } };
    server.use(http.get("*/api/projects/:pid/work-sessions/s-check", () => HttpResponse.json(filed)));
    const { router, client } = open("/projects/p-check/sessions/s-check");
    expect(await screen.findByText("Being compared with the sources")).toBeInTheDocument();
    expect(screen.getByRole("progressbar")).toHaveAttribute("aria-valuenow", "400");
    expect(screen.queryByText(/passed automatic checks/)).toBeNull();
    server.use(http.get("*/api/projects/:pid/work-sessions/s-check", () => HttpResponse.json(sessions[0])));
    await client.invalidateQueries({ queryKey: ["session", "s-check"] });
    await waitFor(() => expect(router.state.location.pathname).toBe(`/review/${sessions[0]!.checkpoint_id}`));
  });
  it("does not leave the page of a draft that waited already", async () => {
    const { router } = open("/projects/p-check/sessions/s-check");
    expect(await screen.findByRole("link", { name: /review/i })).toBeInTheDocument();
    expect(router.state.location.pathname).toBe("/projects/p-check/sessions/s-check");
  });
  it("reads a rejected session as rejected, never as failed", async () => {
    const rejected = { ...sessions[0]!, status: "failed", checkpoint_id: null, failure: { code: "rejected", message: "Rejected by a colleague: the audit cannot be found", hint: null, retryable: false } };
    server.use(http.get("*/api/projects/:pid/work-sessions/s-check", () => HttpResponse.json(rejected)));
    open("/projects/p-check/sessions/s-check");
    expect((await screen.findAllByText("Rejected by a colleague: the audit cannot be found")).length).toBeGreaterThan(0);
    expect(screen.queryByText(/failed/i)).not.toBeInTheDocument();
  });
  it("shows what a signed report says that the one before did not", async () => {
    const { user } = open("/projects/p-report/sessions/s-last");
    expect(await screen.findByText("What changed since last time")).toBeInTheDocument();
    expect(screen.getByText("Wind generation rose to 434,297 in 2022.").tagName).toBe("INS");
    expect(screen.getByText("Wind generation was 378,197 in 2021.").tagName).toBe("DEL");
    expect(screen.queryByText("Wind is the largest source.")).not.toBeInTheDocument();
    const at = "/api/projects/p-report/work-sessions/s-last/export?format=";
    expect(await screen.findByRole("link", { name: "Markdown" })).toHaveAttribute("href", `${at}md`);
    expect(screen.getByRole("link", { name: "Record" })).toHaveAttribute("href", `${at}record`);
    await user.click(screen.getByRole("button", { name: "1 line unchanged" }));
    expect(screen.getByText("Wind is the largest source.")).toBeInTheDocument();
  });
  it("explains a refusal from a wrong status", async () => {
    server.use(http.post("*/api/projects/:pid/work-sessions/s-run/cancel", () => problem(409, "wrong_status", "This work is already completed.")));
    const { user } = open("/projects/p-check/sessions/s-run");
    await user.click(await screen.findByRole("button", { name: "Cancel this work" }));
    await user.click(screen.getByRole("button", { name: /^Cancel and keep/ }));
    expect(await screen.findByText(/That is not possible any more. This work is already completed./)).toBeInTheDocument();
  });
});

describe("project and sources", () => {
  it("says why a file could not be read and what to do", async () => {
    open("/projects/p-report");
    expect(await screen.findByText(/protected by a password.*Save it without the password/)).toBeInTheDocument();
  });
  it("adds a pasted text and shows it being read", async () => {
    const { user } = open("/projects/p-yours");
    expect(await screen.findByText("No sources yet.")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Paste text" }));
    await user.type(screen.getByLabelText("The text"), "Some words.");
    await user.click(screen.getByRole("button", { name: "Add the source" }));
    expect(await screen.findByText("reading")).toBeInTheDocument();
  });
  it("shows a refused address beside its cause", async () => {
    server.use(http.post("*/api/projects/:pid/sources", () => problem(422, "private_address", "This address is private.", { hint: "Give a public address, or drop the file." })));
    const { user } = open("/projects/p-yours");
    await user.click(await screen.findByRole("button", { name: "Add addresses" }));
    await user.type(screen.getByLabelText("Addresses, one per line"), "http://10.0.0.1/");
    await user.click(screen.getByRole("button", { name: "Add the source" }));
    expect(await screen.findByText(/This address is private. Give a public address/)).toBeInTheDocument();
  });
  it("marks exactly the words the address names", async () => {
    open("/projects/p-check/sources/board?start=552&end=571");
    await screen.findByText(/Mishap board/, { selector: "h1" });
    expect(document.querySelector("mark")).toHaveTextContent("by a factor of 4.45");
  });
  it("has a page for addresses that lead nowhere", async () => {
    open("/nowhere");
    expect(await screen.findByText("There is no page here")).toBeInTheDocument();
  });
});

describe("live events", () => {
  it("never reload what is read because somebody comes, goes or says something", () => {
    const keys = (type: string) => touched("session", { project_id: "p", session_id: "s", type }).map(String);
    expect(keys("looked_at")).toEqual([]);
    expect(keys("looked_away")).toEqual([]);
    expect(keys("commented")).toEqual(["comments,s"]);
  });
  it("touch the queries they concern", () => {
    const keys = touched("session", { project_id: "p", session_id: "s", type: "checkpoint_opened" }).map(String);
    for (const key of ["session,s", "events,s", "inbox", "artifacts,s", "project,p"]) expect(keys).toContain(key);
    expect(touched("session", { project_id: "p", session_id: "s", type: "progress" }).map(String)).not.toContain("inbox");
    expect(touched("session", { project_id: "p", session_id: "s", type: "voted" }).map(String)).toContain("checkpoint,of,s");
    expect(touched("source", { project_id: "p", source_id: "x" }).map(String)).toContain("sources,p");
  });
});
