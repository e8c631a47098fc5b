import { act, renderHook, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { SourceContradiction, SourceMore } from "@/api/substrate";
import { useSettled } from "@/lib/settled";
import { problem } from "@/mocks/answers";
import { contradictions } from "@/mocks/substrate";
import * as data from "@/mocks/data";
import { held, idOf, pairsOf, sideOf, stateOfAll } from "@/sources/contradictions";
import { open } from "./app";
import { server } from "./setup";

const PAGE = "/projects/p-check/sources?view=contradictions";
const [one] = contradictions(data.sources.map((source) => ({ ...source, retracted_at: null })), null).items as [SourceContradiction];
const other: SourceContradiction = { ...one, a: { ...one.a, block_id: "elsewhere" } };

describe("a list of contradictions", () => {
  it("keeps its order when it is renewed: what is gone stays, what is new stands last", () => {
    const first = held([], [one]);
    expect(first).toEqual([{ id: idOf(one), item: one, gone: false }]);
    const turned = { ...one, a: one.b, b: one.a };
    expect(held(first, [other, turned]).map(({ item, gone }) => [item, gone])).toEqual([[one, false], [other, false]]);
    const gone = held(first, [other]);
    expect(gone.map((row) => row.gone)).toEqual([true, false]);
    expect(held(gone, [one]).map((row) => row.gone)).toEqual([false, true]);
  });
  it("shows the sentence with what stands around it, counted in code points, and leads to the sentence", () => {
    const text = `${"🌍".repeat(200)} It holds 40 ships. ${"x".repeat(300)}`;
    const side = sideOf({ ...one.a, text, char_start: 1_000, char_end: 1_520, says: "40", sentence: [201, 219], differs: [210, 212] });
    const shown = [...(side.passage?.text ?? "")];
    expect(shown.slice(side.at?.start, side.at?.end).join("")).toBe("40");
    expect([shown[0], shown.at(-1)]).toEqual(["…", "…"]);
    expect(shown.length).toBe(18 + 2 * 160 + 4);
    expect([side.passage?.char_start, side.passage?.char_end]).toEqual([1_201, 1_219]);
    const words = sideOf({ ...one.a, text: `${"word ".repeat(50)}It holds 40 ships.${" word".repeat(50)}`, sentence: [250, 268], differs: [259, 261] });
    expect(words.passage?.text).toMatch(/^… word word .* word …$/);
    expect([...(words.passage?.text ?? "")].slice(words.at?.start, words.at?.end).join("")).toBe("40");
    const short = sideOf({ ...one.a, text: "It holds 40 ships.", sentence: [0, 18], differs: [9, 11] });
    expect([short.passage?.text, short.at]).toEqual(["It holds 40 ships.", { start: 9, end: 11 }]);
  });
  it("tells a source's own side from the other", () => {
    expect(pairsOf([one], one.b.source_id)[0]).toMatchObject({ own: one.b, other: one.a });
    expect(pairsOf([one], one.a.source_id)[0]).toMatchObject({ own: one.a, other: one.b });
  });
  it("is of the sources that are read", () => {
    const made = (status: string, updated_at: string) => ({ status, updated_at }) as SourceMore;
    expect(stateOfAll([made("processing", "2")])).toBe("");
    expect(stateOfAll([made("ready", "1"), made("processing", "3"), made("failed", "2")])).toBe("2 0 2");
    expect(stateOfAll([{ ...made("ready", "2"), retracted_at: "2" }])).toBe("1 1 2");
  });
});

describe("a value that settles", () => {
  afterEach(() => vi.useRealTimers());
  it("counts at once the first time, then when it stands still, and after the longest wait in any case", () => {
    vi.useFakeTimers();
    const { result, rerender } = renderHook(({ value }) => useSettled(value, (v) => v === "", 100, 250), { initialProps: { value: "" } });
    rerender({ value: "a" });
    expect(result.current).toBe("a");
    rerender({ value: "b" });
    act(() => void vi.advanceTimersByTime(99));
    expect(result.current).toBe("a");
    act(() => void vi.advanceTimersByTime(1));
    expect(result.current).toBe("b");
    for (const value of ["c", "d", "e"]) {
      rerender({ value });
      act(() => void vi.advanceTimersByTime(80));
    }
    expect(result.current).toBe("b");
    rerender({ value: "f" });
    act(() => void vi.advanceTimersByTime(10));
    expect(result.current).toBe("f");
  });
});

describe("the page of contradictions", () => {
  it("shows both sides with what differs, and leads to the very sentences", async () => {
    const { user, router } = open(PAGE);
    expect(await screen.findByText("150 km", { selector: "mark" })).toBeInTheDocument();
    expect(screen.getByText("226 km", { selector: "mark" })).toBeInTheDocument();
    expect(screen.getByText("Different numbers: first closest approach")).toBeInTheDocument();
    expect(screen.getByText("The same two sentences stand in 1 more pair of passages.")).toBeInTheDocument();
    expect(screen.getByText("1,200 passages compared; rows of tables, headings and code are not.")).toBeInTheDocument();
    const views = screen.getByRole("navigation", { name: "On this page" });
    expect(within(views).getByRole("link", { name: "Contradictions 1" })).toHaveAttribute("aria-current", "page");
    expect(within(views).getByRole("link", { name: /^Sources/ })).not.toHaveAttribute("aria-current");
    const list = screen.getByRole("list", { name: "Contradictions" });
    await user.click(within(list).getAllByRole("link")[0]!);
    await waitFor(() => expect(router.state.location.pathname).toBe("/projects/p-check/sources/press"));
    expect(router.state.location.search).toMatchObject({ start: one.a.char_start, version: 1 });
    // The reader says where others disagree.
    // Beside the text and, where there is no room, below it; the style sheet shows one of them.
    expect(await screen.findAllByRole("heading", { name: "1 passage elsewhere contradicts this source" })).toHaveLength(2);
    expect(screen.getAllByRole("link", { name: /^226 km in “Mishap board/ })).toHaveLength(2);
  });
  it("retracts a source with what rests on it; what was read stays where it was", async () => {
    const { user } = open(PAGE);
    await user.click(await screen.findByRole("button", { name: /^Retract “Mishap board/ }));
    expect(await screen.findByText("Work that was given it")).toBeInTheDocument();
    await user.type(screen.getByLabelText("Why should nobody rely on it?"), "Superseded");
    await user.click(screen.getByRole("button", { name: "Retract it" }));
    expect(await screen.findByText(/^“Mishap board.* was retracted\.$/)).toBeInTheDocument();
    expect(await screen.findByText(/^No longer there/, undefined, { timeout: 5_000 })).toBeInTheDocument();
    expect(screen.getByText("226 km", { selector: "mark" })).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "Contradictions 0" })).toBeInTheDocument();
    expect(screen.getByRole("button", { name: /^Retract “Statements/ })).toBeDisabled();
  });
  it("notes which one holds, in words that can be changed first", async () => {
    let sent: unknown;
    server.use(http.post("*/api/projects/:pid/memory", async ({ request }) => HttpResponse.json((sent = await request.json()), { status: 201 })));
    const { user } = open(PAGE);
    await user.click(await screen.findByRole("button", { name: /^What “Statements .* says holds/ }));
    const field = screen.getByRole("textbox", { name: /told|instruction|Instruction/ });
    expect(field).toHaveValue("On first closest approach: “150 km” holds (“Statements and press, autumn 1999: our notes”), not “226 km” (“Mishap board, phase I: our notes”).");
    await user.type(field, " Ask first.");
    await user.click(screen.getByRole("button", { name: "Add it" }));
    expect(await screen.findByText("Noted as a standing instruction: agents are told which one holds.")).toBeInTheDocument();
    expect(sent).toMatchObject({ kind: "instruction", text: expect.stringMatching(/Ask first\.$/), scope: { project_id: "p-check" } });
  });
  it("offers a viewer nothing that they may not do", async () => {
    server.use(http.get("*/api/me", () => HttpResponse.json({ ...data.me, role: "viewer" })));
    open(PAGE);
    expect(await screen.findByText("150 km", { selector: "mark" })).toBeInTheDocument();
    await waitFor(() => expect(screen.queryByRole("button", { name: /holds$|^Retract/ })).toBeNull());
  });
  it("says what was compared of how much, that nothing was found, and that it failed", async () => {
    server.use(http.get("*/api/projects/:pid/contradictions", () => HttpResponse.json({ items: [], found: 0, compared: 5_000, comparable: 8_900, complete: true, forms: 0, message: "5,000 of 8,900 passages were compared, the newest sources first." })));
    const { user } = open("/projects/p-check/sources");
    await user.click(await screen.findByRole("link", { name: "Contradictions 0" }));
    expect(await screen.findByText("No two passages were found that disagree.")).toBeInTheDocument();
    expect(screen.getByText(/5,000 of 8,900 passages were compared, the newest sources first\.$/)).toBeInTheDocument();
  });
  it("can be asked again after it failed", async () => {
    let fails = true;
    server.use(http.get("*/api/projects/:pid/contradictions", () => (fails ? problem(503, "comparing_busy", "Many passages are being compared just now.", { hint: "Try again in a moment." }) : undefined)));
    const { user } = open(PAGE);
    expect(await screen.findByText("The passages could not be compared")).toBeInTheDocument();
    expect(screen.getByText("Many passages are being compared just now.")).toBeInTheDocument();
    fails = false;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("150 km", { selector: "mark" })).toBeInTheDocument();
  });
  it("says that nothing is read yet", async () => {
    server.use(http.get("*/api/projects/:pid/sources", () => HttpResponse.json({ items: data.sources.slice(0, 1).map((source) => ({ ...source, status: "processing", version: 0 })), next_cursor: null })));
    open(PAGE);
    expect(await screen.findByText(/^Nothing is read yet/)).toBeInTheDocument();
  });
});

