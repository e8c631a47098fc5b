import { http, HttpResponse } from "msw";
import type { Checkpoint, CheckpointItem } from "@/api/types";
import { problem, url } from "./answers";
import * as data from "./data";

const due = (item: CheckpointItem) => (item.due_at ? new Date(item.due_at).getTime() : Infinity);

/** A part of a list as the server answers it, in the order that the items have. */
export function listed(items: CheckpointItem[], query: URLSearchParams) {
  const limit = Number(query.get("limit") ?? 50);
  const around = query.get("around");
  const there = items.findIndex((item) => item.id === around);
  // What is decided would stand at the end: the fixtures know no better.
  const position = around === null ? null : there < 0 ? items.length : there;
  const start = position === null ? Number(query.get("start") ?? 0) : Math.max(0, position - Math.floor(limit / 2));
  const shown = items.slice(start, start + limit);
  return { items: shown, next_cursor: null, total: items.length, offset: start, position, batch_most: 100, effort_seconds: items.reduce((all, item) => all + (item.effort_seconds ?? 0), 0) };
}

/** The inbox over the same checkpoints as the decisions. */
export function inboxHandlers(checkpoints: Checkpoint[]) {
  return [
    http.get(url("/checkpoints"), ({ request }) => {
      const query = new URL(request.url).searchParams;
      const snoozed = query.get("snoozed") ?? "false";
      const status = query.get("status") ?? "pending_review";
      const awake = (c: Checkpoint) => c.snoozed_until === null || new Date(c.snoozed_until).getTime() <= Date.now();
      const words = (query.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
      const sessions = query.getAll("session_id");
      const assignee = query.get("assignee");
      const said = query.getAll("decision");
      const by = query.get("decided_by");
      const found = checkpoints
        .filter((c) => status === "any" || (status === "decided" ? c.decision !== null : c.status === status && c.held === null))
        .filter((c) => said.length === 0 || said.includes(c.decision?.decision ?? ""))
        .filter((c) => by === null || (by === "policy" ? c.decision?.by === null : c.decision?.by === (by === "me" ? data.me.id : by)))
        .filter((c) => status === "decided" || (snoozed === "true" ? true : awake(c) === (snoozed === "false")))
        .filter((c) => sessions.length === 0 || sessions.includes(c.session_id))
        .filter((c) => !query.get("project_id") || c.project_id === query.get("project_id"))
        .filter((c) => !query.get("agent_type") || c.agent_type === query.get("agent_type"))
        .filter((c) => !query.get("reason") || c.reasons.includes(query.get("reason") ?? ""))
        .filter((c) => assignee === null || (assignee === "none" ? c.assignee === null : c.assignee?.id === data.me.id))
        .map(data.inboxItem)
        .filter((item) => query.get("overdue") !== "true" || (item.due_at !== null && due(item) < Date.now()))
        .filter((item) => query.get("routine") !== "true" || (item.template_id !== null && item.risk === "low" && item.kind === "final"))
        .filter((item) => !query.get("risk") || item.risk === query.get("risk"))
        .filter((item) => words.every((word) => `${item.session_title} ${item.headline} ${item.agent_type} ${item.project_name}`.toLowerCase().includes(word)));
      if (status === "decided") {
        const newest = found.toSorted((a, b) => (b.decided_at ?? "").localeCompare(a.decided_at ?? ""));
        return HttpResponse.json({ ...listed(newest, query), total: null, offset: null, position: null, effort_seconds: null });
      }
      const sorted = query.get("sort") === "due_at" ? found.toSorted((a, b) => (due(a) === due(b) ? 0 : due(a) - due(b))) : found;
      return HttpResponse.json(listed(sorted, query));
    }),
    http.post(url("/checkpoints/approve-batch"), async ({ request }) => {
      const body = (await request.json()) as { items: { checkpoint_id: string; packet_digest: string }[]; undo_seconds: number };
      const items = body.items.map(({ checkpoint_id, packet_digest }) => {
        const c = checkpoints.find((one) => one.id === checkpoint_id);
        const refused = (code: string, detail: string, hint: string) => ({
          checkpoint_id, session_id: null, done: false, status: null, approve_pending: false, undo_until: null,
          problem: { type: "", title: "", status: 409, code, detail, hint, request_id: "" },
        });
        if (!c || c.status !== "pending_review" || c.held) return refused("already_decided", `This checkpoint is being released, decided by ${c?.decision?.name ?? "somebody"}.`, "Look at the session.");
        if (c.packet_digest !== packet_digest) return refused("stale_packet", "What you looked at has changed since. Nothing was decided.", "Open it.");
        Object.assign(c, { approve_pending: true, held: "approve" });
        c.undo_until = new Date(Date.now() + body.undo_seconds * 1000).toISOString();
        c.decision = { decision: "approve", by: data.me.id, name: data.me.name, at: new Date().toISOString() };
        return { checkpoint_id, session_id: c.session_id, done: true, status: c.status, approve_pending: true, undo_until: c.undo_until, problem: null };
      });
      return HttpResponse.json({ items });
    }),
    http.post(url("/checkpoints/withdraw-batch"), async ({ request }) => {
      const body = (await request.json()) as { checkpoint_ids: string[] };
      const found = body.checkpoint_ids.map((id) => checkpoints.find((one) => one.id === id));
      if (found.includes(undefined)) return problem(404, "checkpoint_not_found", "No such review is here.");
      const items = found.flatMap((c) => {
        if (!c) return [];
        Object.assign(c, { approve_pending: false, held: null, undo_until: null, decision: null });
        return [{ checkpoint_id: c.id, session_id: c.session_id, done: true, status: c.status, approve_pending: false, undo_until: null, problem: null }];
      });
      return HttpResponse.json({ items });
    }),
  ];
}
