import { cleanup, screen, waitFor, within } from "@testing-library/react";
import { http } from "msw";
import { describe, expect, it } from "vitest";
import { problem, url } from "@/mocks/answers";
import { open } from "./app";
import { server } from "./setup";

const list = () => within(screen.getByRole("listbox", { name: "Open anything" }));
const options = () => list().queryAllByRole("option").map((one) => one.firstChild?.textContent);

describe("what opens anything", () => {
  it("opens on Ctrl+K, finds pages and things by words, and goes there by keys", async () => {
    const { user, router } = open("/work");
    await screen.findByRole("heading", { name: "Work" });
    await user.keyboard("{Control>}k{/Control}");
    const field = await screen.findByRole("combobox", { name: "Open anything" });
    expect(field).toHaveFocus();
    expect(options()).toContain("Overview");
    await user.type(field, "annual");
    await waitFor(() => expect(options()).toEqual(["Annual report", "Annual inquiry"]));
    expect(screen.getByText("2 to open")).toBeInTheDocument();
    await user.keyboard("{ArrowDown}");
    const chosen = list().getByRole("option", { selected: true });
    expect(chosen).toHaveTextContent("Annual inquirySource · Check an AI draft");
    expect(field).toHaveAttribute("aria-activedescendant", chosen.id);
    await user.keyboard("{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toBe("/projects/p-check/sources/src-1"));
    expect(screen.queryByRole("combobox", { name: "Open anything" })).toBeNull();
  });
  it("gives the keyboard back to what had it", async () => {
    const { user } = open("/work");
    const button = await screen.findByRole("button", { name: "Open anything" });
    await user.click(button);
    await screen.findByRole("combobox", { name: "Open anything" });
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(button).toHaveFocus();
  });
  it("knows the project in focus, and never signs", async () => {
    const { user } = open("/projects/p-report");
    await screen.findByRole("navigation", { name: "Main" });
    await user.keyboard("{Control>}k{/Control}");
    await screen.findByRole("dialog");
    await waitFor(() => expect(options()[0]).toBe("New work in Annual report"));
    expect(options().join(" ")).not.toMatch(/sign|approve|reject/i);
  });
  it("still opens pages when the server does not answer", async () => {
    server.use(http.get(url("/find"), () => problem(422, "validation_error", "Too long.")));
    const { user } = open("/work");
    await screen.findByRole("navigation", { name: "Main" });
    await user.keyboard("{Control>}k{/Control}");
    await user.type(await screen.findByRole("combobox", { name: "Open anything" }), "over");
    expect(await screen.findByText("Only pages can be found just now: Too long.")).toBeInTheDocument();
    expect(options()).toEqual(["Overview"]);
  });
  it("lists the keys of the page on ?, of a review too", async () => {
    for (const [path, own, words] of [["/inbox", "In the inbox", "search; then Enter opens the first"], ["/review/c-check", "In a review", "next and previous open flag"]] as const) {
      const { user } = open(path);
      await screen.findByRole("navigation", { name: "Main" });
      await user.keyboard("?");
      const dialog = within(await screen.findByRole("dialog", { name: "Keys" }));
      expect(dialog.getByRole("heading", { name: own })).toBeInTheDocument();
      expect(dialog.getByText(words)).toBeInTheDocument();
      expect(dialog.getByText("open anything")).toBeInTheDocument();
      await user.keyboard("{Escape}");
      await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
      cleanup();
    }
  });
  it("lists the keys on ?, but not while somebody types", async () => {
    const { user } = open("/work");
    await screen.findByRole("heading", { name: "Work" });
    await user.keyboard("?");
    expect(await screen.findByRole("dialog", { name: "Keys" })).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Close" }));
    await user.click(screen.getByRole("button", { name: "New project" }));
    await user.keyboard("?");
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});