describe("a source that is read, where comparing is refused", () => {
  const READER = "/projects/p-check/sources/press";
  const unknown = () => screen.findAllByText(/^Whether other sources contradict this one is not known\./);
  const refuse = (status: number, code: string, detail: string, hint: string) => http.get("*/api/projects/:pid/contradictions", () => problem(status, code, detail, { hint }));

  it("says why and asks again when told to; the words and the focus stay meanwhile", async () => {
    server.use(refuse(503, "comparing_busy", "Many passages are being compared just now.", "Try again in a moment."));
    const { user } = open(READER);
    const [line] = await unknown();
    expect(line).toHaveTextContent("is not known. Many passages are being compared just now. Try again in a moment.");
    const [button] = await screen.findAllByRole("button", { name: "Try again" });
    let answer = () => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    server.resetHandlers();
    server.use(http.get("*/api/projects/:pid/contradictions", () => held.then(() => undefined)));
    await user.click(button!);
    expect(await screen.findAllByRole("button", { name: "Trying again" })).not.toHaveLength(0);
    expect(button).toHaveFocus();
    expect(line).toHaveTextContent(/just now\. Try again in a moment\.$/);
    answer();
    expect(await screen.findAllByRole("heading", { name: "1 passage elsewhere contradicts this source" })).toHaveLength(2);
    await waitFor(() => expect(document.activeElement).toHaveClass("elsewhere"));
    expect(screen.queryByText(/is not known/)).toBeNull();
  });
  it("says so when nothing was found then", async () => {
    server.use(refuse(503, "comparing_stopped", "The process that compares passages ended before it was done.", "Try again in a moment."));
    const { user } = open(READER);
    const [button] = await screen.findAllByRole("button", { name: "Try again" });
    server.use(http.get("*/api/projects/:pid/contradictions", () => HttpResponse.json({ items: [], found: 0, compared: 9, comparable: 9, complete: true, forms: 0, message: "" })));
    await user.click(button!);
    expect(await screen.findAllByText(/^Compared now: no passage elsewhere/)).toHaveLength(2);
  });
  it("leads to the sources where asking again would end the same way", async () => {
    server.use(refuse(413, "comparing_too_much", "Comparing the passages of these sources with each other took longer than 20 seconds and was stopped.", "Retract sources that are no longer needed."));
    open(READER);
    const [line] = await unknown();
    expect(line).toHaveTextContent(/was stopped\. Retract sources that are no longer needed\.$/);
    expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
    expect(screen.getAllByRole("link", { name: "Open the sources" })[0]).toHaveAttribute("href", "/projects/p-check/sources");
  });
  it("is asked again by itself first, and says so", async () => {
    let times = 0;
    let answer = () => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    const refused = problem(503, "comparing_busy", "Many passages are being compared just now.", { hint: "Try again in a moment." });
    refused.headers.set("Retry-After", "0");
    server.use(http.get("*/api/projects/:pid/contradictions", () => ((times += 1) === 1 ? refused : held.then(() => undefined))));
    open(READER, 1);
    const [line] = await unknown();
    expect(line).toHaveTextContent(/just now\. It is asked again by itself\.$/);
    expect(screen.queryByRole("button", { name: /again/ })).toBeNull();
    answer();
    expect(await screen.findAllByRole("heading", { name: "1 passage elsewhere contradicts this source" })).toHaveLength(2);
    expect(times).toBe(2);
  });
});
