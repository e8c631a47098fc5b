import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import { lineOf, nameIn, saidOf, spanOf, startFrom } from "@/agents/agents";
import { ApiError } from "@/api/client";
import type { Agent, Source } from "@/api/types";
import { troubleOf } from "@/components/RuntimeNotice";
import { modelProblem, runtimeWords, specOf, specText } from "@/lib/runtime";
import { amount, budgetAsk, limitsOf, limitWords, repairWords, tokensWords, turnsOf } from "@/lib/usage";
import { agents as fixtures, checkpoints } from "@/mocks/data";
import { problem } from "@/mocks/answers";
import { fieldOf, firstRuntime, runtimesFor, withSources, workBody } from "@/newwork/request";
import { claimsWords } from "@/pages/steps";
import { uncitedWords } from "@/review/Evidence";
import { open } from "./app";
import { server } from "./setup";

const refusal = (field: string | null, code = "config_invalid", extra: Record<string, unknown> = {}) =>
  new ApiError(422, { code, detail: "the definition, line 7: unknown key tool.", field, ...extra });
const able = (agent: Agent, names: string[], default_runtime: string): Agent => ({
  ...agent,
  default_runtime,
  runtimes: agent.runtimes.map((r) => ({ ...r, available: names.includes(r.name), why_not: names.includes(r.name) ? null : "The key is refused." })),
});
const research = fixtures[0]!;
const fixturesOf = (text: string) =>
  checkpoints.flatMap((one) => one.packet.artifacts.flatMap((a) => a.claims)).find((claim) => claim.text === text)!;

