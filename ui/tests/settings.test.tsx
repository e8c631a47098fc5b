import { act, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import type { Project } from "@/api/types";
import type { Template } from "@/api/work";
import { problem, url } from "@/mocks/answers";
import * as data from "@/mocks/data";
import { me } from "@/mocks/data";
import { workHandlers } from "@/mocks/work";
import { budgetChanges, budgetFrom, rebased } from "@/settings/budget";
import { open } from "./app";
import { server } from "./setup";

const asViewer = () => server.use(http.get(url("/me"), () => HttpResponse.json({ ...me, role: "viewer" })));

describe("members", () => {
  it("are added, and what the server refuses is said beside the field", async () => {
    const { user } = open("/settings/members");
    await user.click(await screen.findByRole("button", { name: "Add a person" }));
    const name = screen.getByRole("textbox", { name: "Name" });
    await user.type(name, "A colleague");
    await user.click(screen.getByRole("button", { name: "Add A colleague" }));
    expect(await screen.findByText(/is a member of this workspace already/)).toBeInTheDocument();
    expect(name).toBeInvalid();
    await user.clear(name);
    await user.type(name, "Ana");
    await user.click(screen.getByRole("button", { name: "Add Ana" }));
    expect(await screen.findByText("Ana was added.")).toBeInTheDocument();
    expect(await screen.findByRole("row", { name: /Ana Reviewer/ })).toBeInTheDocument();
  });
  it("keep their last admin", async () => {
    const { user } = open("/settings");
    await user.click(await screen.findByRole("button", { name: "Change Local reviewer" }));
    await user.selectOptions(screen.getByRole("combobox", { name: "Role of Local reviewer" }), "Viewer");
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText(/only admin of this workspace. Make somebody else an admin first/)).toBeInTheDocument();
    await user.keyboard("{Escape}");
    expect(await screen.findByRole("button", { name: "Change Local reviewer" })).toBeInTheDocument();
  });
  it("are read by everybody, who are told whom to ask", async () => {
    asViewer();
    open("/settings/members");
    expect(await screen.findByText("You may read this. Admins of the workspace change it: Local reviewer.")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: /Change|Add/ })).toBeNull();
  });
});

describe("budgets", () => {
  it("are sent without what is empty", () => {
    expect(budgetFrom({ default: { usd: "1.5", tokens: "", seconds: " " }, most: { usd: "", tokens: "5000", seconds: "" } })).toEqual({
      default: { usd: 1.5 }, most: { tokens: 5000 },
    });
  });
  it("are set for a project, and a refusal stands beside its field", async () => {
    const { user } = open("/settings/budgets");
    const usual = await screen.findByRole("group", { name: "The usual budget" });
    const most = screen.getByRole("group", { name: "The most of one piece of work" });
    const usd = within(usual).getByRole("textbox", { name: "US dollars" });
    await user.type(usd, "-2");
    expect(within(usual).getByText("Give a number above zero, or leave it empty.")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Save" })).toBeDisabled();
    await user.clear(usd);
    await user.type(usd, "3");
    await user.type(within(most).getByRole("textbox", { name: "US dollars" }), "2");
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await within(usual).findByText(/The usual budget is over the limit/)).toBeInTheDocument();
    await user.clear(usd);
    await user.type(usd, "1");
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("Saved.")).toBeInTheDocument();
    expect(screen.getByText(/\$1.25 over 4 pieces of work/)).toBeInTheDocument();
  });
});

