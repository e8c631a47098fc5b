import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import type { Series } from "@/api/overview";
import { problem, url } from "@/mocks/answers";
import { nothing, series } from "@/mocks/overview";
import { field, toCsv } from "@/overview/csv";
import { MEASURES, money, percent, roundUp, stretch, topOf, wait } from "@/overview/measures";
import { apart, runsOf } from "@/overview/Plot";
import { readOverview, spanOf } from "@/overview/range";
import { open } from "./app";
import { server } from "./setup";

describe("the names of two lines", () => {
  it("never cover each other", () => {
    expect(apart([60, 20], 18)).toEqual([60, 20]);
    expect(apart([60, 58], 18)).toEqual([60, 47]);
    expect(apart([60, 66], 18)).toEqual([60, 47]);
    expect(apart([20, 12], 18)).toEqual([31, 18]);
    expect(apart([5], 18)).toEqual([18]);
  });
});

describe("a stretch of time", () => {
  it("begins where none but the last stretch is cut off", () => {
    const now = new Date(2026, 10, 26, 15, 30); // a Thursday
    const at = (range: Parameters<typeof spanOf>[0]) => new Date(spanOf(range, now).from);
    expect(at("7d")).toEqual(new Date(2026, 10, 20));
    expect(at("30d")).toEqual(new Date(2026, 9, 28));
    expect(at("12w")).toEqual(new Date(2026, 8, 7));
    expect(at("12w").getDay()).toBe(1);
    expect(at("12m")).toEqual(new Date(2025, 11, 1));
  });
  it("takes from an address only what it knows", () => {
    expect(readOverview({ range: "7d", project: "p", agent: 7 })).toEqual({ range: "7d", project: "p", agent: undefined, template: undefined });
    expect(readOverview({ range: "for ever" }).range).toBeUndefined();
  });
});

describe("figures", () => {
  it("are written as people read them", () => {
    expect([percent(0.75), percent(0.034), percent(0)]).toEqual(["75\u00a0%", "3.4\u00a0%", "0\u00a0%"]);
    expect([money(1234.5), money(0.0123), money(0)]).toEqual(["$1,234.50", "$0.012", "$0.00"]);
    expect([wait(90), wait(90_000), wait(1_000_000)]).toEqual(["1\u00a0min 30\u00a0s", "1.0\u00a0days", "12\u00a0days"]);
    expect(stretch({ start: "2026-11-02T00:00:00+13:00" }, "week")).toBe("2\u00a0Nov");
    expect(stretch({ start: "2026-11-01T00:00:00+01:00" }, "month")).toBe("Nov\u00a02026");
  });
  it("have axes with round tops that hold every value", () => {
    expect([0, 0.3, 1, 3, 26, 99, 1001].map(roundUp)).toEqual([1, 0.5, 1, 5, 50, 100, 2000]);
    for (const measure of MEASURES) for (const most of [0, 0.02, 0.6, 1]) expect(topOf(measure, [most])).toBeGreaterThanOrEqual(most);
    const waiting = MEASURES.find((one) => one.name === "waiting")!;
    expect(topOf(waiting, [4000])).toBe(7200);
    expect(topOf(waiting, [9_000_000])).toBeGreaterThanOrEqual(9_000_000);
  });
  it("are not joined over what was not counted", () => {
    expect(runsOf([1, 2, null, null, 0, null])).toEqual([[0, 1], [4]]);
    expect(runsOf([null])).toEqual([]);
  });
  it("go into a spreadsheet as they are, with nothing that it would run", () => {
    const rows = toCsv(series).trim().split("\r\n").map((row) => row.split(","));
    expect(rows).toHaveLength(1 + 3 + 1 + 2 + 1);
    const at = rows[0]!.indexOf("approval_rate");
    expect([rows[1]![at], rows[2]![at], rows[3]![at]]).toEqual(["0.6667", "", "1"]);
    expect(field("=cmd()")).toBe("'=cmd()");
    expect(field('a "b", c')).toBe('"a ""b"", c"');
    expect(toCsv(series)).toContain('"Weekly, short"');
  });
});

