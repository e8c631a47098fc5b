import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";
import { problem } from "@/mocks/answers";
import { uploads } from "@/sources/uploads";
import { open } from "./app";
import { server } from "./setup";

const SOURCES = "/projects/p-check/sources";

beforeEach(() => {
  uploads.stopAll("p-check");
  uploads.clear("p-check");
});

describe("the sources of a project", () => {
  it("says of each what it is, how far it is and how it can be found", async () => {
    open(SOURCES);
    expect(await screen.findByText("Reading page 12 of 80")).toBeInTheDocument();
    const row = screen.getByRole("row", { name: /Minutes 1998/ });
    expect(row).toHaveTextContent("PDF");
    expect(row).toHaveTextContent("9 pages, 41 passages");
    expect(row).toHaveTextContent("2 pages hold no text");
    expect(await screen.findByText("Every passage can be found by its words. By meaning: 340 of 1,200.")).toBeInTheDocument();
  });
  it("filters by state, kind and name", async () => {
    const { user } = open(SOURCES);
    await user.click(await screen.findByRole("radio", { name: /^Retracted 1/ }));
    expect(screen.getAllByRole("row")).toHaveLength(2);
    await user.click(screen.getByRole("radio", { name: /^All/ }));
    await user.selectOptions(screen.getByLabelText("Kind"), "slides");
    expect(screen.getAllByRole("row")).toHaveLength(2);
    await user.type(screen.getByLabelText("Find by name"), "zebra");
    expect(await screen.findByText("No source matches.")).toBeInTheDocument();
  });
  it("turns the pages of a long list", async () => {
    const made = Array.from({ length: 250 }, (_, i) => ({ id: `s${i}`, project_id: "p-check", title: `Note ${i}`, filename: null, content_type: "text/plain", origin: "text", url: null, status: "ready", failure: null, version: 1, byte_size: 10, sha256: null, block_count: 1, page_count: null, tables: [], notes: [], retracted_at: null, created_at: new Date(1e12 + i * 1000).toISOString(), updated_at: new Date(1e12).toISOString() }));
    server.use(http.get("*/api/projects/:pid/sources", () => HttpResponse.json({ items: made, next_cursor: null })));
    const { user } = open(SOURCES);
    expect(await screen.findByText("Note 249")).toBeInTheDocument();
    expect(screen.queryByText("Note 149")).toBeNull();
    expect(screen.getByText("1 to 100 of 250")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Older" }));
    expect(screen.getByText("Note 149")).toBeInTheDocument();
  });
  it("goes on after a refused file, says why, and sends it again", async () => {
    let refuse = true;
    server.use(
      http.post("*/api/projects/:pid/sources", async ({ request }) => {
        const name = /filename="([^"]+)"/.exec(await request.text())?.[1] ?? "";
        if (name === "bad.pdf" && refuse) return problem(422, "encrypted_file", "The file is protected by a password.", { hint: "Save it without." });
        return HttpResponse.json({ id: name === "old.md" ? "board" : `new-${name}`, project_id: "p-check", title: name, filename: name, content_type: null, origin: "file", url: null, status: "processing", failure: null, version: 0, byte_size: 1, sha256: null, block_count: 0, page_count: null, tables: [], notes: [], retracted_at: null, created_at: "2024-01-01T00:00:00Z", updated_at: "2024-01-01T00:00:00Z" }, { status: 202 });
      }),
    );
    const { user } = open(SOURCES);
    await screen.findByText("Kick-off");
    await user.upload(screen.getByLabelText("Choose files"), [new File(["x"], "bad.pdf"), new File(["y"], "good.md"), new File(["z"], "old.md")]);
    expect(await screen.findByText("The file is protected by a password. Save it without.")).toBeInTheDocument();
    expect(await screen.findByText("1 added · 1 here already · 1 refused")).toBeInTheDocument();
    expect(screen.getByText("is here already")).toBeInTheDocument();
    refuse = false;
    await user.click(screen.getByRole("button", { name: "Try bad.pdf again" }));
    expect(await screen.findByText("2 added · 1 here already")).toBeInTheDocument();
  });
  it("takes several addresses at once, and none while one of them is none", async () => {
    const { user } = open(SOURCES);
    await user.click(await screen.findByRole("button", { name: "Add addresses" }));
    const field = screen.getByLabelText("Addresses, one per line");
    await user.type(field, "https://a.example/x\nnot-one");
    expect(screen.queryByText(/^Not an address/)).toBeNull();
    await user.click(screen.getByRole("button", { name: "Add the source" }));
    expect(screen.getByText("Not an address: not-one. An address begins with http:// or https://.")).toBeInTheDocument();
    expect(screen.queryByText(/added/)).toBeNull();
    await user.clear(field);
    await user.type(field, "https://a.example/x\nhttps://b.example/y");
    await user.click(screen.getByRole("button", { name: "Add 2 sources" }));
    expect(await screen.findByText("2 added")).toBeInTheDocument();
    expect(await screen.findByText("https://b.example/y")).toBeInTheDocument();
  });
  it("retracts with a reason, after showing what rests on it", async () => {
    const { user } = open(SOURCES);
    await user.click(await screen.findByRole("button", { name: "Details of “Mishap board, phase I: our notes”" }));
    await user.click(screen.getByRole("button", { name: "Retract" }));
    expect(await screen.findByRole("link", { name: "A ground file gave impulse in the wrong unit" })).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Retract it" })).toBeDisabled();
    await user.type(screen.getByLabelText("Why should nobody rely on it?"), "Withdrawn by its author");
    await user.click(screen.getByRole("button", { name: "Retract it" }));
    expect(await screen.findByText("Retracted: Withdrawn by its author")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Retract" })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Restore" }));
    expect(screen.getByRole("button", { name: "Restore it" })).toBeDisabled();
    await user.type(screen.getByLabelText("Why may people rely on it again?"), "The author stands by it");
    await user.click(screen.getByRole("button", { name: "Restore it" }));
    expect(await screen.findByRole("button", { name: "Retract" })).toBeInTheDocument();
    expect(screen.queryByText("Retracted: Withdrawn by its author")).toBeNull();
  });
  it("deletes for good only with a reason and the name typed, and says what went", async () => {
    const { user } = open(SOURCES);
    await user.click(await screen.findByRole("button", { name: "Details of “Kick-off”" }));
    await user.click(screen.getByRole("button", { name: "Delete for good" }));
    expect(await screen.findByText("With it: 1 version, 3 passages, 2 envelopes redacted, 1 piece of writing redacted.")).toBeInTheDocument();
    expect(await screen.findByText("Nothing rests on it.")).toBeInTheDocument();
    const remove = screen.getByRole("button", { name: "Delete it for good" });
    await user.type(screen.getByLabelText("Why is it deleted?"), "Asked for by the author");
    await user.type(screen.getByLabelText("Type the name to delete it: Kick-off"), "kick");
    expect(remove).toBeDisabled();
    await user.type(screen.getByLabelText("Type the name to delete it: Kick-off"), "-off");
    await user.click(remove);
    expect(await screen.findByText("“Kick-off” was deleted: 1 version, 9 passages, 1 envelope redacted.")).toBeInTheDocument();
    expect(screen.queryByRole("row", { name: /Kick-off/ })).toBeNull();
  });
  it("tries a failed one again, and keeps what a viewer may not do away", async () => {
    const { user } = open("/projects/p-report/sources");
    await user.click(await screen.findByRole("button", { name: "Details of “old-annex.pdf”" }));
    await user.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(screen.queryByText(/protected by a password/)).toBeNull());
  });
  it("gives a viewer nothing to add or delete", async () => {
    server.use(http.get("*/api/me", () => HttpResponse.json({ id: "u9", name: "V", role: "viewer", workspace: { id: "w", name: "W" }, mode: "local", sample: false })));
    const { user } = open(SOURCES);
    await user.click(await screen.findByRole("button", { name: "Details of “Kick-off”" }));
    await waitFor(() => expect(screen.queryByRole("button", { name: "Delete for good" })).toBeNull());
    expect(screen.queryByLabelText("Choose files")).toBeNull();
    expect(screen.getByRole("link", { name: "Read it" })).toBeInTheDocument();
  });
  it("works with a server that knows no index state and no dependents", async () => {
    server.use(
      http.get("*/api/projects/:pid/index", () => problem(404, "not_found", "No such page.")),
      http.get("*/api/projects/:pid/sources/:id/dependents", () => problem(404, "not_found", "No such page.")),
    );
    const { user } = open(SOURCES);
    await user.click(await screen.findByRole("button", { name: "Details of “Kick-off”" }));
    await user.click(screen.getByRole("button", { name: "Retract" }));
    expect(await screen.findByText("What rests on it is listed once it is retracted.")).toBeInTheDocument();
    expect(screen.queryByText(/Every passage can be found/)).toBeNull();
  });
});

