/**
 * An agent of your own that drives a Proofroom session over HTTP. No dependency: Node 24 runs this file as it is,
 * also the one of a checkout (docs/how-to/bring-your-own-agent.md says where it is).
 *
 *   node agent.ts --project PROJECT_ID --task "What was the closest approach?"
 *   node agent.ts --project PROJECT_ID --session SESSION_ID      goes on with one that is there
 *
 * PROOFROOM_URL is the server (http://127.0.0.1:8787), PROOFROOM_KEY an API key, not needed on a loopback address.
 *
 * `think` stands where your model would be called: it takes the sentence that shares the most words with the task.
 * All the rest is what a real agent needs. Events have fixed ids, so the program can be killed at any moment and
 * started again with --session: what it had posted is not posted twice.
 */
import { parseArgs } from "node:util";

const URL_OF_SERVER = process.env["PROOFROOM_URL"] ?? "http://127.0.0.1:8787";
const KEY = process.env["PROOFROOM_KEY"];

interface Passage {
  alias: string;
  text: string;
}
interface Turn {
  iteration: number;
  task: string;
  envelope: { blocks: Passage[] };
  obligations: { comment: string }[];
}
interface AgentEvent {
  id: string;
  type: string;
  [member: string]: unknown;
}
interface Answer {
  events: { taken: boolean; result: any }[];
  stopped: { reasons: string[] } | null;
}
interface News {
  status: string;
  leg: number;
  items: { type: string; leg: number | null; failure?: { message: string } | null }[];
  next_cursor: string;
}

/** The server's answer was a problem. */
class Refused extends Error {
  code: string;
  constructor(problem: { code: string; detail: string; hint?: string | null }) {
    super(`${problem.code}: ${problem.detail} ${problem.hint ?? ""}`.trimEnd());
    this.code = problem.code;
  }
}

/**
 * One request. A server that is away is asked again, and does nothing twice: events have ids of their own, and for the
 * rest there is the Idempotency-Key.
 */
async function call(method: string, path: string, body?: unknown): Promise<any> {
  const headers: Record<string, string> = method === "GET" ? {} : { "Idempotency-Key": crypto.randomUUID() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (KEY) headers["Authorization"] = `Bearer ${KEY}`;
  for (let attempt = 1; ; attempt++) {
    try {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await fetch(`${URL_OF_SERVER}/api${path}`, { method, headers, ...sent });
      const answer = await response.json();
      if (response.ok) return answer;
      if (response.status !== 503 || attempt === 30) throw new Refused(answer);
    } catch (error) {
      if (error instanceof Refused || attempt === 30) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

function words(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}_]{4,}/gu) ?? []);
}

type Found = { alias: string; sentence: string };

/** The sentence that shares the most words with the question; null when none does. Your model goes here. */
function think(question: string, passages: Passage[]): Found | null {
  const wanted = words(question);
  let best: Found | null = null;
  let most = 0;
  for (const passage of passages) {
    for (const part of passage.text.split(/(?<=[.!?])\s+/)) {
      const sentence = part.trim();
      if (!sentence || sentence.includes("[[") || sentence.includes("]]")) continue;
      const shared = [...words(sentence)].filter((word) => wanted.has(word)).length;
      if (shared > most) [best, most] = [{ alias: passage.alias, sentence }, shared];
    }
  }
  return best;
}

const cited = (found: Found): string => `${found.sentence} [[${found.alias}|${found.sentence}]]`;

function finding(id: string, title: string, lines: string[]): AgentEvent {
  const artifact_type = "research_finding";
  return { id, type: "artifact", slot: "finding", artifact_type, title, markdown: lines.join("\n\n") };
}

class Agent {
  session: string;
  leg = 0;
  constructor(session: string) {
    this.session = session;
  }

  /** Posts a batch. With `stopped` in the answer, a person decides first. */
  async post(...events: AgentEvent[]): Promise<Answer> {
    const answer: Answer = await call("POST", `${this.session}/agent-events`, { leg: this.leg, events });
    if (answer.stopped) console.log("stopped for a person:", answer.stopped.reasons.join(", "));
    return answer;
  }

