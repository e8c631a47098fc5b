import { http, HttpResponse } from "msw";
import type { WorkSession } from "@/api/types";
import type { Template, TemplateContent } from "@/api/work";
import { problem, url } from "./answers";

/** Lists of work, templates (of which there may be some already) and calls of tools, over the same sessions as the rest. */
export function workHandlers(sessions: WorkSession[], templates: Template[] = []) {
  const listed = (request: Request) => {
    const query = new URL(request.url).searchParams;
    const among = (name: string, value: string) => !query.get(name) || query.get(name)!.split(",").includes(value);
    const title = (query.get("title") ?? "").toLowerCase();
    return sessions.filter(
      (one) => among("held", String(one.held !== null)) && among("project_id", one.project_id) && among("status", one.status) && among("agent_type", one.agent_type) && one.title.toLowerCase().includes(title),
    );
  };
  const find = (id: unknown) => templates.find((one) => one.id === id);
  const missing = () => problem(404, "template_not_found", "No such template is in this project.");
  return [
    http.get(url("/work-sessions"), ({ request }) => {
      const query = new URL(request.url).searchParams;
      const found = listed(request).sort((a, b) => b.created_at.localeCompare(a.created_at));
      const from = Number(query.get("cursor") ?? 0);
      const limit = Number(query.get("limit") ?? 50);
      return HttpResponse.json({ items: found.slice(from, from + limit), next_cursor: found.length > from + limit ? String(from + limit) : null });
    }),
    http.get(url("/work-sessions/counts"), ({ request }) => {
      const by_agent: Record<string, Record<string, number>> = {};
      const by_status: Record<string, number> = {};
      const held: Record<string, number> = {};
      for (const one of listed(request)) {
        if (one.held) held[one.agent_type] = (held[one.agent_type] ?? 0) + 1;
        const counts = (by_agent[one.agent_type] ??= {});
        counts[one.status] = (counts[one.status] ?? 0) + 1;
        by_status[one.status] = (by_status[one.status] ?? 0) + 1;
      }
      return HttpResponse.json({ total: listed(request).length, by_status, by_agent, held });
    }),
    http.get(url("/projects/:pid/templates"), ({ params }) =>
      HttpResponse.json({ items: templates.filter((one) => one.project_id === params["pid"]), next_cursor: null }),
    ),
    http.post(url("/projects/:pid/templates"), async ({ params, request }) => {
      const body = (await request.json()) as { name: string; content: TemplateContent };
      const now = new Date().toISOString();
      const made: Template = {
        id: `t-${templates.length}`, project_id: String(params["pid"]), name: body.name, agent_type: body.content.agent_type, content: body.content, version: 1, changed_by: null,
        created_at: now, updated_at: now, uses: 0, last_used_at: null, last_time: null,
      };
      templates.push(made);
      return HttpResponse.json(made, { status: 201 });
    }),
    http.patch(url("/projects/:pid/templates/:id"), async ({ params, request }) => {
      const one = find(params["id"]);
      if (!one) return missing();
      const { version, ...body } = (await request.json()) as { name?: string; content?: TemplateContent; version?: number };
      if (version !== undefined && version !== one.version)
        return problem(409, "template_changed", `${one.changed_by} changed the template “${one.name}” meanwhile. Nothing was written.`, { version: one.version, hint: "Look at it again." });
      Object.assign(one, body, { updated_at: new Date().toISOString(), version: one.version + 1, changed_by: "Local reviewer" });
      return HttpResponse.json(one);
    }),
    http.delete(url("/projects/:pid/templates/:id"), ({ params, request }) => {
      const at = templates.findIndex((one) => one.id === params["id"]);
      const version = new URL(request.url).searchParams.get("version");
      if (at < 0) return missing();
      if (version !== null && version !== String(templates[at]?.version)) return problem(409, "template_changed", "Ada changed the template meanwhile. Nothing was written.", { hint: "Look at it again." });
      templates.splice(at, 1);
      return new HttpResponse(null, { status: 204 });
    }),
    http.get(url("/projects/:pid/work-sessions/:sid/tool-calls/:call"), ({ params }) =>
      HttpResponse.json({
        id: params["call"], tool: "search_context", iteration: 1, leg: 1, ok: true, at: new Date().toISOString(),
        arguments: { query: "unit, conversion" }, result: '{"items":["a passage"]}', result_chars: 23,
      }),
    ),
  ];
}