describe("who does the work", () => {
  it("keeps the colons of a model's name", () => {
    expect(specOf("pydantic_ai:ollama:llama3.3:70b")).toEqual({ name: "pydantic_ai", model: "ollama:llama3.3:70b" });
    expect(specText({ name: "claude", model: "  " })).toBe("claude");
    expect(runtimeWords("claude:opus")).toBe("Claude: opus");
    expect(runtimeWords("extractive")).toBe("quote finder, no AI used");
    expect(runtimeWords("scripted:/srv/x.yaml")).toBe("script");
    expect(runtimeWords("none")).toBeNull();
  });
  it("asks for a model only where one is needed, and for a provider that is set up", () => {
    expect(modelProblem({ name: "claude", model: "" }, [])).toBeNull();
    expect(modelProblem({ name: "pydantic_ai", model: " " }, ["openai"])).toMatch(/Name the model/);
    expect(modelProblem({ name: "pydantic_ai", model: "gpt-5" }, ["openai"])).toMatch(/colon/);
    expect(modelProblem({ name: "pydantic_ai", model: "mistral:large" }, ["openai", "ollama"])).toBe("mistral is not set up here. These are: openai, ollama.");
    expect(modelProblem({ name: "pydantic_ai", model: "openai:gpt-5" }, ["openai"])).toBeNull();
  });
  it("starts with the default where it can run, else with the first that can", () => {
    expect(firstRuntime(able(research, ["extractive", "claude"], "claude:opus"))).toEqual({ name: "claude", model: "opus" });
    expect(firstRuntime(able(research, ["extractive"], "claude:opus"))).toEqual({ name: "extractive", model: "" });
  });
  it("does not offer the quote finder for kinds of work it does not know", () => {
    const own = able({ ...research, name: "minutes" }, ["extractive", "claude"], "extractive");
    expect(runtimesFor(own).find((r) => r.name === "extractive")).toMatchObject({ available: false });
    expect(firstRuntime(own).name).toBe("claude");
  });
  it("leaves it to an agent of one's own to start", () => {
    const values = { task: " Why? ", title: "", draft: "", config: {}, strategy: "final_only" as const, usd: "2", minutes: "", tokens: "", folder: "", left: [], model: "left over" };
    expect(workBody(research, research.config_schema, { ...values, runtime: "external" }, null)).toMatchObject({ runtime: "external", auto_execute: false, task_description: "Why?" });
    expect(workBody(research, research.config_schema, { ...values, runtime: "extractive" }, ["s1"])).toEqual({
      agent_type: "research", task_description: "Why?", config: {}, approval_strategy: "final_only", source_ids: ["s1"], runtime: "extractive", auto_execute: true,
    });
  });
  it("finds the field that a refusal is about", () => {
    expect(fieldOf(refusal("config.focus_areas.3"), research.config_schema, "claude")).toBe("config.focus_areas");
    expect(fieldOf(refusal("/config/depth"), research.config_schema, "claude")).toBe("config.depth");
    expect(fieldOf(refusal("config.include_sources"), research.config_schema, "claude")).toBe("left");
    expect(fieldOf(refusal("runtime", "unknown_runtime"), research.config_schema, "pydantic_ai")).toBe("model");
    expect(fieldOf(refusal("runtime", "runtime_unavailable"), research.config_schema, "extractive")).toBe("runtime");
    expect(fieldOf(refusal("budget.seconds"), research.config_schema, "claude")).toBe("minutes");
    expect(fieldOf(refusal(null), research.config_schema, "claude")).toBeNull();
  });
  it("lets sources be chosen where a setting names them", () => {
    const source = (id: string, title: string, tables: unknown[] = []) => ({ id, title, tables }) as unknown as Source;
    const schema = { properties: { data_sources: { type: "array", items: { type: "string" } }, brand_voice: { type: "array", items: { type: "string" } } } };
    const { properties } = withSources(schema, [source("1", "Notes"), source("2", "Sales", [{}]), source("3", "Notes")]);
    expect(properties?.["data_sources"]?.items?.enum).toEqual(["Sales"]);
    expect(properties?.["brand_voice"]?.items).toMatchObject({ enum: ["1", "Sales", "3"], enum_titles: ["Notes", "Sales", "Notes"] });
    expect(withSources(schema, []).properties?.["brand_voice"]?.items?.enum).toBeUndefined();
  });
  it("names what keeps the default from running", () => {
    expect(troubleOf([able(research, ["extractive"], "claude")])).toEqual({ who: "Claude", why: "The key is refused." });
    expect(troubleOf([able(research, ["extractive"], "extractive")])).toBeNull();
    const [other] = [able(research, ["pydantic_ai"], "pydantic_ai:mistral:large")];
    expect(troubleOf([other!])).toMatchObject({ why: "mistral is not set up here. These are: openai, ollama." });
    expect(troubleOf([{ ...other!, default_runtime: "pydantic_ai:openai:gpt-5" }])).toBeNull();
    expect(troubleOf([{ ...other!, default_runtime: "nothing" }])).toMatchObject({ who: "nothing" });
    expect(troubleOf([])).toBeNull();
  });
});

