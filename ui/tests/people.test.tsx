import { act, cleanup, screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import type { Checkpoint } from "@/api/types";
import { problem } from "@/mocks/answers";
import { attentionOf, checkpoints, inboxItem, me, projects } from "@/mocks/data";
import { listed } from "@/mocks/inbox";
import { open } from "./app";
import { server } from "./setup";

const COLLEAGUE = { id: "u2", name: "A colleague" };
const approvePath = "*/api/projects/:pid/work-sessions/:sid/checkpoints/:id/approve";

/** The review of the fixtures with something else about it, for the page and in the list. */
function given(change: (c: Checkpoint) => void): Checkpoint {
  const c = structuredClone(checkpoints[0]!);
  change(c);
  server.use(
    http.get("*/api/checkpoints/k-check", () => HttpResponse.json(c)),
    http.get("*/api/checkpoints", ({ request }) => HttpResponse.json(listed([inboxItem(c)], new URL(request.url).searchParams))),
  );
  return c;
}

function sent(end: string): Record<string, unknown>[] {
  const bodies: Record<string, unknown>[] = [];
  server.events.on("request:start", ({ request }) => {
    if (request.method !== "GET" && request.url.endsWith(end))
      void request.clone().json().then((json) => bodies.push(json as Record<string, unknown>), () => bodies.push({}));
  });
  return bodies;
}

async function settle(user: ReturnType<typeof open>["user"]) {
  await user.keyboard("enenenen");
  await user.keyboard("r");
  await user.type(await screen.findByLabelText("Keep it: why?"), "the board is the record{Enter}");
}

describe("what needs the reader", () => {
  it("comes in the order of its weight, unsupported before conflict", async () => {
    open("/review/k-check");
    await screen.findByText("5 flags are open");
    const list = within(screen.getByRole("group", { name: "Flags in this draft" }));
    expect(list.getAllByRole("button").map((button) => button.querySelector(".n")?.textContent)).toEqual(["3", "5", "6", "12", "8"]);
  });

  it("holds what no claim carries, with its sentence, and is read with one key", async () => {
    given((c) => {
      c.packet.triggers = [{ id: "t1", kind: "suspicious_source", detail: "“Press” reads like an instruction to the agent." }];
      c.attention = attentionOf(c.packet);
    });
    const { user } = open("/review/k-check");
    await screen.findByText("6 flags are open");
    expect(screen.getByText("6 need you,")).toBeInTheDocument();
    await user.keyboard("p");
    const pane = await screen.findByRole("region", { name: "A source tries to give orders" });
    expect(pane).toHaveTextContent("“Press” reads like an instruction to the agent.");
    await user.keyboard("r");
    await screen.findByText("5 flags are open");
    expect(pane).toHaveTextContent("Kept by you: Read by you.");
    await user.click(within(pane).getByRole("button", { name: "Take back" }));
    await screen.findByText("6 flags are open");
  });

  it("asks for a change of what no claim carries", async () => {
    const bodies = sent("/request-changes");
    given((c) => {
      c.packet.triggers = [{ id: "t1", kind: "suspicious_source", detail: "“Press” gives orders." }];
      c.attention = attentionOf(c.packet);
    });
    const { user } = open("/review/k-check");
    await screen.findByText("6 flags are open");
    await user.keyboard("pc");
    await user.type(await screen.findByLabelText("What should change?"), "leave the press out{Enter}");
    await screen.findByText("You ask: leave the press out");
    await user.click(screen.getByRole("button", { name: "Send 1 change back" }));
    await waitFor(() => expect(bodies[0]?.["changes"]).toEqual([{ comment: "leave the press out" }]));
  });

  it("shows what is noted for the whole draft, takes one back and adds another", async () => {
    const bodies = sent("/request-changes");
    const { user } = open("/review/k-check");
    await screen.findByText("5 flags are open");
    expect(screen.getByLabelText("Decision")).not.toHaveTextContent("As it came");
    await user.click(screen.getByRole("button", { name: "Ask for changes" }));
    const field = await screen.findByLabelText("What should change in the whole draft?");
    expect(field).toHaveAccessibleDescription(/“must contain: 226 km”.*are compared/);
    await user.type(field, "shorter{Shift>}{Enter}{/Shift}at most 90 words{Enter}");
    await user.click(await screen.findByRole("button", { name: "Ask for changes" }));
    const noted = await screen.findByRole("list", { name: "Noted for the whole draft" });
    expect(noted).toHaveTextContent("shorter at most 90 words");
    await user.click(within(noted).getByRole("button", { name: "Take back" }));
    expect(noted).not.toBeInTheDocument();
    await user.type(screen.getByLabelText("What should change in the whole draft?"), "must have table{Enter}");
    await user.click(await screen.findByRole("button", { name: "Send 1 change back" }));
    await waitFor(() => expect(bodies[0]?.["changes"]).toEqual([{ comment: "must have table" }]));
  });

  it("says by keyboard that the check was wrong", async () => {
    const bodies = sent("/approve");
    const { user } = open("/review/k-check");
    await screen.findByText("5 flags are open");
    await user.keyboard("r");
    await user.type(await screen.findByLabelText("Keep it: why?"), "28 is the date of the report{ArrowDown}");
    expect(screen.getByRole("radio", { name: "The check was wrong" })).toBeChecked();
    await user.keyboard("{Enter}");
    expect(await screen.findByText("Kept by you, the check was wrong: 28 is the date of the report")).toBeInTheDocument();
    await user.keyboard("nenenen");
    await user.keyboard("r");
    await user.type(await screen.findByLabelText("Keep it: why?"), "the board is the record{Enter}");
    await screen.findByText("Ready to sign");
    await user.keyboard("a");
    await waitFor(() =>
      expect(bodies[0]?.["acknowledged"]).toEqual([
        { claim_id: "c_mars0003", reason: "28 is the date of the report", kind: "check_was_wrong" },
        { claim_id: "c_mars0008", reason: "the board is the record", kind: "accepted" },
      ]),
    );
  });

  it("shows why it matters in words beside the signature, and no number", async () => {
    given((c) => {
      c.packet.risk = { level: "high", consequence: "public", reversible: false, because: ["It is meant for the public.", "5 claims need a person."] };
    });
    open("/review/k-check");
    await screen.findByText("5 flags are open");
    const dock = screen.getByLabelText("Decision");
    expect(dock).toHaveTextContent("As it came: It is meant for the public. 5 claims need a person.");
    expect(dock).not.toHaveTextContent("high");
  });
});

describe("signatures of several people", () => {
  it("says who has signed, and signs as the last", async () => {
    const c = given((one) => {
      one.signing.quorum = 2;
      one.votes = [{ by: "u2", name: "A colleague", at: new Date().toISOString() }];
      one.packet.artifacts[0]!.claims.forEach((claim) => (claim.correction = null));
    });
    server.use(
      http.post(approvePath, () => {
        const votes = [...c.votes, { by: me.id, name: me.name, at: new Date().toISOString() }];
        const decision = { decision: "approve", by: me.id, name: me.name, at: new Date().toISOString() };
        return HttpResponse.json({ checkpoint: { ...c, votes, decision, status: "approved" }, session_id: c.session_id, status: "queued" });
      }),
    );
    const { user } = open("/review/k-check");
    expect(await screen.findByText(/^1 of 2 signatures: A colleague, today/)).toBeInTheDocument();
    for (let i = 0; i < 5; i += 1) {
      await user.keyboard("r");
      await user.type(await screen.findByLabelText("Keep it: why?"), "read{Enter}");
      await user.keyboard("n");
    }
    await user.click(await screen.findByRole("button", { name: /^Sign as 2nd of 2 and save the report/ }));
    expect(await screen.findByText(/^Signed by A colleague and you at/)).toBeInTheDocument();
  });

  it("shows one's own signature, and takes it back", async () => {
    const c = given((one) => {
      one.signing.quorum = 2;
      one.votes = [{ by: me.id, name: me.name, at: new Date().toISOString() }];
    });
    const { user } = open("/review/k-check");
    await screen.findByText("You have signed");
    expect(screen.getByText(/^1 of 2 signatures: you, today/)).toBeInTheDocument();
    expect(screen.getByText("One more must sign. Until then nothing is saved or sent.")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: /^Sign/ })).not.toBeInTheDocument();
    expect(screen.queryByRole("button", { name: /^Use 23/ })).not.toBeInTheDocument();
    server.use(
      http.post("*/checkpoints/:id/withdraw", () => {
        c.votes = [];
        return HttpResponse.json({ checkpoint: c, session_id: c.session_id, status: "pending_review" });
      }),
    );
    await user.keyboard("u");
    expect(await screen.findByRole("button", { name: /^Sign; one more must sign/ })).toBeInTheDocument();
    expect(screen.getByText("0 of 2 signatures")).toBeInTheDocument();
  });

  it("says that everybody sees a correction first, and why nothing was signed", async () => {
    const c = given((one) => (one.signing.quorum = 2));
    const newer = structuredClone(c);
    newer.id = "k-newer";
    newer.packet_digest = "digest-2";
    newer.packet.artifacts[0]!.claims[2]!.id = "c_mended";
    server.use(http.post(approvePath, () => problem(409, "stale_packet", "You edited it, so everybody looks at it anew. Nothing was decided.", { checkpoint: newer })));
    const { user } = open("/review/k-check");
    await screen.findByText("5 flags are open");
    await settle(user);
    await screen.findByText("Corrected, not signed");
    await user.click(screen.getByRole("button", { name: /^Show the corrections to everybody/ }));
    await screen.findByText("1 claim changed while you read.");
    expect(screen.getByText(/You edited it, so everybody looks at it anew\. Nothing was decided\./)).toBeInTheDocument();
  });

  it("tells who asked for the work why somebody else signs it; asking and rejecting stay", async () => {
    given((c) => (c.signing = { quorum: 1, separate_duties: true, barred: [me.id] }));
    const { user } = open("/review/k-check");
    await screen.findByText("You asked for this work or edited it, so somebody else signs it");
    expect(screen.queryByRole("button", { name: /^Sign/ })).not.toBeInTheDocument();
    await user.keyboard("ea");
    expect(screen.queryByText(/^Corrected by you/)).not.toBeInTheDocument();
    await user.keyboard("x");
    expect(screen.getByText("Reject: why?")).toBeInTheDocument();
    await user.keyboard("{Escape}c");
    await user.type(await screen.findByLabelText("What should change in claim 3?"), "the date{Enter}");
    expect(await screen.findByRole("button", { name: "Send 1 change back" })).toHaveClass("fill");
  });

  it("lets a viewer read", async () => {
    server.use(http.get("*/api/me", () => HttpResponse.json({ ...me, role: "viewer" })));
    open("/review/k-check");
    await screen.findByText("A reviewer decides this");
    expect(screen.queryByRole("button", { name: /Reject|^Sign/ })).not.toBeInTheDocument();
    expect(screen.queryByLabelText("Comment on claim 3")).not.toBeInTheDocument();
  });

  it.each([
    [403, "duties_separated", "Local reviewer asked for this work or edited it.", "Ask another reviewer."],
    [409, "already_voted", "You have signed this; it needs 2 different people.", "Another reviewer signs next."],
    [409, "review_expired", "The time to decide this has run out. Nothing was decided.", "Fork the session to have it done again."],
  ])("says a refusal where it happens: %i %s", async (status, code, detail, hint) => {
    server.use(http.post(approvePath, () => problem(status, code, detail, { hint })));
    const { user } = open("/review/k-check");
    await screen.findByText("5 flags are open");
    await settle(user);
    await user.keyboard("a");
    expect(await screen.findByText(`${detail} ${hint}`)).toBeInTheDocument();
  });
});