describe("the overview", () => {
  it("says what waits, what needs somebody, what runs and what was delivered, and leads there", async () => {
    open("/overview");
    const waits = await screen.findByRole("region", { name: "Waiting for a person" });
    const leads = (where: HTMLElement, name: string) => within(where).getByRole("link", { name }).getAttribute("href");
    // A count leads to a list of exactly what it counts.
    expect(leads(waits, "1 high risk")).toBe("/inbox?risk=high");
    expect(leads(waits, "2 medium risk")).toBe("/inbox?risk=medium");
    expect(leads(waits, "1 overdue")).toBe("/inbox?late=yes");
    expect(within(waits).getByRole("link", { name: "3" })).toHaveAttribute("href", "/inbox");
    expect(within(waits).getByRole("link", { name: "Mars Climate Orbiter" })).toHaveAttribute("href", "/review/c-check");
    const needs = screen.getByRole("region", { name: "Needs somebody" });
    expect(within(needs).getByRole("link", { name: "A report of nothing" })).toHaveAttribute("href", "/projects/p-report/sessions/s-bad");
    expect(within(needs).getByText(/can be tried again/)).toBeInTheDocument();
    const runs = screen.getByRole("region", { name: "At work" });
    expect([...runs.querySelectorAll(".fig a, .means a")].map((link) => link.getAttribute("href"))).toEqual(["/work?state=working", "/work?state=queued", "/work?state=ready"]);
    expect(screen.getByRole("region", { name: "Delivered" }).querySelector(".fig a")).toHaveAttribute("href", "/work?state=done&days=7");
    expect(needs.querySelector(".fig a")).toHaveAttribute("href", "/work?state=failed&days=7");
    expect(within(screen.getByRole("navigation", { name: "Main" })).getByRole("link", { name: "Overview" })).toHaveAttribute("aria-current", "page");
  });
  it("shows every chart as a table too, where what is undefined is no nought", async () => {
    const { user } = open("/overview");
    const figure = await screen.findByRole("figure", { name: "Approved" });
    expect(within(figure).getByRole("img").getAttribute("aria-label")).toContain("9\u00a0Nov: nothing");
    await user.click(within(figure).getByRole("button", { name: /Show as table/ }));
    const rows = within(within(figure).getByRole("table")).getAllByRole("row").map((row) => row.textContent);
    expect(rows).toEqual(["TimeApproved", "2\u00a0Nov67\u00a0%", "9\u00a0Nov–", "16\u00a0Nov100\u00a0%"]);
    expect(within(figure).queryByRole("img")).toBeNull();
  });
  it("keeps the time and the project in the address and asks for them", async () => {
    const asked: URLSearchParams[] = [];
    server.use(
      http.get(url("/analytics/series"), ({ request }) => {
        asked.push(new URL(request.url).searchParams);
        return HttpResponse.json(series);
      }),
    );
    const { user, router } = open("/overview");
    await user.click(await screen.findByRole("radio", { name: "12 months" }));
    await waitFor(() => expect(router.state.location.search).toMatchObject({ range: "12m" }));
    await user.selectOptions(screen.getByRole("combobox", { name: "Project" }), "Annual report");
    await waitFor(() => expect(router.state.location.search).toMatchObject({ range: "12m", project: "p-report" }));
    await waitFor(() => expect(asked.at(-1)?.get("project_id")).toBe("p-report"));
    expect(asked.at(-1)?.get("unit")).toBe("month");
    expect(asked.at(-1)?.get("tz")).toBeTruthy();
  });
  it("says that there is nothing to count, and draws nothing", async () => {
    const empty: Series = { ...series, buckets: series.buckets.map((one) => ({ ...one, ...nothing })), total: nothing, agents: [], templates: [] };
    server.use(http.get(url("/analytics/series"), () => HttpResponse.json(empty)));
    open("/overview");
    expect(await screen.findAllByText("Nothing to count in this time.")).toHaveLength(6);
    expect(screen.queryByText("By agent")).toBeNull();
  });
  it("tells a rate of none from nothing to count", async () => {
    const none = { ...series.total, edits: { ...series.total.edits, edit_rate: 0 } };
    const flat: Series = { ...series, buckets: series.buckets.map((one) => ({ ...one, ...none })), total: none };
    server.use(http.get(url("/analytics/series"), () => HttpResponse.json(flat)));
    open("/overview");
    const edits = await screen.findByRole("figure", { name: "Changed before it was signed" });
    expect(edits).toHaveTextContent("Always 0 % in this time.");
    expect(screen.queryByText("Nothing to count in this time.")).toBeNull();
  });
  it("says what could not be loaded and tries again", async () => {
    server.use(http.get(url("/analytics/series"), () => problem(422, "unknown_time_zone", "There is no time zone 'X'."), { once: true }));
    const { user } = open("/overview");
    expect(await screen.findByText("The figures could not be loaded")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("figure", { name: "Approved" })).toBeInTheDocument();
  });
});