describe("a source", () => {
  it("marks a passage named by its id, and finds words in the whole text", async () => {
    const { user } = open(`${SOURCES}/board?block=board-b3`);
    await screen.findByText(/Mishap board/, { selector: "h1" });
    expect(document.querySelector("mark")).toHaveTextContent(/^The effect of each firing/);
    await user.type(screen.getByLabelText("Find in this source"), "newton seconds");
    expect(await screen.findByText("1 of 2")).toBeInTheDocument();
    await user.keyboard("{Enter}");
    expect(screen.getByText("2 of 2")).toBeInTheDocument();
    expect(document.querySelectorAll("mark.now")).toHaveLength(1);
  });
  it("shows a table as a table and unfolds its rows where they are wanted", async () => {
    const { user } = open("/projects/p-report/sources/energy");
    expect(await screen.findByRole("columnheader", { name: "energy_source" })).toBeInTheDocument();
    const fold = screen.getByRole("button", { name: "9 rows of a table, as text" });
    await user.click(fold);
    expect(screen.getByText(/^year: 2021; energy_source: Wind/)).toBeInTheDocument();
  });
  it("that is not read yet says how far it is", async () => {
    open(`${SOURCES}/reading`);
    expect(await screen.findByText("Reading page 12 of 80")).toBeInTheDocument();
  });
});

