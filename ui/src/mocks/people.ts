import { http, HttpResponse } from "msw";
import type { Checkpoint, Comment, Policy, PolicyExplained, PolicySettings } from "@/api/types";
import * as data from "./data";
import { problem, url } from "./answers";

const NEVER: PolicySettings = {
  quorum: { internal_draft: 1, internal_record: 1, named_recipient: 1, public: 1 },
  separate_duties: false, policy_may_sign: null, due_hours: null, remind_hours: null, expire_hours: null,
};

/** People around a review and the policy of a project, over the same checkpoints as the decisions. */
export function peopleHandlers(checkpoints: Checkpoint[]) {
  const comments: Comment[] = [];
  const policies = new Map<string, Policy>();
  const find = (id: unknown) => checkpoints.find((c) => c.id === id);
  const missing = () => problem(404, "not_found", "This review does not exist, or you may not see it.");
  const policyOf = (id: string) =>
    policies.get(id) ?? { project_id: id, version: 0, rules: "2026-11-25", settings: structuredClone(NEVER), workspace_may_sign: false, history: [] };

  return [
    http.post(url("/checkpoints/:id/lease"), ({ params }) => {
      const c = find(params["id"]);
      if (!c) return missing();
      const mine = { id: data.me.id, name: data.me.name, until: new Date(Date.now() + 45_000).toISOString() };
      c.lookers = [...c.lookers.filter((one) => one.id !== mine.id && new Date(one.until).getTime() > Date.now()), mine];
      c.looking = c.lookers[0] ?? null;
      return HttpResponse.json({ checkpoint_id: c.id, looking: c.looking, lookers: c.lookers });
    }),
    http.delete(url("/checkpoints/:id/lease"), ({ params }) => {
      const c = find(params["id"]);
      if (!c) return missing();
      c.lookers = c.lookers.filter((one) => one.id !== data.me.id);
      c.looking = c.lookers[0] ?? null;
      return HttpResponse.json({ checkpoint_id: c.id, looking: c.looking, lookers: c.lookers });
    }),
    http.get(url("/checkpoints/:id/comments"), ({ params }) => {
      const session = find(params["id"])?.session_id;
      const here = comments.filter((one) => find(one.checkpoint_id)?.session_id === session);
      return HttpResponse.json({ items: here, next_cursor: null });
    }),
    http.post(url("/checkpoints/:id/comments"), async ({ params, request }) => {
      const body = (await request.json()) as { text: string; claim_id?: string; anchor?: Comment["anchor"] };
      const made: Comment = {
        id: `comment-${comments.length}`, checkpoint_id: String(params["id"]), artifact_id: body.anchor?.artifact_id ?? null, claim_id: body.claim_id ?? null, anchor: body.anchor ?? null,
        by: { id: data.me.id, name: data.me.name }, text: body.text, at: new Date().toISOString(),
      };
      comments.push(made);
      return HttpResponse.json(made, { status: 201 });
    }),
    http.patch(url("/checkpoints/:id"), async ({ params, request }) => {
      const c = find(params["id"]);
      if (!c) return missing();
      const body = (await request.json()) as { assignee?: string | null; snoozed_until?: string | null };
      if (body.assignee !== undefined) {
        const member = data.members.find((m) => m.id === body.assignee);
        c.assignee = member ? { id: member.id, name: member.name } : null;
      }
      if (body.snoozed_until !== undefined) c.snoozed_until = body.snoozed_until;
      return HttpResponse.json(c);
    }),
    http.get(url("/projects/:pid/policy"), ({ params }) => HttpResponse.json(policyOf(String(params["pid"])))),
    http.patch(url("/projects/:pid/policy"), async ({ params, request }) => {
      const { version, quorum, ...rest } = (await request.json()) as Partial<PolicySettings> & { version: number };
      const held = policyOf(String(params["pid"]));
      if (version !== held.version)
        return problem(409, "policy_changed", "Somebody else changed this project's policy meanwhile. Nothing was written.", { version: held.version });
      const settings = { ...held.settings, ...rest, quorum: { ...held.settings.quorum, ...quorum } };
      const made = { version: held.version + 1, settings, by: data.me.name, at: new Date().toISOString() };
      const next = { ...held, version: made.version, settings, history: [made, ...held.history] };
      policies.set(held.project_id, next);
      return HttpResponse.json(next);
    }),
    http.get(url("/projects/:pid/work-sessions/:sid/policy"), ({ params }) => {
      const said: PolicyExplained = {
        session_id: String(params["sid"]), strategy: "final_only",
        policy: { rules: "2026-11-25", version: 0, settings: NEVER }, signing: { quorum: 1, separate_duties: false, barred: [] },
        risk: { level: "medium", consequence: "internal_draft", reversible: true, because: ["5 claims need a person."] },
        facts: {},
        gates: [
          { gate: "plan", stops: false, reasons: [], because: ["This strategy does not stop for the plan."], rules: [{ rule: "asks for every plan", says: "no opinion" }, { rule: "takes the plan as written", says: "go on" }] },
          { gate: "mid", stops: false, reasons: [], because: ["Nothing came up."], rules: [{ rule: "goes on when nothing came up", says: "go on" }] },
          { gate: "final", stops: true, reasons: ["final"], because: ["This strategy ends with a signature."], rules: [{ rule: "lets low risk pass", says: "no opinion" }, { rule: "always ends at the final gate", says: "stop" }] },
        ],
      };
      return HttpResponse.json(said);
    }),
  ];
}
