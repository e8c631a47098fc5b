import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import "@/later";
import { checkpoints } from "@/mocks/data";
import { NeedPane } from "@/review/Need";
import { start, type Need } from "@/review/state";

const need: Need = { key: "trigger-0", kind: "high_impact", sentence: "It is meant for the outside.", row: null, artifactId: null, obligation: null };
const state = start(checkpoints[0]!.packet, checkpoints[0]!.packet_digest, []);

describe("what needs the reader and no claim carries", () => {
  it("keeps the room of its buttons when somebody else decides", () => {
    const pane = (open: boolean) => (
      <NeedPane need={need} needs={[need]} state={state} obligations={[]} readOnly={!open} placed canSettle={open} canAsk={open} dispatch={() => {}} next={() => {}} />
    );
    const { rerender } = render(pane(true));
    const words = screen.getAllByRole("button").map((button) => button.textContent);
    expect(words).toHaveLength(2);
    rerender(pane(false));
    const still = [...document.querySelectorAll(".acts button")];
    expect(still.map((button) => button.textContent)).toEqual(words);
    expect(still.every((button) => button.closest("[inert]"))).toBe(true);
  });
});
