import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { delay, http, HttpResponse } from "msw";
import { afterEach, describe, expect, it } from "vitest";
import { claimsNow, correctionsKey, flaggedNow } from "@/review/again";
import { checkDocument, checkpoints, inboxItem, me } from "@/mocks/data";
import { listed } from "@/mocks/inbox";
import { problem } from "@/mocks/answers";
import { movedClaims } from "@/review/ChangedHere";
import { setFormer } from "@/review/former";
import { changesToSend, correctedDocument } from "@/review/outgoing";
import { freeKey, freePlace, reduce, rowsOf, start } from "@/review/state";
import { open } from "./app";
import { server } from "./setup";

const base = "*/api/projects/:pid/work-sessions/:sid/checkpoints/:id";
const checkpoint = checkpoints[0]!;
const { packet } = checkpoint;
const artifact = packet.artifacts[0]!;
const rows = rowsOf(packet);
const begin = () => start(packet, checkpoint.packet_digest, checkpoint.attention);

afterEach(() => setFormer(null));

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
const complete = "{Control>}{Enter}{/Control}";

describe("completing and going on", () => {
  it("goes to the first open flag, decides nothing, and stays", async () => {
    const { user, router } = await opened();
    await user.keyboard(`n${complete}`);
    expect(await screen.findByLabelText("Evidence for claim 3")).toBeInTheDocument();
    expect(router.state.location.pathname).toBe("/review/k-check");
  });

  const items = checkpoints.filter((c) => c.status === "pending_review").map(inboxItem);
  const order = items.map(({ id }) => `/review/${id}`);
  /** Lists of what waits: the first shows two, those after it three, once `answer` says so. */
  const lists = (answer: (asked: string[]) => Promise<Response | undefined>) => {
    const asked: string[] = [];
    server.use(
      http.get("*/api/checkpoints", async ({ request }) => {
        const query = new URL(request.url).searchParams;
        const around = query.get("around");
        if (around === null) return;
        asked.push(around);
        query.set("limit", asked.length > 1 ? "3" : "2");
        return (asked.length > 1 && (await answer(asked))) || HttpResponse.json(listed(items, query));
      }),
    );
  };

  it("goes on by what is known of the list when a key is pressed, and by nothing that comes later", async () => {
    const come: (() => void)[] = [];
    lists(() => new Promise((go) => come.push(() => go(undefined))));
    const { user, router } = open(order[0]!);
    await screen.findByText("1 of 4");
    await user.keyboard("j");
    await screen.findByText(items[1]!.session_title, { selector: ".doctitle" });
    await waitFor(() => expect(come).not.toHaveLength(0));
    await user.keyboard("j");
    for (const go of come) go();
    await waitFor(() => expect(document.querySelectorAll(".qi")).toHaveLength(3));
    expect(router.state.location.pathname).toBe(order[1]);
    await user.keyboard("j");
    await waitFor(() => expect(router.state.location.pathname).toBe(order[2]));
  });

  it("keeps the list that was there when the next one cannot be had", async () => {
    lists(async () => HttpResponse.error());
    const { client, user, router } = open(order[0]!);
    await screen.findByText("1 of 4");
    await user.keyboard("j");
    await screen.findByText(items[1]!.session_title, { selector: ".doctitle" });
    await waitFor(() => expect(client.getQueryCache().findAll({ queryKey: ["inbox", "around"] }).some(({ state }) => state.status === "error")).toBe(true));
    expect(document.querySelectorAll(".qi")).toHaveLength(2);
    await user.keyboard("k");
    await waitFor(() => expect(router.state.location.pathname).toBe(order[0]));
  });

  it("keeps the focus in the list on the review that is open", async () => {
    const { user } = open(order[0]!);
    await screen.findByText("1 of 4");
    const line = (n: number) => document.querySelectorAll<HTMLElement>(".qi")[n]!;
    line(1).focus();
    await user.keyboard("{Enter}");
    await screen.findByText(items[1]!.session_title, { selector: ".doctitle" });
    await user.keyboard("j");
    await screen.findByText(items[2]!.session_title, { selector: ".doctitle" });
    expect(document.activeElement).toBe(line(2));
    expect(line(2)).toHaveAttribute("aria-current", "true");
  });

  it("signs, goes to the next item, and takes it back from there with everything that was settled", async () => {
    const { user, router } = await opened();
    await settleAll(user);
    await user.keyboard(complete);
    await waitFor(() => expect(router.state.location.pathname).not.toBe("/review/k-check"));
    const last = await screen.findByLabelText("What you did last");
    expect(last).toHaveTextContent(/is signed\. It takes effect in \d seconds?\./);
    await user.keyboard("u");
    await waitFor(() => expect(router.state.location.pathname).toBe("/review/k-check"));
    await screen.findByText("4 corrected by you, 1 kept with your reason");
  });

  it("keeps the decision and says why when it can be taken back no more", async () => {
    server.use(http.post(`${base}/withdraw`, () => problem(409, "nothing_to_withdraw", "It was released a moment ago.")));
    const { user } = await opened();
    await settleAll(user);
    await user.keyboard(complete);
    const last = await screen.findByLabelText("What you did last");
    await waitFor(() => expect(last).toHaveTextContent("is signed"));
    await user.click(within(last).getByRole("button", { name: /^Undo/ }));
    await waitFor(() => expect(last).toHaveTextContent("It was not taken back: It was released a moment ago."));
  });

  it("does nothing while what was taken back is still read, and signs that when it is there", async () => {
    let arrived = () => {};
    const read = new Promise<void>((done) => (arrived = done));
    const signed: unknown[] = [];
    const { decision: _, ...open } = structuredClone(checkpoint);
    const next = { ...open, decision: null, packet_digest: "second", packet: { ...open.packet, artifacts: open.packet.artifacts.map((one) => ({ ...one, version: 77 })) } };
    server.use(
      http.post(`${base}/approve`, async ({ request }) => {
        signed.push(((await request.json()) as Record<string, unknown>)["packet_digest"]);
        const until = new Date(Date.now() + 60_000).toISOString();
        const decision = { decision: "approve", by: me.id, name: "You", at: new Date().toISOString() };
        return HttpResponse.json({ checkpoint: { ...(signed.length > 1 ? next : open), approve_pending: true, held: "approve", undo_until: until, decision } });
      }),
      http.post(`${base}/withdraw`, () => HttpResponse.json({ checkpoint: next })),
      http.get("*/artifacts/:aid/versions/77", async () => {
        await read;
        return undefined; // as the first version is answered
      }),
    );
    const { user } = await opened();
    await settleAll(user);
    await user.keyboard("a");
    await screen.findByText(/^Signed by/);
    await user.keyboard("u");
    server.use(http.get("*/checkpoints/k-check", () => HttpResponse.json(next)));
    await user.keyboard("aux1a");
    expect(signed).toEqual([checkpoint.packet_digest]);
    expect(screen.getByText(/^Signed by/)).toBeInTheDocument();
    arrived();
    await screen.findByText("Ready to sign");
    await user.keyboard("a");
    await waitFor(() => expect(signed).toEqual([checkpoint.packet_digest, "second"]));
  });

  it("does nothing while a decision is on its way", async () => {
    let sent = 0;
    server.use(
      http.post(`${base}/approve`, async () => {
        sent += 1;
        await delay("infinite");
        return HttpResponse.json({});
      }),
    );
    const { user } = await opened();
    await settleAll(user);
    await user.keyboard(`a${complete}ax1`);
    await screen.findByText("Signing");
    expect(sent).toBe(1);
    expect(screen.queryByText("Reject: why?")).not.toBeInTheDocument();
  });
});