describe("search", () => {
  it("shows passages with their words marked, moves by keyboard, opens at the place", async () => {
    const { router, user } = open("/projects/p-check/search");
    await user.type(await screen.findByLabelText("Search the sources of this project"), "newton seconds");
    const list = await screen.findByRole("list", { name: "Passages found" });
    expect(within(list).getAllByText("newton", { selector: "mark" }).length).toBeGreaterThan(0);
    expect(screen.getByText(/Meaning is still being computed: 340 of 1,200/)).toBeInTheDocument();
    await waitFor(() => expect(router.state.location.search).toMatchObject({ q: "newton seconds" }));
    await user.keyboard("{Enter}");
    await user.keyboard("j");
    const second = within(list).getAllByRole("listitem")[1]!;
    expect(second).toHaveAttribute("aria-current", "true");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toMatch(/\/sources\/board$/));
    expect(router.state.location.search).toMatchObject({ block: expect.any(String), start: expect.any(Number) });
  });
  it("asks only once typing rests, and the latest question wins", async () => {
    const asked: string[] = [];
    server.events.on("request:start", ({ request }) => {
      const url = new URL(request.url);
      if (url.pathname.endsWith("/search")) asked.push(url.searchParams.get("q") ?? "");
    });
    const { user } = open("/projects/p-check/search");
    await user.type(await screen.findByLabelText("Search the sources of this project"), "orbit navigation");
    expect((await screen.findAllByText("navigation", { selector: "mark" })).length).toBeGreaterThan(0);
    expect(asked.at(-1)).toBe("orbit navigation");
    expect(asked.length).toBeLessThan(8);
  });
  it("passes filters on and clears them", async () => {
    let asked = new URLSearchParams();
    server.events.on("request:start", ({ request }) => {
      const url = new URL(request.url);
      if (url.pathname.endsWith("/search")) asked = url.searchParams;
    });
    const { user, router } = open("/projects/p-check/search?q=zebra");
    await user.click(await screen.findByRole("button", { name: /^Filters/ }));
    await user.selectOptions(await screen.findByLabelText("Kind of file"), "markdown");
    await user.selectOptions(screen.getByLabelText("State"), "proposed");
    expect(await screen.findByText("No passage fits “zebra” with these filters.")).toBeInTheDocument();
    await waitFor(() => expect(asked.getAll("type")).toEqual(["text/markdown"]));
    expect(asked.get("state")).toBe("proposed");
    await user.click(screen.getAllByRole("button", { name: "Clear the filters" })[0]!);
    await waitFor(() => expect(router.state.location.search).toEqual({ q: "zebra" }));
  });
  it("never reads text as markup", async () => {
    const text = "<img src=x onerror=alert(1)> and <b>words</b>";
    server.use(http.get("*/api/projects/:pid/search", () => HttpResponse.json({ items: [{ block_id: "x", source_id: "board", source_title: "<i>t</i>", version: 1, page: null, char_start: 0, char_end: 5, text, score: 1, highlights: [[0, 4], [2, 9000]] }] })));
    open("/projects/p-check/search?q=words");
    const list = await screen.findByRole("list", { name: "Passages found" });
    expect(list.querySelector("img, b, i")).toBeNull();
    expect(list).toHaveTextContent(text);
  });
  it("says what went wrong and tries again", async () => {
    server.use(http.get("*/api/projects/:pid/search", () => problem(422, "query_empty", "There is nothing to search for."), { once: true }));
    const { user } = open("/projects/p-check/search?q=seconds");
    expect(await screen.findByText("There is nothing to search for.")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("list", { name: "Passages found" })).toBeInTheDocument();
  });
});