describe("a budget that two people set at once", () => {
  const budget = (most: { usd?: number; tokens?: number }, version: number) => ({ default: {}, most, version, changed_by: "Ada", changed_at: "2026-11-20T10:00:00Z" });

  it("keeps what was typed over what stands there now", () => {
    const typed = { default: { usd: "", tokens: "", seconds: "" }, most: { usd: "5", tokens: "1000", seconds: "" } };
    const after = budget({ usd: 8, tokens: 2000 }, 3);
    expect(rebased(typed, budget({ usd: 3, tokens: 1000 }, 2), after).most).toEqual({ usd: "5", tokens: "2000", seconds: "" });
    expect(budgetChanges(budget({ usd: 3 }, 2), after)).toEqual([
      "The most of one piece of work, US dollars: $3.00 → $8.00.",
      "The most of one piece of work, tokens: no limit → 2,000 tokens.",
    ]);
  });
  it("tells the second one what the first one changed, and saves over it only when asked again", async () => {
    const { user } = open("/settings/budgets");
    const most = await screen.findByRole("group", { name: "The most of one piece of work" });
    const usd = within(most).getByRole("textbox", { name: "US dollars" });
    // What holds where nothing is typed.
    expect(usd).toHaveAttribute("placeholder", "no limit");
    expect(within(screen.getByRole("group", { name: "The usual budget" })).getByRole("textbox", { name: "US dollars" })).toHaveAttribute("placeholder", "agent’s");
    await user.type(usd, "5");
    const theirs = { ...structuredClone(data.projects[0]), budget: budget({ usd: 8, tokens: 2000 }, 2) };
    const sent: unknown[] = [];
    server.use(
      http.get(url("/projects/p-check"), () => HttpResponse.json(theirs)),
      http.patch(url("/projects/p-check"), async ({ request }) => {
        const body = (await request.json()) as { budget: Project["budget"]; budget_version: number };
        sent.push(body);
        if (body.budget_version !== 2) return problem(409, "budget_changed", "Ada changed what work may cost meanwhile.", { version: 2 });
        return HttpResponse.json({ ...theirs, budget: { ...theirs.budget, ...body.budget, version: 3 } });
      }),
    );
    await user.click(screen.getByRole("button", { name: "Save" }));
    const told = await screen.findByText(/Ada changed this/);
    expect(told).toHaveTextContent("The most of one piece of work, US dollars: no limit → $8.00.");
    expect(told).toHaveTextContent("What you typed is still here.");
    expect(usd).toHaveValue("5");
    expect(within(most).getByRole("textbox", { name: "tokens" })).toHaveValue("2000");
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("Saved.")).toBeInTheDocument();
    expect(screen.queryByText(/Ada changed this/)).toBeNull();
    expect(sent).toEqual([
      { budget: { default: {}, most: { usd: 5 } }, budget_version: 1 },
      { budget: { default: {}, most: { usd: 5, tokens: 2000 } }, budget_version: 2 },
    ]);
  });
  it("shows how near the largest piece of work came to each limit", async () => {
    const limited = { ...structuredClone(data.projects[0]), budget: budget({ usd: 1 }, 2) };
    server.use(http.get(url("/projects"), () => HttpResponse.json({ items: [limited], next_cursor: null })));
    open("/settings/budgets");
    expect(await screen.findByRole("progressbar")).toHaveAttribute("aria-valuetext", "$0.80 of $1.00");
  });
});