describe("until it is known who reads", () => {
  const project = projects[0]!.id;
  /** What is there in the moment in which it becomes known, and afterwards. */
  async function shown(path: string, role: string) {
    const waits = path === "/inbox" ? "Looking for what waits for you." : "Opening the page.";
    let tell = () => {};
    const told = new Promise<void>((resolve) => (tell = resolve));
    server.use(http.get("*/api/me", () => told.then(() => HttpResponse.json({ ...me, role }))));
    open(path);
    expect(await screen.findByText(waits)).toBeInTheDocument();
    const main = () => within(screen.getByRole("main"));
    expect(main().queryAllByRole("button")).toEqual([]);
    expect(main().queryAllByRole("link")).toEqual([]);
    tell();
    await waitFor(() => expect(screen.queryByText(waits)).toBeNull());
  }

  it.each([
    ["/inbox", /^Snooze/],
    ["/work", "New work"],
    [`/projects/${project}`, "New work"],
    [`/projects/${project}/sources`, "Choose files"],
    [`/projects/${project}/memory`, "Add an instruction"],
    [`/projects/${project}/agents`, "Add an agent"],
    [`/projects/${project}/sessions/s-run`, "Cancel this work"],
    ["/settings/projects", `Archive ${projects[0]!.name}`],
  ])("%s offers nothing, then what is allowed", async (path, name) => {
    await shown(path, "viewer");
    await screen.findAllByRole("heading");
    expect(screen.queryByRole("button", { name })).toBeNull();
    expect(screen.queryByRole("link", { name })).toBeNull();
    cleanup();
    await shown(path, "admin");
    await waitFor(() => expect([...screen.queryAllByRole("button", { name }), ...screen.queryAllByRole("link", { name })].length).toBeGreaterThan(0));
  });

  it("and where it cannot be known, what needs a role is not offered", async () => {
    server.use(http.get("*/api/me", () => problem(500, "internal_error", "Something of ours broke.")));
    open(`/projects/${project}`);
    expect(await screen.findByRole("heading", { name: projects[0]!.name })).toBeInTheDocument();
    expect(screen.queryByRole("link", { name: "New work" })).toBeNull();
    cleanup();
    open(`/projects/${project}/new`);
    expect(await screen.findByText(/Something of ours broke/)).toBeInTheDocument();
    expect(screen.queryByText(/You may read this workspace/)).toBeNull();
  });
});

