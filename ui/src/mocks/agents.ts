import { http, HttpResponse } from "msw";
import type { ProjectAgent } from "@/api/generated";
import type { Agent } from "@/api/types";
import { problem, url } from "./answers";
import * as data from "./data";

const page = <T>(items: T[]) => HttpResponse.json({ items, next_cursor: null });

/** Agents of a project as the server keeps them: refused with a line, changed by version. */
export function agentHandlers() {
  const own: ProjectAgent[] = [];
  const made = (definition: string, version: number): ProjectAgent => {
    const value = (key: string) => new RegExp(`^${key}: (.*)$`, "m").exec(definition)?.[1] ?? "";
    const now = new Date().toISOString();
    return {
      name: value("name"), title: value("title"), goal: value("goal"), output_types: ["generic_output"], tools: ["emit_artifact"],
      config_schema: { type: "object", properties: {} }, definition, digest: "0", version, changed_by: data.me.name, created_at: now, updated_at: now,
    };
  };
  const refused = (definition: string) => {
    const at = definition.split("\n").findIndex((line) => /^tool:/.test(line));
    return at < 0 ? null : problem(422, "definition_invalid", `the definition, line ${at + 1}: unknown key tool.`, { line: at + 1 });
  };
  const find = (name: unknown) => own.findIndex((one) => one.name === name);
  return [
    http.get(url("/agents"), ({ request }) => {
      if (!new URL(request.url).searchParams.get("project_id")) return page(data.agents);
      const mine = own.map((one): Agent => ({ ...data.agents[0]!, ...one, origin: "project" }) as Agent);
      return page([...data.agents.filter((one) => find(one.name) < 0), ...mine]);
    }),
    http.get(url("/projects/:pid/agents"), () => page(own)),
    http.post(url("/projects/:pid/agents"), async ({ request }) => {
      const { definition } = (await request.json()) as { definition: string };
      const wrong = refused(definition);
      if (wrong) return wrong;
      const agent = made(definition, 1);
      if (find(agent.name) >= 0) return problem(409, "agent_exists", `This project has an agent called ${agent.name} already.`);
      own.push(agent);
      return HttpResponse.json(agent, { status: 201 });
    }),
    http.put(url("/projects/:pid/agents/:name"), async ({ params, request }) => {
      const { definition } = (await request.json()) as { definition: string };
      const wrong = refused(definition);
      if (wrong) return wrong;
      const at = find(params["name"]);
      const before = own[at];
      if (!before) return problem(404, "agent_not_found", "This project has no such agent.");
      own[at] = made(definition, before.version + 1);
      return HttpResponse.json(own[at]);
    }),
    http.delete(url("/projects/:pid/agents/:name"), ({ params }) => {
      own.splice(find(params["name"]), 1);
      return new HttpResponse(null, { status: 204 });
    }),
  ];
}