describe("what was used", () => {
  it("says limits with their extensions", () => {
    const limits = limitsOf({ usd: 2, tokens: 100, seconds: 60, extensions: 1 }, { cost_usd: 3.7, tokens: 12, seconds: 30 });
    expect(limits.map(limitWords)).toEqual(["$3.70 of $4.00, nearly used up", "12 tokens of 200 tokens", "30\u00a0s of 2\u00a0min"]);
    expect(limitWords({ what: "usd", used: 2, of: 2 })).toBe("$2.00 of $2.00, used up");
  });
  it("keeps the digits that a small sum needs", () => {
    expect([0, 0.0042, 0.0999, 0.38, 1234.5].map((n) => amount("usd", n))).toEqual(["$0.00", "$0.0042", "$0.1", "$0.38", "$1,234.50"]);
  });
  it("reads turns and what a budget asks with, and nothing from other shapes", () => {
    const [turn] = turnsOf([
      { type: "said", data: {} },
      { type: "turn_used", data: { turn: 3, purpose: "repair", model: "m", tokens_in: 1200, cache_read: 1000, tokens_out: 50, cost_usd: 0.02, price: "unknown", seconds: 4 } },
    ]);
    expect(turn).toMatchObject({ n: 3, repair: true, unpriced: true });
    expect(tokensWords(turn!)).toBe("1,200 tokens in, 1,000 of them from the cache; 50 out");
    const ask = budgetAsk({ limit: "usd", used: 1.9, of: 2, expected: 0.2, adds: { usd: 2, seconds: 600 }, turns: 4, models: { m: { turns: 4, tokens_in: 5, tokens_out: 6, cost_usd: 1.9 } } });
    expect(ask).toMatchObject({ limit: { what: "usd", used: 1.9, of: 2 }, adds: [{ what: "usd", value: 2 }, { what: "seconds", value: 600 }], models: [{ model: "m", turns: 4, unpriced: false }] });
    expect(budgetAsk("The budget is used up.")).toBeNull();
    expect(budgetAsk({ limit: "usd", used: 1, of: 0 })).toBeNull();
  });
  it("counts as passed what was compared, and no opinion", () => {
    expect(claimsWords({ claims: 5, passed: 3, opinions: 2, needs_you: 0 })).toBe("3 claims passed automatic checks");
    expect(claimsWords({ claims: 4, passed: 1, opinions: 3, needs_you: 0 })).toBe("1 claim passed automatic checks");
    expect(claimsWords({ claims: 2, passed: 0, opinions: 2, needs_you: 0 })).toBe("Opinions only: nothing was compared");
    expect(claimsWords({ claims: 3, passed: 2, opinions: 0, needs_you: 1 })).toBe("1 of 3 need you");
  });
  it("says that no source speaks of a claim only where sources were asked", () => {
    const claim = fixturesOf("More sunny days may have helped.");
    expect(uncitedWords(claim)).toMatch(/^The sentence cites nothing/);
    expect(uncitedWords({ ...claim, checks: [] })).toMatch(/^No source of this project speaks of it/);
    expect(uncitedWords({ ...claim, opinion: true })).toMatch(/marked as opinion/);
  });
  it("says what became of the claims that went back", () => {
    const counts = (unsupported: number, uncited = 0) => ({ claims: 9, unsupported, uncited, conflict: 0 });
    expect(repairWords({ state: "ended", before: counts(2, 1), after: counts(1) })).toBe("2 of 3 doubtful claims were set right before you saw it.");
    expect(repairWords({ state: "ended", before: counts(1), after: counts(0) })).toBe("The one doubtful claim was set right before you saw it.");
    expect(repairWords({ state: "ended", before: counts(2, 1), after: { ...counts(1), claims: 7 } })).toBe("2 of 3 doubtful claims were set right or left out before you saw it.");
    expect(repairWords({ state: "ended", before: counts(2), after: counts(3) })).toMatch(/now 3 are doubtful/);
    expect(repairWords({ state: "ended", before: counts(2), after: null, outcome: "failed", why: "The provider was busy." })).toMatch(/none was set right. The provider was busy.$/);
    expect(repairWords({ state: "skipped", before: counts(2), why: "The budget is used up." })).toBe("2 doubtful claims were not sent back to the agent. The budget is used up.");
  });
});

describe("a definition", () => {
  const text = "# ours\nname: research\ntitle: Research\ngoal: $& stays\n";
  it("starts from a built-in one under a name that is free", () => {
    const started = startFrom(text, ["research", "my_research"]);
    expect(nameIn(started)).toBe("my_research_2");
    expect(started).toContain("title: My research");
    expect(started).toContain("goal: $& stays");
  });
  it("finds the line that a refusal names", () => {
    expect(lineOf(refusal(null))).toBe(7);
    expect(lineOf(refusal(null, "definition_invalid", { line: 12 }))).toBe(12);
    expect(lineOf(new Error("line 3"))).toBeNull();
    expect(saidOf(refusal(null))).toBe("Unknown key tool.");
    expect(spanOf("a\nbcd\ne", 2)).toEqual({ start: 2, end: 5 });
    expect(spanOf("a\nb", 9)).toEqual({ start: 2, end: 3 });
  });
});

