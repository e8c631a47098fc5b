import { http, HttpResponse } from "msw";
import type { Bucket, DryRunItem, Figures, Found, Now, Series } from "@/api/overview";
import type { Member, Project } from "@/api/types";
import { problem, url } from "./answers";
import * as data from "./data";

export const figures = (over: Partial<Figures> = {}): Figures => ({
  sessions: { created: 9, completed: 6, rejected: 1, expired: 0, failed: 1, cancelled: 0 },
  decisions: { approved: 6, changes_requested: 2, rejected: 1 },
  approval_rate: 0.6667,
  waiting: { decided: 9, median_seconds: 5400, p90_seconds: 90_000 },
  edits: { signed: 6, compared: 6, edited: 2, edit_rate: 0.3333, mean_share: 0 },
  evidence: { claims: 60, needs_you: 9, passed: 51, needs_you_rate: 0.15, kept: 4, check_was_wrong: 1 },
  cost: { usd: 1.8, per_deliverable_usd: 0.3, tokens: 52_000, unpriced_sessions: 0 },
  ...over,
});

export const nothing: Figures = {
  sessions: { created: 0, completed: 0, rejected: 0, expired: 0, failed: 0, cancelled: 0 },
  decisions: { approved: 0, changes_requested: 0, rejected: 0 },
  approval_rate: null,
  waiting: { decided: 0, median_seconds: null, p90_seconds: null },
  edits: { signed: 0, compared: 0, edited: 0, edit_rate: null, mean_share: null },
  evidence: { claims: 0, needs_you: 0, passed: 0, needs_you_rate: null, kept: 0, check_was_wrong: 0 },
  cost: { usd: 0, per_deliverable_usd: null, tokens: 0, unpriced_sessions: 0 },
};

const bucket = (start: string, end: string, of: Figures): Bucket => ({ start, end, ...of });

export const series: Series = {
  from: "2026-11-02T00:00:00Z", to: "2026-11-20T12:00:00Z", unit: "week", tz: "UTC",
  buckets: [
    bucket("2026-11-02T00:00:00+00:00", "2026-11-09T00:00:00+00:00", figures()),
    bucket("2026-11-09T00:00:00+00:00", "2026-11-16T00:00:00+00:00", nothing),
    bucket("2026-11-16T00:00:00+00:00", "2026-11-20T12:00:00+00:00", figures({ approval_rate: 1 })),
  ],
  total: figures({ approval_rate: 0.75 }),
  agents: [{ agent_type: "research", ...figures() }, { agent_type: "=cmd()", ...nothing }],
  templates: [{ template_id: "t-1", name: "Weekly, short", project_id: "p-report", ...figures() }],
};

export const now: Now = {
  at: new Date().toISOString(), days: 7,
  running: { in_progress: 1, queued: 2, initialized: 0, items: [] },
  waiting: {
    count: 3, by_risk: { high: 1, medium: 2, low: 0, none: 0 }, overdue: 1, oldest_at: new Date(Date.now() - 86_400_000).toISOString(),
    items: [
      { session_id: "s-check", project: { id: "p-check", name: "Check an AI draft", archived: false }, checkpoint_id: "c-check", title: "Mars Climate Orbiter", agent_type: "check",
        at: new Date(Date.now() - 86_400_000).toISOString(), due_at: null, phase: null, failure: null, retryable: null },
    ],
  },
  delivered: { count: 6, items: [] },
  failed: {
    count: 1, deliveries: 0,
    items: [{ session_id: "s-bad", project: { id: "p-report", name: "Annual report", archived: false }, checkpoint_id: null, title: "A report of nothing", agent_type: "reporting",
      at: new Date().toISOString(), due_at: null, phase: null, failure: "The agent ended without producing anything.", retryable: true }],
  },
};