describe("projects", () => {
  it("say on their pages that they are archived; what waits in one is found by its name in the inbox", async () => {
    const [first, ...others] = structuredClone(data.projects);
    const archived = { ...first!, archived_at: "2026-01-02T00:00:00Z", counts: { ...first!.counts, waiting: 1 } };
    const done = { ...archived, id: "p-done", name: "Done", counts: { ...archived.counts, waiting: 0 } };
    server.use(
      http.get(url("/projects"), ({ request }) =>
        HttpResponse.json({ items: new URL(request.url).searchParams.get("archived") === "true" ? [archived, done] : others, next_cursor: null }),
      ),
      http.get(url("/projects/:pid"), () => HttpResponse.json(archived)),
    );
    const { router } = open("/inbox");
    const field = await screen.findByRole("combobox", { name: /^Project/ });
    expect(await within(field).findByRole("option", { name: `${archived.name} (archived)` })).toHaveValue(archived.id);
    expect(within(field).queryByRole("option", { name: /^Done/ })).toBeNull();
    for (const path of ["new", "sources"]) {
      await act(() => router.navigate({ to: `/projects/${archived.id}/${path}` as "/" }));
      const line = (await screen.findByText(/^This project is archived\. Nothing new comes into it\.$/)).closest<HTMLElement>("[role=status]")!;
      expect(within(line).getByRole("button", { name: `Bring ${archived.name} back` })).toBeEnabled();
    }
  });
  it("offer nothing that would be refused while they are archived, and what was begun goes on", async () => {
    const first = structuredClone(data.projects[0]!);
    const archived = { ...first, archived_at: "2026-01-02T00:00:00Z" };
    const failed = { code: "provider_error", message: "It broke off.", hint: null, retryable: true };
    let session: object = {};
    server.use(
      http.get(url("/projects/:pid"), () => HttpResponse.json(archived)),
      http.get(url("/projects/:pid/work-sessions/:sid"), () => HttpResponse.json(session)),
    );
    const [one] = data.sessions.filter((s) => s.project_id === first.id && s.agent_type !== "check");
    const { router } = open(`/projects/${first.id}`);
    const go = (path: string) => act(() => router.navigate({ to: `/projects/${first.id}/${path}` as "/" }));
    await screen.findByText(/^Archived .*Nothing new comes into it\.$/);
    expect(screen.queryByRole("link", { name: "New work" })).toBeNull();
    expect(screen.queryByRole("button", { name: /Add sources|Choose files/ })).toBeNull();
    await go("new");
    expect(await screen.findByRole("heading", { name: /^New work/ })).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: /Ctrl/ })).toBeNull();
    await go("sources");
    await screen.findByText(/^This project is archived/);
    expect(screen.queryByRole("button", { name: /Choose files/ })).toBeNull();
    await go("agents");
    await screen.findByRole("heading", { name: "Agents" });
    await screen.findByText("Research");
    expect(screen.queryByRole("link", { name: "Ask it" })).toBeNull();
    const at = async (id: string, changes: object) => {
      session = { ...one, id, session_id: id, project_archived: true, checkpoint_id: null, failure: null, ...changes };
      await go(`sessions/${id}`);
      return within(await screen.findByRole("contentinfo"));
    };
    let acts = await at("s-idle", { status: "initialized" });
    expect(await acts.findByText("Its project is archived: it can be started when the project is back.")).toBeInTheDocument();
    expect(acts.getAllByRole("button").map((b) => b.textContent)).toEqual(["Cancel this work"]);
    acts = await at("s-failed", { status: "failed", failure: failed });
    expect(await acts.findByText("Its project is archived, so nothing is started from it.")).toBeInTheDocument();
    expect(acts.queryAllByRole("button")).toEqual([]);
    expect(acts.queryAllByRole("link")).toEqual([]);
    acts = await at("s-waits", { status: "pending_review", checkpoint_id: "cp" });
    expect(await acts.findByRole("link", { name: /review/i })).toBeInTheDocument();
  });
  it("are archived after it is said what that means, and brought back", async () => {
    const { user } = open("/settings/projects");
    await screen.findByText("No project is archived.");
    await user.click(screen.getByRole("button", { name: "Archive Annual report" }));
    expect(screen.getByText(/It leaves the lists with what has ended in it.*it can be brought back\./)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Keep it" }));
    await user.click(screen.getByRole("button", { name: "Archive Annual report" }));
    await user.click(screen.getByRole("button", { name: "Archive it" }));
    expect(await screen.findByText("Annual report is archived.")).toBeInTheDocument();
    await user.click(await screen.findByRole("button", { name: "Bring Annual report back" }));
    expect(await screen.findByText("Annual report is back on the lists.")).toBeInTheDocument();
    await screen.findByText("No project is archived.");
  });
});