describe("the page of a project's agents", () => {
  it("adds from a built-in text, jumps to the line that is wrong, edits and removes", async () => {
    const { user } = open("/projects/p-check/agents");
    await user.click(await screen.findByRole("button", { name: "Add an agent" }));
    const editor = screen.getByRole("region", { name: "Add an agent" });
    await user.click(within(editor).getByRole("button", { name: "Research" }));
    const field = screen.getByLabelText<HTMLTextAreaElement>("Definition, as YAML");
    expect(field.value).toContain("name: my_research");
    await user.type(field, "tool: none");
    await user.click(within(editor).getByRole("button", { name: /^Add this agent/ }));
    await user.click(await screen.findByRole("button", { name: "Line 9" }));
    expect(field.value.slice(field.selectionStart, field.selectionEnd)).toBe("tool: none");
    expect(field).toHaveAttribute("aria-invalid", "true");
    await user.keyboard("{Delete}");
    await user.click(within(editor).getByRole("button", { name: /^Add this agent/ }));
    expect(await screen.findByText("My research: version 1 is saved.")).toBeInTheDocument();
    await user.click(await screen.findByRole("button", { name: "Edit My research" }));
    await user.type(screen.getByLabelText("Definition, as YAML"), "# more");
    await user.click(screen.getByRole("button", { name: /^Save as version 2/ }));
    expect(await screen.findByText("My research: version 2 is saved.")).toBeInTheDocument();
    await user.click(await screen.findByRole("button", { name: "Remove My research" }));
    await user.click(screen.getAllByRole("button", { name: "Remove My research" }).at(-1)!);
    expect(await screen.findByText("My research is not offered any more.")).toBeInTheDocument();
  });
});

describe("new work with another provider", () => {
  it("needs a model, and shows a refusal of it beside its field", async () => {
    let sent: Record<string, unknown> = {};
    server.use(
      http.post("*/api/projects/:pid/work-sessions", async ({ request }) => {
        sent = (await request.json()) as typeof sent;
        return problem(422, "unknown_runtime", "openai: no such model.", { field: "runtime" });
      }),
    );
    const { user } = open("/projects/p-check/new?agent=research");
    await user.type(await screen.findByLabelText("Question"), "Why?");
    expect(screen.getByRole("radio", { name: /^Claude/ })).toBeDisabled();
    expect(screen.getByText("It needs a key: set ANTHROPIC_API_KEY and start again.")).toBeInTheDocument();
    await user.click(screen.getByRole("radio", { name: /^Other providers/ }));
    await user.click(screen.getByRole("button", { name: /^Start research/ }));
    expect(await screen.findByText("Name the model, with its provider.")).toBeInTheDocument();
    await user.type(screen.getByLabelText("Model"), "openai:gpt-5");
    await user.click(screen.getByRole("button", { name: /^Start research/ }));
    expect(await screen.findByText("openai: no such model.")).toBeInTheDocument();
    expect(sent).toMatchObject({ runtime: "pydantic_ai:openai:gpt-5" });
    expect(screen.getByLabelText("Model")).toHaveAttribute("aria-invalid", "true");
  });
});

describe("the first page", () => {
  it.each(["/inbox", "/work"])("says on %s that the default runtime cannot run, with what to do", async (path) => {
    server.use(http.get("*/api/agents", () => HttpResponse.json({ items: [able(research, ["extractive"], "claude")], next_cursor: null })));
    const { user } = open(path);
    expect(await screen.findByText("Claude, the usual choice for new work, cannot run here.")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Close" }));
    await waitFor(() => expect(screen.queryByText("Claude, the usual choice for new work, cannot run here.")).not.toBeInTheDocument());
  });
});