describe("what the agent was given", () => {
  const PAGE = "/projects/p-check/sessions/s-run/envelope";
  it("can be read: task, notes, contradictions, passages, what was left out, reads", async () => {
    const { user } = open(PAGE);
    expect(await screen.findByText("21,480 of 24,000 tokens")).toBeInTheDocument();
    expect(screen.getByText("Give figures in SI units, and the original unit in brackets.")).toBeInTheDocument();
    expect(screen.getByText("1 contradiction")).toBeInTheDocument();
    expect(screen.getByText("150 km", { selector: "mark" })).toBeInTheDocument();
    expect(screen.getByText(/^Reads like an instruction/)).toBeInTheDocument();
    expect(screen.getByText("no room")).toBeInTheDocument();
    expect(screen.getByText("Searched for “newton seconds”")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Build it again" }));
    expect(await screen.findByText("The same, byte for byte.")).toBeInTheDocument();
  });
  it("says what differs when it cannot be built again as it was", async () => {
    server.use(http.get("*/api/projects/:pid/work-sessions/:sid/envelope/rebuild", () => problem(409, "digest_differs", "The text differs.", { body: "# Task\n\nAnother …\n" })));
    const { user } = open(PAGE);
    await user.click(await screen.findByRole("button", { name: "Build it again" }));
    expect(await screen.findByText(/It differs from what was sent/)).toBeInTheDocument();
    expect(screen.getByText("First difference in line 3:")).toBeInTheDocument();
  });
  it("says that a source was deleted", async () => {
    server.use(http.get("*/api/projects/:pid/work-sessions/:sid/envelope/rebuild", () => problem(409, "redacted", "“Press” was deleted on 3 May.")));
    const { user } = open(PAGE);
    await user.click(await screen.findByRole("button", { name: "Build it again" }));
    expect(await screen.findByText(/a source it used was deleted. “Press” was deleted on 3 May/)).toBeInTheDocument();
  });
  it("does not break on a receipt of the first release", async () => {
    const bare = { id: "e", session_id: "s-run", iteration: 1, digest: "d", body: "", created_at: "2024-01-01T00:00:00Z", receipt: { included: [], left_out: [], token_budget: 24000, tokens: 0, flags: ["no_context"] } };
    server.use(http.get("*/api/projects/:pid/work-sessions/:sid/envelope", () => HttpResponse.json(bare)));
    open(PAGE);
    expect((await screen.findAllByText("No passage fitted the task. The agent was told so.")).length).toBeGreaterThan(0);
    expect(screen.queryByText("Looked up during the work")).toBeNull();
  });
});

describe("memory", () => {
  const PAGE = "/projects/p-check/memory";
  const decisions = () => {
    const sent: unknown[] = [];
    server.events.on("request:start", ({ request }) => {
      if (request.url.endsWith("/memory/decisions")) void request.clone().json().then((json) => sent.push(json));
    });
    return sent;
  };
  it("accepts and rejects by keyboard, with a reason", async () => {
    const sent = decisions();
    const { user } = open(PAGE);
    await screen.findByText(/^The effect of each firing/);
    await user.keyboard("j");
    await user.keyboard("a");
    expect(await screen.findByText("1 accepted. Agents are told from now on.")).toBeInTheDocument();
    await user.keyboard("r");
    await user.type(await screen.findByLabelText("Why is it not kept?"), "said twice");
    await user.keyboard("{Enter}");
    expect(await screen.findByText("1 rejected.")).toBeInTheDocument();
    expect(sent).toEqual([{ items: [{ id: "p2", decision: "accept" }] }, { items: [{ id: expect.stringMatching(/^p[134]$/), decision: "reject", reason: "said twice" }] }]);
  });
  it("decides several at once", async () => {
    const sent = decisions();
    const { user } = open(PAGE);
    await user.click(await screen.findByLabelText("Select all"));
    await user.click(screen.getByRole("button", { name: /^Accept 4/ }));
    // One of them rests on a source that was retracted.
    await user.type(screen.getByLabelText("Why does it hold all the same?"), "the board says it too");
    await user.click(screen.getByRole("button", { name: "Accept 4 with this reason" }));
    expect(await screen.findByText("4 accepted. Agents are told from now on.")).toBeInTheDocument();
    expect((sent[0] as { items: { reason: string }[] }).items.map((one) => one.reason)).toEqual(Array(4).fill("the board says it too"));
    expect(await screen.findByText(/Nothing is proposed/)).toBeInTheDocument();
  });
  it("adds an instruction with its scope, and edits and retires one", async () => {
    const { user } = open(PAGE);
    await user.click(await screen.findByRole("button", { name: "Add an instruction" }));
    await user.type(screen.getByLabelText("What every agent should be told"), "Write British English.");
    await user.selectOptions(screen.getByLabelText("Where"), "Every project");
    await user.click(screen.getByRole("button", { name: "Add it" }));
    expect(await screen.findByText("Write British English.")).toBeInTheDocument();
    expect(screen.getByText(/^Every agent, in every project, until retired/)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Edit: Write British English." }));
    await user.type(screen.getByLabelText("What every agent should be told"), " Always.");
    await user.click(screen.getByRole("button", { name: "Save" }));
    await user.click(await screen.findByRole("button", { name: "Retire: Write British English. Always." }));
    await user.type(screen.getByLabelText("Why does it no longer hold?"), "new house style");
    await user.click(screen.getByRole("button", { name: "Retire it" }));
    expect(await screen.findByText("1 retired.")).toBeInTheDocument();
    expect(screen.getByText(/Retired by Local reviewer: new house style/)).toBeInTheDocument();
  });
  it("says so where the server keeps none", async () => {
    server.use(http.get("*/api/projects/:pid/memory", () => problem(404, "not_found", "No such page.")));
    open(PAGE);
    expect(await screen.findByText("This server keeps no memory yet.")).toBeInTheDocument();
  });
});