describe("a decision whose answer never came", () => {
  it("says that it may have arrived, and is the same decision when it is pressed again", async () => {
    const keys: (string | null)[] = [];
    server.use(
      http.post(`${base}/approve`, ({ request }) => {
        keys.push(request.headers.get("Idempotency-Key"));
        return keys.length === 1 ? HttpResponse.error() : undefined;
      }),
    );
    const { user } = await opened();
    await settleAll(user);
    await user.keyboard("a");
    await screen.findByText("The server could not be reached. Check that Proofroom is running, then try again. Nothing you typed is lost.");
    await user.keyboard("a");
    await screen.findByText(/^Signed by you at/);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
  });
});

describe("corrections compared again", () => {
  it("says at once what a check finds of one's own words, and what signing would do", async () => {
    const { user } = await opened();
    await user.keyboard("e");
    await screen.findByText("Compared again: passed automatic checks. Meaning is yours to read.");
    await user.keyboard("n");
    await user.click(screen.getByRole("button", { name: "Edit" }));
    const field = screen.getByRole("textbox", { name: "The sentence, as you want it" });
    field.textContent = "It came to 9,999 in all.";
    fireEvent.keyDown(field, { key: "Enter" });
    expect(await screen.findByText(/^Compared again: unsupported: number differs/)).toBeInTheDocument();
  });

  it("finds the claims that a correction makes, the heaviest first", () => {
    const row = rows.find(({ claim }) => claim.n === 5)!;
    const said = (text: string, verdict: "supported" | "conflict") => ({ ...row.claim, id: text, text, verdict });
    const recheck = { artifacts: [{ artifact_id: row.artifactId, claims: [said("One.", "supported"), said("Two.", "conflict"), said("Other.", "conflict")] }] };
    expect(claimsNow(row, "One. Two.", recheck)?.map((claim) => claim.text)).toEqual(["Two.", "One."]);
    expect(claimsNow(row, "", recheck)).toBeNull();
    expect(claimsNow({ ...row, artifactId: "x" }, "One.", recheck)).toEqual([]);
    const state = reduce(begin(), { type: "settle", claim: row.claim.id, settlement: { kind: "corrected", how: "edit", text: "Two." } });
    expect(flaggedNow(rows, state, recheck)).toBe(1);
    expect(flaggedNow(rows, state, undefined)).toBe(0);
    expect(correctionsKey(state)).not.toBe(correctionsKey(begin()));
    expect(correctionsKey(begin())).toBe("");
  });
});