/** The overview, what opens anything, budgets and members, over the same projects. */
export function overviewHandlers(projects: Project[]) {
  const members: Member[] = structuredClone(data.members);
  return [
    http.get(url("/analytics/now"), () => HttpResponse.json(now)),
    http.get(url("/analytics/series"), () => HttpResponse.json(series)),
    http.get(url("/analytics/summary"), () => HttpResponse.json({ sessions: { completed: 4 }, usage: { cost_usd: 1.25, unpriced_sessions: 1, largest: { usd: 0.8, tokens: 12000, seconds: 90 } } })),
    http.get(url("/find"), ({ request }) => {
      const words = (new URL(request.url).searchParams.get("q") ?? "").toLowerCase();
      const all: Found[] = [
        { kind: "project", id: "p-report", project: { id: "p-report", name: "Annual report", archived: false }, title: "Annual report", status: null, session_id: null },
        { kind: "source", id: "src-1", project: { id: "p-check", name: "Check an AI draft", archived: false }, title: "Annual inquiry", status: null, session_id: null },
      ];
      return HttpResponse.json({ items: all.filter((one) => words.split(/\s+/).every((word) => one.title.toLowerCase().includes(word))) });
    }),
    http.patch(url("/projects/:pid"), async ({ params, request }) => {
      const found = projects.find((one) => one.id === params["pid"]);
      const { budget, budget_version, archived } = (await request.json()) as { budget?: Pick<Project["budget"], "default" | "most">; budget_version?: number; archived?: boolean };
      if (!found) return problem(404, "project_not_found", "No such project.");
      if (archived !== undefined) found.archived_at = archived ? new Date().toISOString() : null;
      if (!budget) return HttpResponse.json(found);
      if ((budget.default.usd ?? 0) > (budget.most.usd ?? Infinity))
        return problem(422, "budget_invalid", "The usual budget is over the limit.", { field: "budget.default.usd", hint: "Lower it." });
      if (budget_version !== undefined && budget_version !== found.budget.version)
        return problem(409, "budget_changed", `${found.budget.changed_by} changed what work may cost meanwhile.`, { version: found.budget.version });
      found.budget = { ...budget, version: found.budget.version + 1, changed_by: "Local reviewer", changed_at: new Date().toISOString() };
      return HttpResponse.json(found);
    }),
    http.get(url("/members"), () => HttpResponse.json({ items: members, next_cursor: null })),
    http.post(url("/members"), async ({ request }) => {
      const { name, role } = (await request.json()) as { name: string; role: Member["role"] };
      if (members.some((one) => one.name === name)) return problem(409, "name_taken", `${name} is a member of this workspace already.`);
      const made: Member = { id: `u${members.length + 1}`, name, role, created_at: new Date().toISOString() };
      members.push(made);
      return HttpResponse.json(made, { status: 201 });
    }),
    http.patch(url("/members/:id"), async ({ params, request }) => {
      const change = (await request.json()) as { role?: Member["role"]; name?: string };
      const found = members.find((one) => one.id === params["id"]);
      if (!found) return problem(404, "member_not_found", "No such member.");
      if (found.role === "admin" && change.role && change.role !== "admin")
        return problem(409, "last_admin", `${found.name} is the only admin of this workspace.`, { hint: "Make somebody else an admin first." });
      Object.assign(found, change);
      return HttpResponse.json(found);
    }),
    http.post(url("/projects/:pid/policy/dry-run"), async ({ request }) => {
      const { settings } = (await request.json()) as { settings: { due_hours?: number } };
      const said = { stops: true, because: [], quorum: 1, barred: 0, due_at: null, expires_at: null, late: false, expired: false };
      const changed = settings.due_hours !== undefined;
      const item: DryRunItem = {
        session_id: "s-check", title: "Mars Climate Orbiter", agent_type: "check", strategy: "final_only", checkpoint_status: "approved",
        opened_at: "2026-11-02T10:00:00Z", risk: null, today: said, proposed: changed ? { ...said, late: true } : said, differs: changed ? ["late"] : [],
      };
      const n = Number(changed);
      const summary = { sessions: 1, differ: n, stops_today: 1, stops_proposed: 1, late_today: 0, late_proposed: n, expired_today: 0, expired_proposed: 0 };
      return HttpResponse.json({ settings: {}, summary, items: [item] });
    }),
  ];
}
