import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useForm, type FieldValues } from "react-hook-form";
import { describe, expect, it, vi } from "vitest";
import type { JsonSchema } from "@/api/types";
import { cleaned, defaultsOf, problemWith, SchemaFields } from "@/components/SchemaForm";

const schema: JsonSchema = {
  type: "object",
  required: ["topic"],
  properties: {
    topic: { type: "string", title: "Topic", maxLength: 10 },
    depth: { type: "string", title: "Depth", enum: ["quick", "standard"], default: "standard" },
    most: { type: "integer", title: "Most findings", minimum: 1, maximum: 20, default: 7 },
    share: { type: "number", title: "Share" },
    deep: { type: "boolean", title: "Look deeper", default: false },
    areas: { type: "array", title: "Areas", items: { type: "string", maxLength: 5 }, maxItems: 2, default: [] },
    parts: { type: "array", title: "Parts", items: { type: "string", enum: ["totals", "chart"] }, default: ["totals"] },
  },
};

function Form({ onSend }: { onSend: (values: unknown) => void }) {
  const form = useForm<FieldValues>({ mode: "onTouched", defaultValues: { config: defaultsOf(schema) } });
  return (
    <form onSubmit={(event) => void form.handleSubmit((v) => onSend(cleaned(schema, v["config"] as Record<string, unknown>)))(event)}>
      <SchemaFields schema={schema} control={form.control} prefix="config" />
      <button type="submit">Send</button>
    </form>
  );
}

describe("a form from a schema", () => {
  it("starts with the defaults and sends typed values", async () => {
    const send = vi.fn();
    const user = userEvent.setup();
    render(<Form onSend={send} />);
    await user.type(screen.getByLabelText("Topic"), "units");
    await user.click(screen.getByLabelText("Quick"));
    await user.type(screen.getByLabelText("Share"), "0.5");
    await user.click(screen.getByLabelText("Look deeper"));
    await user.type(screen.getByLabelText("Areas"), "one{Enter}two");
    await user.click(screen.getByLabelText("Chart"));
    await user.click(screen.getByText("Send"));
    expect(send).toHaveBeenCalledWith({
      topic: "units", depth: "quick", most: 7, share: 0.5, deep: true, areas: ["one", "two"], parts: ["totals", "chart"],
    });
  });
  it("says beside the field what is wrong, and sends nothing", async () => {
    const send = vi.fn();
    const user = userEvent.setup();
    render(<Form onSend={send} />);
    const most = screen.getByLabelText("Most findings");
    await user.clear(most);
    await user.type(most, "40");
    await user.tab();
    expect(await screen.findByText("At most 20.")).toBeInTheDocument();
    expect(most).toHaveAttribute("aria-invalid", "true");
    await user.click(screen.getByText("Send"));
    expect(await screen.findByText("This is needed.")).toBeInTheDocument();
    expect(send).not.toHaveBeenCalled();
  });
});

describe("the form of a question", () => {
  const asked: JsonSchema = { type: "object", required: ["enough"], properties: { enough: { type: "boolean", title: "Enough" } } };
  function Question({ onSend }: { onSend: (values: unknown) => void }) {
    const form = useForm<FieldValues>({ defaultValues: { answers: defaultsOf(asked) } });
    return (
      <form onSubmit={(event) => void form.handleSubmit((v) => onSend(cleaned(asked, v["answers"] as Record<string, unknown>)))(event)}>
        <SchemaFields schema={asked} control={form.control} prefix="answers" />
        <button type="submit">Send</button>
      </form>
    );
  }
  it("takes neither yes nor no from somebody who did not choose", async () => {
    const send = vi.fn();
    const user = userEvent.setup();
    render(<Question onSend={send} />);
    await user.click(screen.getByText("Send"));
    expect(await screen.findByText("This is needed.")).toBeInTheDocument();
    expect(send).not.toHaveBeenCalled();
    expect(screen.getByRole("radio", { name: "Yes" })).toHaveFocus();
    await user.click(screen.getByRole("radio", { name: "No" }));
    await user.click(screen.getByText("Send"));
    expect(send).toHaveBeenCalledWith({ enough: false });
  });
  it("leaves out what was not answered and need not be", () => {
    expect(cleaned(asked, defaultsOf(asked))).toEqual({});
  });
});

describe("a wrong value", () => {
  it("is not told twice where the help says what is wanted", async () => {
    const field: JsonSchema = { type: "string", title: "Range", pattern: "^$", description: "From and to.", default: "" };
    const ranged: JsonSchema = { type: "object", properties: { range: field } };
    function Ranged() {
      const form = useForm<FieldValues>({ mode: "onTouched", defaultValues: { config: defaultsOf(ranged) } });
      return <SchemaFields schema={ranged} control={form.control} prefix="config" />;
    }
    const user = userEvent.setup();
    render(<Ranged />);
    await user.type(screen.getByLabelText("Range"), "x");
    await user.tab();
    expect(await screen.findByText("From and to.")).toBeInTheDocument();
    expect(screen.getByLabelText("Range")).toHaveAccessibleDescription("From and to.");
  });
});

describe("problemWith", () => {
  it.each<[JsonSchema, unknown, boolean, string | null]>([
    [{ type: "integer", minimum: 1 }, "0", false, "At least 1."],
    [{ type: "integer" }, "1.5", false, "A whole number, please."],
    [{ type: "number" }, "much", false, "A number, please."],
    [{ type: "number" }, "", true, "This is needed."],
    [{ type: "number" }, "", false, null],
    [{ type: "string", maxLength: 2 }, "🛰🛰", false, null],
    [{ type: "string", maxLength: 2 }, "🛰🛰🛰", false, "At most 2 characters."],
    [{ type: "string", pattern: "^\\d+$", description: "Digits only." }, "x", false, "Digits only."],
    [{ type: "array", maxItems: 1 }, ["a", "b"], false, "At most one."],
    [{ type: "array", items: { type: "string", maxLength: 1 } }, ["ab"], false, "Each at most 1 character."],
  ])("%j with %j", (field, value, required, expected) => {
    expect(problemWith(field, value, required)).toBe(expected);
  });
});