  /** Hears what is decided and works when it is its turn, until the session has ended. */
  async run(): Promise<string> {
    for (let cursor = ""; ; ) {
      const news: News = await call("GET", `${this.session}/decisions?wait=30${cursor}`);
      cursor = `&cursor=${news.next_cursor}`;
      for (const item of news.items) console.log("heard:", item.type, item.failure?.message ?? "");
      const last = news.items.at(-1);
      if (!last) continue;
      if (["completed", "failed", "cancelled"].includes(news.status) && !last.leg) return last.type;
      if (news.status !== "in_progress" || last.leg !== news.leg) continue;
      this.leg = last.leg;
      try {
        const turn: Turn = await call("GET", `${this.session}/agent-turn`);
        await (turn.iteration === 1 ? this.firstRound(turn) : this.answerChanges(turn));
      } catch (error) {
        const late = ["stale_leg", "waiting_for_review", "leg_not_ready", "wrong_status"];
        if (!(error instanceof Refused) || !late.includes(error.code)) throw error;
        console.log("too late:", error.code); // what is to be done now is among the decisions
      }
    }
  }

  /** A plan, a finding with its citation, a question; and when that is answered, the end of the round. */
  async firstRound(turn: Turn): Promise<void> {
    const found = think(turn.task, turn.envelope.blocks);
    if (!found) {
      await this.post({ id: "none", type: "done", summary: "Nothing was found.", gaps: ["No passage speaks of it."] });
      return;
    }
    const answer = await this.post(
      { id: "plan", type: "plan", steps: [{ title: "Find a sentence" }, { title: "Ask" }] },
      { id: "reading", type: "said", text: `I was given ${turn.envelope.blocks.length} passages.` },
      { id: "half", type: "progress", done: 1, total: 2, label: "read" },
      finding("finding-1", turn.task.slice(0, 300), [cited(found)]),
      { id: "usage-1", type: "usage", model: "none", tokens_in: 0, tokens_out: 0 },
      {
        id: "question",
        type: "question",
        question: "Is one sentence enough?",
        form: { type: "object", properties: { enough: { type: "boolean" } } },
      },
    );
    if (answer.stopped) return;
    const enough = answer.events.at(-1)?.result.answers.enough;
    const summary = enough ? "One sentence was enough." : "You wanted more than one sentence.";
    await this.post({ id: "done-1", type: "done", summary });
  }

  /** What was written before, and for each change that was asked for a sentence that speaks of it. */
  async answerChanges(turn: Turn): Promise<void> {
    const n = turn.iteration;
    const asked = turn.obligations.map((obligation) => obligation.comment);
    const searches = asked.map((comment, i) => ({
      id: `look-${n}-${i}`,
      type: "tool_call",
      tool: "search_context",
      arguments: { query: comment.slice(0, 1000), k: 5 },
    }));
    const answers = (await this.post(...searches)).events;
    const first = think(turn.task, turn.envelope.blocks);
    const lines = first ? [cited(first)] : [];
    asked.forEach((comment, i) => {
      const more = think(comment, answers[i]!.result.items);
      if (more && !lines.includes(cited(more))) lines.push(cited(more));
    });
    await this.post(finding(`finding-${n}`, turn.task.slice(0, 300), lines), {
      id: `done-${n}`,
      type: "done",
      summary: `I looked into ${asked.length} changes.`,
    });
  }
}

const { values: given } = parseArgs({
  options: {
    project: { type: "string" },
    task: { type: "string" },
    session: { type: "string" },
    strategy: { type: "string", default: "final_only" },
  },
});
if (!given.project || !(given.task || given.session)) {
  console.error("Give --project, and --task or --session.");
  process.exit(2);
}

async function main(): Promise<void> {
  const sessions = `/projects/${given.project}/work-sessions`;
  let id = given.session;
  if (!id) {
    const request = {
      agent_type: "research",
      task_description: given.task,
      runtime: "external",
      approval_strategy: given.strategy,
    };
    id = (await call("POST", sessions, request)).id as string;
    console.log("session:", id);
  }
  const session = `${sessions}/${id}`;
  if ((await call("GET", session)).status === "initialized") await call("POST", `${session}/execute`);
  const end = await new Agent(session).run();
  console.log("ended:", end);
  process.exitCode = end === "completed" ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Refused ? error.message : error);
  process.exitCode = 1;
});