describe("looking", () => {
  it("is said at once and taken back on leaving", async () => {
    const said: string[] = [];
    server.events.on("request:start", ({ request }) => {
      if (request.url.endsWith("/lease")) said.push(`${request.method} ${new URL(request.url).pathname}`);
    });
    const { router } = open("/review/k-check");
    await waitFor(() => expect(said.at(-1)).toBe("POST /api/checkpoints/k-check/lease"));
    await screen.findByText("5 flags are open");
    await act(() => router.navigate({ to: "/inbox" }));
    await waitFor(() => expect(said.at(-1)).toBe("DELETE /api/checkpoints/k-check/lease"));
  });

  it("says who else looks, all of them by name, and keeps nobody from deciding", async () => {
    const until = new Date(Date.now() + 40_000).toISOString();
    const lookers = [{ ...COLLEAGUE, until }, { id: me.id, name: me.name, until }, { id: "u3", name: "Cleo", until }];
    server.use(http.post("*/api/checkpoints/:id/lease", () => HttpResponse.json({ checkpoint_id: "k-check", looking: lookers[0], lookers })));
    const { user } = open("/review/k-check");
    expect(await screen.findByText(`${COLLEAGUE.name} and Cleo are looking at this just now.`)).toBeInTheDocument();
    await user.keyboard("e");
    await screen.findByText("4 flags are open");
  });

  it("shows who looks at the others in the queue, until it has run out", async () => {
    const [, second, third] = structuredClone(checkpoints);
    second!.lookers = [{ ...COLLEAGUE, until: new Date(Date.now() + 40_000).toISOString() }];
    third!.lookers = [{ id: "u3", name: "Somebody gone", until: new Date(Date.now() - 1000).toISOString() }];
    server.use(http.get("*/api/checkpoints", ({ request }) => HttpResponse.json(listed([checkpoints[0]!, second!, third!].map(inboxItem), new URL(request.url).searchParams))));
    open("/review/k-check");
    await screen.findByText("5 flags are open");
    expect(screen.getByText("A colleague is looking")).toBeInTheDocument();
    expect(screen.queryByText(/Somebody gone/)).not.toBeInTheDocument();
  });
});

