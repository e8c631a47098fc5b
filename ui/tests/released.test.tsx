import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Checkpoint } from "@/api/types";
import { checkpoints } from "@/mocks/data";
import { BudgetAsked } from "@/review/BudgetAsked";
import { Released } from "@/review/Released";

const folder = (path: string) => ({ kind: "folder", label: `Writes the report to ${path}`, target: { kind: "folder", path } });

describe("what a signature releases", () => {
  it("says beside each effect why it could not be made, and nothing beside the others", () => {
    const checkpoint = {
      ...checkpoints[1]!, effects: [folder("/out/web"), folder("/out/press")], undeliverable: [{ path: "/out/press", why: "/out/press is not a folder." }],
    } as Checkpoint;
    render(
      <ul>
        <Released checkpoint={checkpoint} />
      </ul>,
    );
    const [web, press] = screen.getAllByRole("listitem");
    expect(web).toHaveTextContent(/^Writes the report to \/out\/web$/);
    expect(press).toHaveTextContent("Cannot be delivered as things stand: /out/press is not a folder.");
  });
  it("is more than a reviewer may let go where it makes more than the project allows", () => {
    const detail = { limit: "usd", used: 3.8, of: 4, expected: 0, state: "near", extend: 1, adds: { usd: 4 }, turns: 1, models: {}, text: "" };
    const packet = { ...checkpoints[1]!.packet, kind: "mid" as const, triggers: [{ id: "t1", kind: "budget" as const, detail }] };
    const { rerender } = render(<BudgetAsked packet={packet} over={{ limit: "usd", to: 8, most: 5 }} />);
    expect(screen.getByText("That makes $8.00. This project allows one piece of work $5.00: only an admin goes beyond.")).toBeInTheDocument();
    rerender(<BudgetAsked packet={packet} over={null} />);
    expect(screen.queryByText(/only an admin/)).toBeNull();
  });
});
