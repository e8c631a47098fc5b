import { http, HttpResponse } from "msw";
import type { Checkpoint, Source, WorkSession } from "@/api/types";
import { agentHandlers } from "./agents";
import { problem, url } from "./answers";
import * as data from "./data";
import { inboxHandlers } from "./inbox";
import { overviewHandlers } from "./overview";
import { peopleHandlers } from "./people";
import { reviewingHandlers } from "./reviewing";
import { moreSources, substrateHandlers } from "./substrate";
import { workHandlers } from "./work";

const page = <T>(items: T[]) => HttpResponse.json({ items, next_cursor: null });
const missing = (what: string) => problem(404, "not_found", `This ${what} does not exist, or you may not see it.`);

/** A fresh copy of the fixtures with handlers over it: decisions change it as the server would. */
export function makeHandlers() {
  const checkpoints = structuredClone(data.checkpoints);
  const sessions = structuredClone(data.sessions);
  const sources = structuredClone(data.sources);
  sources.push(...moreSources.map((extra) => ({ ...structuredClone(data.sources[0]!), filename: null, ...structuredClone(extra) }) as Source));
  const projects = structuredClone(data.projects);
  const find = (id: unknown) => checkpoints.find((c) => c.id === id);

  const answer = (c: Checkpoint) => {
    const session = sessions.find((s) => s.id === c.session_id);
    return HttpResponse.json({ checkpoint: c, session_id: c.session_id, status: session?.status ?? "pending_review" });
  };
  const guard = (c: Checkpoint | undefined, body: Record<string, unknown>) => {
    if (!c) return missing("review");
    if (!body["packet_digest"]) return problem(428, "packet_digest_missing", "Say which packet you decide on.");
    if (c.status !== "pending_review" || c.held)
      return problem(409, "already_decided", `This review was already decided by ${c.decision?.name ?? "somebody"}.`, { checkpoint: c });
    if (body["packet_digest"] !== c.packet_digest)
      return problem(409, "stale_packet", "The packet changed while you read.", { checkpoint: c });
    return null;
  };
  const decide = (c: Checkpoint, body: Record<string, unknown>, said: Pick<NonNullable<Checkpoint["decision"]>, "decision"> & Partial<NonNullable<Checkpoint["decision"]>>) => {
    const seconds = Number(body["undo_seconds"] ?? 0);
    const over = { approve_pending: false, held: null, undo_until: null, status: ({ approve: "approved", reject: "rejected", request_changes: "changes_requested" } as const)[said.decision] };
    c.decision = { by: data.me.id, name: data.me.name, at: new Date().toISOString(), ...said };
    if (seconds === 0) Object.assign(c, over);
    else {
      Object.assign(c, { approve_pending: said.decision === "approve", held: said.decision, undo_until: new Date(Date.now() + seconds * 1000).toISOString() });
      setTimeout(() => c.held && Object.assign(c, over), seconds * 1000);
    }
  };
  const base = "/projects/:pid/work-sessions/:sid";

  return [
    http.get(url("/me"), () => HttpResponse.json(data.me)),
    http.get(url("/projects"), ({ request }) => page(projects.filter((one) => (one.archived_at !== null) === (new URL(request.url).searchParams.get("archived") === "true")))),
    http.post(url("/projects"), async ({ request }) => {
      const body = (await request.json()) as { name: string; description?: string };
      const project = { ...structuredClone(data.projects[2]!), id: `p-${projects.length}`, name: body.name, description: body.description ?? "", sample_key: null };
      projects.push(project);
      return HttpResponse.json(project, { status: 201 });
    }),
    http.get(url("/projects/:pid"), ({ params }) => {
      const project = projects.find((p) => p.id === params["pid"]);
      return project ? HttpResponse.json(project) : missing("project");
    }),
    http.get(url("/projects/:pid/sources"), ({ params }) => page(sources.filter((s) => s.project_id === params["pid"]))),
    http.post(url("/projects/:pid/sources"), async ({ params, request }) => {
      const json = request.headers.get("content-type")?.includes("json") ? ((await request.json()) as { title?: string; url?: string }) : {};
      const made: Source = { ...structuredClone(data.sources[0]!), id: `new-${crypto.randomUUID()}`, project_id: String(params["pid"]), title: json.title ?? json.url ?? "New source", status: "processing", block_count: 0 };
      sources.push(made);
      return HttpResponse.json(made, { status: 202 });
    }),
    http.get(url("/projects/:pid/sources/:id"), ({ params }) => {
      const source = sources.find((s) => s.id === params["id"]);
      return source ? HttpResponse.json(source) : missing("source");
    }),
    http.get(url("/projects/:pid/sources/:id/content"), ({ params }) => {
      const content = data.contents[String(params["id"])];
      return content ? HttpResponse.json(content) : missing("source");
    }),
    ...agentHandlers(),
    ...workHandlers(sessions),
    http.get(url("/projects/:pid/work-sessions"), ({ params }) => page(sessions.filter((s) => s.project_id === params["pid"]))),
    http.post(url("/projects/:pid/work-sessions"), async ({ params, request }) => {
      const body = (await request.json()) as { agent_type: string; task_description: string };
      const made: WorkSession = { ...structuredClone(data.sessions[4]!), id: `s-${sessions.length}`, project_id: String(params["pid"]), agent_type: body.agent_type, title: body.task_description, task_description: body.task_description, status: "queued" };
      sessions.push(made);
      return HttpResponse.json(made, { status: 201 });
    }),
    http.post(url("/projects/:pid/checks"), () => HttpResponse.json({ ...sessions[0], checkpoint_id: "k-check" }, { status: 201 })),
    http.post(url("/projects/:pid/sample/new-year"), () => HttpResponse.json(sessions[1], { status: 202 })),
    http.get(url(base), ({ params }) => {
      const session = sessions.find((s) => s.id === params["sid"]);
      return session ? HttpResponse.json(session) : missing("work");
    }),
    http.get(url(`${base}/events`), ({ params }) => page(data.events[String(params["sid"])] ?? [])),
    http.get(url(`${base}/since-last`), ({ params }) =>
      params["sid"] === "s-last"
        ? HttpResponse.json({
            previous: { id: "s-older", title: "US renewable electricity in 2021", settled_at: null },
            changes: [
              { kind: "same", text: "Wind is the largest source." },
              { kind: "removed", text: "Wind generation was 378,197 in 2021." },
              { kind: "added", text: "Wind generation rose to 434,297 in 2022." },
            ],
          })
        : missing("earlier work"),
    ),
    http.get(url(`${base}/artifacts`), ({ params }) => page(data.artifacts.filter((a) => a.session_id === params["sid"]))),
    http.get(url(`${base}/artifacts/:aid/versions/:n`), ({ params }) => {
      const artifact = data.artifacts.find((a) => a.id === params["aid"]);
      return artifact ? HttpResponse.json(artifact) : missing("artifact");
    }),
    http.get(url(`${base}/reveal`), ({ params }) => {
      const checkpoint = checkpoints.find((c) => c.session_id === params["sid"]);
      return checkpoint?.decision ? HttpResponse.json({ items: data.reveal }) : missing("reveal");
    }),
    ...(["execute", "cancel", "retry", "fork"] as const).map((verb) =>
      http.post(url(`${base}/${verb}`), ({ params }) => {
        const session = sessions.find((s) => s.id === params["sid"]);
        if (!session) return missing("work");
        if (verb === "cancel") session.status = "cancelled";
        return HttpResponse.json({ ...session, session_id: session.id });
      }),
    ),
    ...overviewHandlers(projects),
    ...peopleHandlers(checkpoints),
    ...reviewingHandlers(checkpoints),
    ...substrateHandlers(sources),
    http.get(url("/deliveries"), () => page([])),
    ...inboxHandlers(checkpoints),
    http.get(url("/checkpoints/:id"), ({ params }) => {
      const found = find(params["id"]);
      return found ? HttpResponse.json(found) : missing("review");
    }),
    http.post(url(`${base}/checkpoints/:id/approve`), async ({ params, request }) => {
      const body = (await request.json()) as Record<string, unknown>;
      const c = find(params["id"]);
      const refused = guard(c, body);
      if (refused || !c) return refused ?? missing("review");
      if (c.votes.some((vote) => vote.by === data.me.id)) return problem(409, "already_voted", `You have signed this; it needs ${c.signing.quorum} different people.`);
      if (c.signing.quorum > 1) {
        c.votes = [...c.votes, { by: data.me.id, name: data.me.name, at: new Date().toISOString() }];
        if (c.votes.length < c.signing.quorum) return answer(c);
      }
      decide(c, body, { decision: "approve", acknowledged: body["acknowledged"] as { claim_id: string; reason: string }[] });
      return answer(c);
    }),
    http.post(url(`${base}/checkpoints/:id/withdraw`), ({ params }) => {
      const c = find(params["id"]);
      if (!c) return missing("review");
      const approved = c.held !== "reject" && c.held !== "request_changes";
      Object.assign(c, { approve_pending: false, held: null, undo_until: null, decision: null });
      if (approved) c.votes = c.votes.filter((vote) => vote.by !== data.me.id);
      return answer(c);
    }),
    http.post(url(`${base}/checkpoints/:id/reject`), async ({ params, request }) => {
      const body = (await request.json()) as Record<string, unknown>;
      const c = find(params["id"]);
      const refused = guard(c, body);
      if (refused || !c) return refused ?? missing("review");
      decide(c, body, { decision: "reject", reason: String(body["rejection_reason"]) });
      return answer(c);
    }),
    http.post(url(`${base}/checkpoints/:id/request-changes`), async ({ params, request }) => {
      const body = (await request.json()) as Record<string, unknown>;
      const c = find(params["id"]);
      const refused = guard(c, body);
      if (refused || !c) return refused ?? missing("review");
      decide(c, body, { decision: "request_changes" });
      return answer(c);
    }),
    http.get(url("/events"), () =>
      new HttpResponse(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode(": hello\n\n")); } }), { headers: { "Content-Type": "text/event-stream" } }),
    ),
  ];
}