describe("a text without a claim", () => {
  const key = freeKey(artifact.artifact_id, [1]);
  const was = "What went wrong";
  it("is changed in the document, and only where it still reads as it did", () => {
    expect(freePlace(key)).toEqual({ artifactId: artifact.artifact_id, path: [1] });
    expect(freePlace("c_mars0003")).toBeNull();
    const settled = (text: string, before: string) => ({ [key]: { kind: "corrected" as const, how: "edit" as const, text, was: before } });
    const changed = correctedDocument(checkDocument, artifact.claims, settled("Why it was lost", was), artifact.artifact_id)!;
    expect(changed.blocks[1]).toMatchObject({ type: "heading", text: "Why it was lost" });
    expect(correctedDocument(checkDocument, artifact.claims, settled("", was), artifact.artifact_id)!.blocks).toHaveLength(checkDocument.blocks.length - 1);
    expect(correctedDocument(checkDocument, artifact.claims, settled("x", "other words"), artifact.artifact_id)).toBeNull();
  });
  it("goes back to the agent as a change on its words", () => {
    const state = reduce(begin(), { type: "settle", claim: key, settlement: { kind: "corrected", how: "edit", text: "Why", was } });
    expect(changesToSend(packet, state, (s) => s.text)).toEqual([{ artifact_id: artifact.artifact_id, passage: was, comment: "Why" }]);
  });
  it("is changed on the page by key", async () => {
    const { user } = await opened();
    await user.click(screen.getByText("What went wrong"));
    await user.keyboard("e");
    const field = screen.getByRole("textbox", { name: "The sentence, as you want it" });
    field.textContent = "Why it was lost";
    fireEvent.keyDown(field, { key: "Enter" });
    expect(await screen.findByText("Changed by you")).toBeInTheDocument();
    expect(screen.getByRole("heading", { name: "Why it was lost" })).toBeInTheDocument();
  });
});

it("lists what changed in a packet that took the place of another", () => {
  const after = structuredClone(packet);
  const [first, second] = after.artifacts[0]!.claims;
  first!.verdict = "partial";
  second!.id = "c_new";
  const moved = movedClaims(packet, after);
  expect(moved.map(({ was, now }) => [was, now])).toEqual([["supported", "partial"], [null, "supported"], ["supported", null]]);
});

it("puts a review off, says until when, and brings it back", async () => {
  const { user, router } = await opened();
  await user.keyboard("s");
  await screen.findByRole("button", { name: /^Tomorrow/i });
  await user.keyboard("2");
  const last = await screen.findByLabelText("What you did last");
  await waitFor(() => expect(last).toHaveTextContent("comes back tomorrow."));
  expect(router.state.location.pathname).not.toBe("/review/k-check");
  await user.keyboard("u");
  await waitFor(() => expect(router.state.location.pathname).toBe("/review/k-check"));
});

it("shows the versions of a draft beside it", async () => {
  const { user } = await opened();
  await user.keyboard("h");
  const versions = await screen.findByRole("region", { name: "Versions" });
  expect(await within(versions).findAllByRole("radio")).toHaveLength(4);
  // No agent wrote what was handed in to be checked.
  expect(within(versions).getAllByText(/handed in/).length).toBeGreaterThan(0);
  expect(within(versions).queryByText(/the agent/)).toBeNull();
  await user.keyboard("h");
  await waitFor(() => expect(screen.queryByRole("region", { name: "Versions" })).not.toBeInTheDocument());
});