describe("comments", () => {
  it("stand under their claim as text, are counted in the list, and keep what was half written", async () => {
    const bad = '<img src=x onerror="alert(1)"> look';
    const { user } = open("/review/k-check");
    await screen.findByText("5 flags are open");
    await user.type(screen.getByLabelText("Comment on claim 3"), `${bad}{Enter}`);
    expect(await screen.findByText(bad)).toBeInTheDocument();
    expect(document.querySelector("aside img")).toBeNull();
    expect(screen.getAllByTitle("1 comment").length).toBeGreaterThan(0);
    expect(screen.getByRole("button", { name: "Claim 3, Unsupported, 1 comment" })).toBeInTheDocument();
    await user.type(screen.getByLabelText("Comment on claim 3"), "half");
    await user.click(screen.getByRole("button", { name: "Claim 5, Unsupported" }));
    expect(screen.queryByText(bad)).not.toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Claim 3, Unsupported, 1 comment" }));
    expect(screen.getByLabelText("Comment on claim 3")).toHaveValue("half");
  });

  it("say what to do when one could not be sent, and keep it", async () => {
    server.use(http.post("*/api/checkpoints/:id/comments", () => problem(503, "database_away", "The database is away.", { hint: "Try again in a moment." })));
    const { user } = open("/review/k-check");
    await screen.findByText("5 flags are open");
    await user.click(screen.getByRole("button", { name: "Claim 6, Unsupported" }));
    await user.type(await screen.findByLabelText("Comment on claim 6"), "which file?{Enter}");
    expect(await screen.findByText("The database is away. Try again in a moment.")).toBeInTheDocument();
    expect(screen.getByLabelText("Comment on claim 6")).toHaveValue("which file?");
  });
});

describe("why it stopped", () => {
  it("names the gates, the rule that decided and its reasons", async () => {
    const { user } = open("/review/k-check");
    await user.click(await screen.findByRole("button", { name: "Why did it stop?" }));
    const panel = await screen.findByRole("region", { name: "Why did it stop?" });
    expect(await within(panel).findByText("It stops for a signature at the end")).toBeInTheDocument();
    expect(panel).toHaveTextContent("The rule that decided: Always ends at the final gate. 1 rule before it had no opinion.");
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("region", { name: "Why did it stop?" })).not.toBeInTheDocument();
  });
});
