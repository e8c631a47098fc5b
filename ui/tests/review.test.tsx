import { cleanup, screen, waitFor, within } from "@testing-library/react";
import { delay, http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import type { Checkpoint } from "@/api/types";
import { checkpoints, me } from "@/mocks/data";
import { problem } from "@/mocks/answers";
import { open } from "./app";
import { server } from "./setup";

const approvePath = "*/api/projects/:pid/work-sessions/:sid/checkpoints/:id/approve";
const rejectPath = "*/api/projects/:pid/work-sessions/:sid/checkpoints/:id/reject";

async function opened() {
  const page = open("/review/k-check");
  await screen.findByText("5 flags are open");
  return page;
}

async function settleAll(user: Awaited<ReturnType<typeof opened>>["user"]) {
  await user.keyboard("enenenen");
  await user.keyboard("r");
  await user.type(await screen.findByLabelText("Keep it: why?"), "the board is the record{Enter}");
  await screen.findByText("Ready to sign");
}

describe("review", () => {
  it("opens on the first flag, with what the draft and the source say side by side", async () => {
    await opened();
    const evidence = screen.getByLabelText("Evidence for claim 3");
    expect(within(evidence).getByText("Unsupported: date differs")).toBeInTheDocument();
    expect(within(evidence).getByText("Draft says")).toBeInTheDocument();
    expect(within(evidence).getAllByText("23 September 1999").some((e) => e.tagName === "MARK")).toBe(true);
    expect(screen.getByText("5 need you,")).toBeInTheDocument();
    expect(screen.getByText("7 passed automatic checks")).toBeInTheDocument();
  });

  it("settles every flag by keyboard and sends exactly that, on the digest that was read", async () => {
    let body: Record<string, unknown> = {};
    server.events.on("request:start", ({ request }) => {
      if (request.url.endsWith("/approve")) void request.clone().json().then((json) => (body = json as typeof body));
    });
    const { user } = await opened();
    await settleAll(user);
    expect(screen.getByText("4 corrected by you, 1 kept with your reason")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: /^Sign version 2 and save the report/ })).toHaveClass("fill");
    await user.keyboard("a");
    await screen.findByText(/^Signed by you at/);
    expect(body["packet_digest"]).toBe("digest-k-check-1");
    expect(body["acknowledged"]).toEqual([{ claim_id: "c_mars0008", reason: "the board is the record", kind: "accepted" }]);
    expect(JSON.stringify(body["edits"])).toContain("a factor of 4.45");
    await user.keyboard("u");
    await screen.findByText("Ready to sign");
  });

  it("has what was settled when the page is loaded again, and says so when the packet moved", async () => {
    const { user } = await opened();
    await user.keyboard("e");
    await screen.findByText("4 flags are open");
    cleanup();
    open("/review/k-check");
    await screen.findByText("4 flags are open");
    cleanup();
    const key = sessionStorage.key(0) ?? "";
    sessionStorage.setItem(key, (sessionStorage.getItem(key) ?? "").replace("digest-k-check-1", "digest-before"));
    open("/review/k-check");
    await screen.findByText("What you had settled was for an earlier version.");
    await screen.findByText("5 flags are open");
  });

  it("goes to the first open flag when the signature is pressed too early", async () => {
    const { user } = await opened();
    await user.keyboard("e");
    await user.keyboard("a");
    expect(await screen.findByLabelText("Evidence for claim 5")).toBeInTheDocument();
    expect(screen.queryByText(/^Signed by/)).not.toBeInTheDocument();
  });

  it("takes a correction back", async () => {
    const { user } = await opened();
    await user.click(screen.getByRole("button", { name: /^Use 23\sSeptember/ }));
    await screen.findByText("4 flags are open");
    await user.click(screen.getByRole("button", { name: "Take back" }));
    await screen.findByText("5 flags are open");
  });

  it("leaves keys dead while the item loads", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    let decided = 0;
    server.use(
      http.get("*/api/projects/:pid/work-sessions/:sid/artifacts/:aid/versions/:n", async () => {
        await gate;
        return undefined; // falls through to the fixture
      }),
      http.post(rejectPath, () => {
        decided += 1;
        return HttpResponse.json({});
      }),
    );
    const { user } = open("/review/k-check");
    await screen.findByText("Opening the draft. Keys are off until you can see it.");
    await user.keyboard("x1ae");
    release();
    await screen.findByText("5 flags are open");
    expect(screen.queryByText("Reject: why?")).not.toBeInTheDocument();
    expect(decided).toBe(0);
  });

  it("keys are dead inside text fields", async () => {
    const { user } = await opened();
    await user.keyboard("r");
    await user.type(await screen.findByLabelText("Keep it: why?"), "x1 a u");
    expect(screen.queryByText("Reject: why?")).not.toBeInTheDocument();
    await user.keyboard("{Escape}");
    expect(screen.queryByLabelText("Keep it: why?")).not.toBeInTheDocument();
  });

  it("keeps the list of what waits while the review before is opened", async () => {
    const { user, router } = open("/review/k-report");
    await waitFor(() => expect(within(screen.getByRole("complementary", { name: "Queue" })).getAllByRole("link").length).toBeGreaterThan(2));
    server.use(http.get("*/api/checkpoints", () => delay("infinite")));
    await waitFor(async () => {
      await user.keyboard("k");
      expect(router.state.location.pathname).toBe("/review/k-check");
    });
    await screen.findByText("5 flags are open");
    expect(within(screen.getByRole("complementary", { name: "Queue" })).getAllByRole("link").length).toBeGreaterThan(2);
  });

  it("rejects with the reason behind a key", async () => {
    let reason = "";
    server.events.on("request:start", ({ request }) => {
      if (request.url.endsWith("/reject")) void request.clone().json().then((json) => (reason = (json as { rejection_reason: string }).rejection_reason));
    });
    const { user } = await opened();
    await user.keyboard("x");
    expect(screen.getByText("Ends this work; nothing is saved or sent.")).toBeInTheDocument();
    await user.keyboard("2");
    expect(await screen.findAllByText("Rejected by you: Sources missing")).toHaveLength(1); // beside the decision, and not over the text
    expect(reason).toBe("Sources missing");
    expect(screen.queryByText(/failed/i)).not.toBeInTheDocument();
    expect(screen.getByText(/^It takes effect in \d seconds?\. Close the page if you like\.$/)).toBeInTheDocument();
    await user.keyboard("u");
    await screen.findByText("5 flags are open");
    await user.keyboard("x1");
    await screen.findByText("Rejected by you: Facts are wrong");
  });

  it("rejects with one's own words", async () => {
    const { user } = await opened();
    await user.keyboard("x9");
    await user.type(await screen.findByLabelText("Reject: why?"), "no audit{Enter}");
    expect((await screen.findAllByText("Rejected by you: no audit")).length).toBeGreaterThan(0);
  });

  it("flags a passed sentence and sends it back with the corrections", async () => {
    let changes: { comment: string; claim_id?: string }[] = [];
    server.events.on("request:start", ({ request }) => {
      if (request.url.endsWith("/request-changes")) void request.clone().json().then((json) => (changes = (json as { changes: typeof changes }).changes));
    });
    const { user, router } = await opened();
    await user.keyboard("e");
    await user.click(screen.getByRole("button", { name: "Claim 4, Passed automatic checks" }));
    await user.keyboard("f");
    await user.type(await screen.findByLabelText("What should change in claim 4?"), "the teams are swapped");
    await user.keyboard("{Control>}{Enter}{/Control}");
    // It went back, and the reader is at the next item.
    await screen.findByText(/^“Why Mars Climate Orbiter was lost \(practice draft\)” went back\. It takes effect in \d seconds?\.$/);
    expect(changes).toEqual([
      expect.objectContaining({ claim_id: "c_mars0004", comment: "the teams are swapped" }),
      expect.objectContaining({ claim_id: "c_mars0003", comment: expect.stringContaining("23 September 1999") }),
    ]);
    // Taken back from there, all of it is still to be sent.
    await waitFor(() => expect(router.state.location.pathname).not.toBe("/review/k-check"));
    await user.keyboard("u");
    await waitFor(() => expect(router.state.location.pathname).toBe("/review/k-check"));
    await screen.findByRole("button", { name: "Send 1 change back" });
    expect(within(screen.getByLabelText("Decision")).getByText("4 flags are open")).toBeInTheDocument();
  });

  it("takes a request for changes back where it was sent, and has what was asked for", async () => {
    const { user } = await opened();
    await user.click(screen.getByRole("button", { name: "Claim 4, Passed automatic checks" }));
    await user.keyboard("f");
    await user.type(await screen.findByLabelText("What should change in claim 4?"), "the teams are swapped{Enter}");
    await user.click(await screen.findByRole("button", { name: "Send 1 change back" }));
    await screen.findByText(/^Sent back by you at/);
    expect(screen.queryByText("It comes back here when the changes are made.")).not.toBeInTheDocument();
    await user.keyboard("u");
    await screen.findByRole("button", { name: "Send 1 change back" });
  });

  it("says that claims changed, signs nothing, and shows the new packet only on request", async () => {
    const newer = structuredClone(checkpoints[0]!) as Checkpoint;
    newer.packet_digest = "digest-2";
    newer.packet.artifacts[0]!.claims = newer.packet.artifacts[0]!.claims.map((claim) =>
      claim.n === 7 || claim.n === 9 ? { ...claim, id: `${claim.id}_x`, verdict: "partial", needs_you: true, headline: "Number rounded" } : claim,
    );
    server.use(http.post(approvePath, () => problem(409, "stale_packet", "The packet changed.", { checkpoint: newer })));
    const { user } = await opened();
    await settleAll(user);
    await user.keyboard("a");
    await screen.findByText("2 claims changed while you read.");
    expect(screen.getByText("The packet changed.")).toBeInTheDocument();
    // Where decisions stand it is said, too: nothing there looks as if it could be signed, and the key says why not.
    const dock = screen.getByLabelText("Decision");
    expect(dock).toHaveTextContent("It was replaced while you read.Nothing was decided");
    expect(dock.querySelector(".fill, .wait")).toBeNull();
    expect(within(dock).queryByText("Not decided")).toBeNull();
    for (const key of ["a", "{Control>}{Enter}{/Control}", "x"]) await user.keyboard(key);
    expect(within(dock).getByText("Not decided")).toBeInTheDocument();
    expect(within(dock).getByRole("button", { name: "Look at the new version" })).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Claim 7, Passed automatic checks" })).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Go on with the new version" }));
    await screen.findByRole("button", { name: "Claim 7, Partial" });
    expect(screen.queryByText("2 claims changed while you read.")).not.toBeInTheDocument();
    expect(screen.getByText("2 flags are open")).toBeInTheDocument();
  });

  it.each([
    [me.id, "Your rejection did not take effect."],
    ["u2", "Ana’s rejection did not take effect."],
  ])("says that a held decision of %s came to nothing, also to who comes later", async (by, words) => {
    const why = "A source that it rests on was deleted.";
    const gone = structuredClone(checkpoints[0]!) as Checkpoint;
    gone.void_decision = { decision: "reject", by, name: "Ana", why, at: "2026-11-26T10:00:00Z" };
    server.use(http.get("*/api/checkpoints/k-check", () => HttpResponse.json(gone)));
    await opened();
    expect(screen.getByText(words)).toBeInTheDocument();
    expect(screen.getByText(`${why} Look at it again and decide anew.`)).toBeInTheDocument();
  });

  it("says so in place of what changed to who has what it was made on before them", async () => {
    const newer = { ...structuredClone(checkpoints[0]!), id: "k-newer", packet_digest: "digest-2" } as Checkpoint;
    newer.void_decision = { decision: "request_changes", by: me.id, name: "Ana", why: "A source that it rests on was deleted.", at: "2026-11-26T10:00:00Z" };
    const { client } = await opened();
    const old = { ...checkpoints[0]!, status: "superseded", superseded_by: "k-newer" };
    server.use(http.get("*/api/checkpoints/k-check", () => HttpResponse.json(old)), http.get("*/api/checkpoints/k-newer", () => HttpResponse.json(newer)));
    void client.invalidateQueries({ queryKey: ["checkpoint", "k-check"] });
    await screen.findByText("Your request did not take effect.");
    expect(screen.getByRole("button", { name: "Decide anew" })).toBeInTheDocument();
    expect(within(document.querySelector<HTMLElement>(".newsline")!).queryByText(/while you read/)).not.toBeInTheDocument();
  });

  it("says who decided when somebody was first", async () => {
    server.use(http.post(approvePath, () => problem(409, "already_decided", "A colleague has already rejected this review.", { hint: "Open the work to see the decision." })));
    const { user } = await opened();
    await settleAll(user);
    await user.keyboard("a");
    expect(await screen.findByText(/A colleague has already rejected this review/)).toBeInTheDocument();
  });

  it("begins a new round with what was asked for where nothing else needs the reader", async () => {
    const again = structuredClone(checkpoints.find((one) => one.id === "k-report")!) as Checkpoint;
    again.attention = [];
    again.packet.triggers = [];
    again.packet.obligations = again.packet.obligations.filter((one) => one.state === "met");
    again.packet.artifacts = again.packet.artifacts.map((artifact) => ({
      ...artifact, claims: artifact.claims.map((claim) => ({ ...claim, verdict: "supported" as const, needs_you: false })),
    }));
    server.use(http.get("*/api/checkpoints/k-report", () => HttpResponse.json(again)));
    open("/review/k-report");
    const asked = await screen.findByRole("region", { name: "What you asked for" });
    const evidence = screen.getByLabelText(/^Evidence for claim 1$/);
    expect(asked.compareDocumentPosition(evidence) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
  });

  it("offers no further round after the last one", async () => {
    const last = structuredClone(checkpoints[0]!) as Checkpoint;
    last.can_request_changes = false;
    server.use(http.get("*/api/checkpoints/k-check", () => HttpResponse.json(last)));
    await opened();
    expect(screen.queryByRole("button", { name: /Ask/ })).not.toBeInTheDocument();
  });

  it("keeps a claim that only needs a look with one key", async () => {
    const { user } = open("/review/k-report");
    await screen.findByText("4 flags are open");
    await user.keyboard("nn");
    await screen.findByLabelText("Evidence for claim 3");
    await user.keyboard("r");
    await screen.findByText("3 flags are open");
    expect(screen.getByText(/^Kept by you: Read by me/)).toBeInTheDocument();
  });

  it("shows the plan as steps and names the consequence", async () => {
    open("/review/k-plan");
    expect(await screen.findByText("Which years fell below the trend?")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: /^Approve the plan and start/ })).toHaveClass("fill");
  });

  it("asks a question as a form and sends typed answers", async () => {
    let answers: unknown;
    server.events.on("request:start", ({ request }) => {
      if (request.url.endsWith("/approve")) void request.clone().json().then((json) => (answers = (json as { answers: unknown }).answers));
    });
    const { user } = open("/review/k-question");
    await screen.findByLabelText("First year");
    await user.click(screen.getByRole("button", { name: /^Answer and go on/ }));
    expect(await screen.findByText("This is needed.")).toBeInTheDocument();
    await user.type(screen.getByLabelText("First year"), "2019");
    await user.click(screen.getByRole("button", { name: /^Answer and go on/ }));
    await waitFor(() => expect(answers).toEqual({ year: 2019, include_hydro: true }));
  });

  it("says a question once, above the fields that answer it", async () => {
    const asks = structuredClone(checkpoints.find((one) => one.id === "k-question")!) as Checkpoint;
    const { text } = asks.packet.question!;
    asks.packet.triggers = [
      { id: "t1", kind: "question", detail: { text } },
      { id: "t2", kind: "question", detail: { text: "Another one, asked before?" } },
    ];
    server.use(http.get("*/api/checkpoints/k-question", () => HttpResponse.json(asks)));
    open("/review/k-question");
    expect(await screen.findByLabelText("First year")).toBeInTheDocument();
    expect(screen.getByText(/Another one, asked before/)).toBeInTheDocument();
    expect(within(screen.getByRole("main")).getAllByText(new RegExp(text.replace("?", ".")))).toHaveLength(1);
  });

  it("says what failed when the review cannot be opened", async () => {
    server.use(http.get("*/api/checkpoints/k-check", async () => {
      await delay(1);
      return problem(404, "not_found", "This review does not exist, or you may not see it.", { hint: "Go back to the inbox." });
    }));
    open("/review/k-check");
    expect(await screen.findByText("This review could not be opened")).toBeInTheDocument();
    expect(screen.getByText("Go back to the inbox.")).toBeInTheDocument();
  });

  it("renders agent output as text, never as markup", async () => {
    const evil = structuredClone(checkpoints[0]!) as Checkpoint;
    const bad = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
    evil.session_title = bad;
    evil.packet.artifacts[0]!.title = bad;
    evil.packet.artifacts[0]!.claims[2]!.headline = bad;
    server.use(http.get("*/api/checkpoints/k-check", () => HttpResponse.json(evil)));
    await opened();
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent(bad);
    expect(document.querySelector("main img, main script, aside img, aside script")).toBeNull();
  });
});