describe("templates", () => {
  it("that somebody else renamed say so, and keep the name that was typed", async () => {
    const saved: Template = {
      id: "t-1", project_id: "p-check", name: "Weekly", agent_type: "research", content: { agent_type: "research" }, version: 1, changed_by: null,
      created_at: "2026-11-01T10:00:00Z", updated_at: "2026-11-01T10:00:00Z", uses: 0, last_used_at: null, last_time: null,
    };
    server.use(...workHandlers([], [saved]));
    const { user } = open("/settings/templates");
    await user.click(await screen.findByRole("button", { name: "Rename Weekly" }));
    Object.assign(saved, { name: "Every week", version: 2, changed_by: "Ada" });
    const name = screen.getByRole("textbox", { name: "Name" });
    await user.clear(name);
    await user.type(name, "Monthly{Enter}");
    expect(await screen.findByText(/Ada changed the template “Every week” meanwhile/)).toBeInTheDocument();
    expect(await screen.findByText("It is called “Every week” now.")).toBeInTheDocument();
    expect(name).toHaveValue("Monthly");
    await user.type(name, "{Enter}");
    expect(await screen.findByText("It is called Monthly now.")).toBeInTheDocument();
    // What somebody changed is not deleted as what it was.
    Object.assign(saved, { name: "Law", version: saved.version + 1, changed_by: "Ada" });
    await user.click(screen.getByRole("button", { name: "Delete Monthly" }));
    await user.click(screen.getByRole("button", { name: "Delete it" }));
    expect(await screen.findByText(/Ada changed the template meanwhile/)).toBeInTheDocument();
    await user.click(await screen.findByRole("button", { name: "Delete it" }));
    expect(await screen.findByText("Law was deleted.")).toBeInTheDocument();
  });
  it("are renamed, and deleted after a second press", async () => {
    server.use(
      ...workHandlers([], [
        {
          id: "t-1", project_id: "p-check", name: "Weekly", agent_type: "research", content: { agent_type: "research" }, version: 1, changed_by: null,
          created_at: "2026-11-01T10:00:00Z", updated_at: "2026-11-01T10:00:00Z", uses: 0, last_used_at: null, last_time: null,
        },
      ]),
    );
    const { user } = open("/settings/templates");
    await user.click(await screen.findByRole("button", { name: "Rename Weekly" }));
    const name = screen.getByRole("textbox", { name: "Name" });
    await user.clear(name);
    await user.type(name, "Monthly{Enter}");
    expect(await screen.findByText("It is called Monthly now.")).toBeInTheDocument();
    await user.click(await screen.findByRole("button", { name: "Delete Monthly" }));
    expect(screen.getByText("Work that was started from it stays as it is.")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Delete it" }));
    expect(await screen.findByText("Monthly was deleted.")).toBeInTheDocument();
    expect(await screen.findByText(/No template is saved in this project/)).toBeInTheDocument();
  });
});

describe("appearance", () => {
  it("is kept in the browser", async () => {
    const { user } = open("/settings/appearance");
    await user.click(await screen.findByRole("radio", { name: "Dense" }));
    expect(document.documentElement.dataset["density"]).toBe("dense");
    expect(localStorage.getItem("proofroom.density")).toBe("dense");
    await user.click(screen.getByRole("radio", { name: "Comfortable" }));
    expect(document.documentElement.dataset["density"]).toBeUndefined();
    expect(localStorage.getItem("proofroom.density")).toBeNull();
  });
});

describe("a policy", () => {
  it("is tried on the latest work as it is typed, and says when the trial is old", async () => {
    const { user } = open("/projects/p-check/policy");
    await user.click(await screen.findByRole("button", { name: "Try it" }));
    expect(await screen.findByText(/The last piece of work would have gone as it does today/)).toBeInTheDocument();
    await user.type(screen.getByRole("textbox", { name: /due/i }), "4");
    expect(screen.getByText(/The settings were changed since/)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Try it again" }));
    expect(await screen.findByText("1 of the last 1 would have gone otherwise.")).toBeInTheDocument();
    expect(screen.getByText("Decided too late: 0 today, 1 with this.", { exact: false })).toBeInTheDocument();
    expect(screen.getByText(/decided after it was due/)).toBeInTheDocument();
  });
});

describe("keys, webhooks and schedules", () => {
  it("have no place before they work", async () => {
    open("/settings");
    const nav = await screen.findByRole("navigation", { name: "Settings" });
    expect(within(nav).getAllByRole("link").map((link) => link.textContent)).toEqual(["Members", "Projects", "Agents", "Templates", "Policies", "Budgets", "Appearance"]);
    await waitFor(() => expect(within(nav).getByRole("link", { name: "Members" })).toHaveAttribute("aria-current", "page"));
  });
});
