import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import { problem } from "@/mocks/answers";
import { me } from "@/mocks/data";
import { changesIn, differences, problemsIn, rebased, UNSET, valuesOf } from "@/pages/policy";
import { open } from "./app";
import { server } from "./setup";

const values = valuesOf(UNSET);

describe("a policy as a form", () => {
  it("sends only what was changed", () => {
    expect(changesIn(values, values)).toEqual({});
    const changed = { ...values, quorum: { ...values.quorum, public: "2" }, separate: true, due: "24", maySign: "no" as const };
    expect(changesIn(changed, values)).toEqual({ quorum: { public: 2 }, separate_duties: true, due_hours: 24, policy_may_sign: false });
    expect(changesIn(values, { ...values, due: "24", maySign: "no" })).toEqual({ due_hours: null, policy_may_sign: null });
  });
  it("says what is wrong as it is typed", () => {
    expect(problemsIn(values)).toEqual({});
    for (const typed of ["0", "10", "two", ""]) expect(problemsIn({ ...values, quorum: { ...values.quorum, public: typed } })).toHaveProperty(["quorum.public"]);
    for (const typed of ["0", "-1", "soon"]) expect(problemsIn({ ...values, expire: typed })).toHaveProperty(["expire_hours"]);
    expect(problemsIn({ ...values, expire: "0.5" })).toEqual({});
  });
  it("keeps what the reader typed over what somebody else set meanwhile", () => {
    const typed = { ...values, due: "24" };
    const now = { ...values, due: "8", separate: true };
    expect(rebased(typed, values, now)).toEqual({ ...values, due: "24", separate: true });
  });
  it("tells versions apart in words", () => {
    expect(differences({ ...UNSET, quorum: { ...UNSET.quorum, public: 2 }, expire_hours: 48 }, UNSET)).toEqual([
      "Signatures needed, meant for the public: 1 → 2",
      "Expires after: never → 48\u00a0hours",
    ]);
    const all = { internal_draft: 3, internal_record: 3, named_recipient: 3, public: 3 };
    expect(differences({ ...UNSET, quorum: all }, UNSET)).toEqual(["Signatures needed: 1 → 3"]);
    expect(differences(UNSET, UNSET)).toEqual([]);
  });
});

describe("policy page", () => {
  it("says what the workspace says", async () => {
    open("/projects/p-check/policy");
    expect(await screen.findByRole("radio", { name: "As the workspace says: no" })).toBeChecked();
  });
  it("is saved as a new version with what was looked at, and lists it", async () => {
    let body: unknown;
    server.events.on("request:start", ({ request }) => {
      if (request.method === "PATCH" && request.url.endsWith("/policy")) void request.clone().json().then((json) => (body = json));
    });
    const { user } = open("/projects/p-report/policy");
    expect(await screen.findByText(/Nothing was ever set/)).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Save as version 1" })).toBeDisabled();
    const field = screen.getByLabelText("Meant for the public");
    await user.clear(field);
    expect(screen.getByText("A whole number from 1 to 9.")).toBeInTheDocument();
    await user.type(field, "2");
    await user.click(screen.getByLabelText(/^Whoever asked for the work/));
    expect(screen.getByText("2 settings are changed")).toBeInTheDocument();
    await user.type(screen.getByLabelText(/^Due after/), "24{Enter}");
    expect(await screen.findByText("Saved as version 1")).toBeInTheDocument();
    expect(body).toEqual({ version: 0, quorum: { public: 2 }, separate_duties: true, due_hours: 24 });
    const history = within(screen.getByRole("complementary", { name: "Versions" }));
    expect(history.getByText("Signatures needed, meant for the public: 1 → 2")).toBeInTheDocument();
  });

  it("says that somebody else was first, and keeps what was typed", async () => {
    const { user } = open("/projects/p-report/policy");
    await user.type(await screen.findByLabelText(/^Due after/), "24");
    server.use(http.patch("*/api/projects/:pid/policy", () => problem(409, "policy_changed", "Somebody else changed this project's policy meanwhile. Nothing was written.", { hint: "Look at it again and repeat your change if it still applies." }), { once: true }));
    await user.keyboard("{Enter}");
    expect(await screen.findByText(/Somebody else changed this project's policy meanwhile. Nothing was written. Look at it again/)).toBeInTheDocument();
    server.use(
      http.get("*/api/projects/:pid/policy", () =>
        HttpResponse.json({
          project_id: "p-report", version: 4, rules: "r", settings: { ...UNSET, separate_duties: true },
          history: [{ version: 4, settings: { ...UNSET, separate_duties: true }, by: "A colleague", at: new Date().toISOString() }],
        }),
      ),
    );
    await user.click(screen.getByRole("button", { name: "Look at the newest" }));
    expect(await screen.findByRole("button", { name: "Save as version 5" })).toBeEnabled();
    expect(screen.getByLabelText(/^Due after/)).toHaveValue("24");
    expect(screen.getByLabelText(/^Whoever asked for the work/)).toBeChecked();
  });

  it("puts the server's complaint beside its field", async () => {
    server.use(http.patch("*/api/projects/:pid/policy", () => problem(422, "policy_invalid", "A reminder comes before the review is due.", { field: "remind_hours", hint: "Set due_hours." })));
    const { user } = open("/projects/p-report/policy");
    const field = await screen.findByLabelText(/^Remind before that/);
    await user.type(field, "4{Enter}");
    await waitFor(() => expect(field).toHaveAttribute("aria-invalid", "true"));
    expect(screen.getByText("Not saved")).toBeInTheDocument();
  });

  it("is read by whoever is no admin", async () => {
    server.use(http.get("*/api/me", () => HttpResponse.json({ ...me, role: "reviewer" })));
    open("/projects/p-report/policy");
    expect(await screen.findByText(/An admin of this workspace changes it/)).toBeInTheDocument();
    expect(screen.getByLabelText("Meant for the public")).toHaveAttribute("readonly");
    expect(screen.queryByRole("button", { name: /^Save/ })).not.toBeInTheDocument();
  });
});
