import { describe, expect, it } from "vitest";
import { align, replaceInline } from "@/lib/inline";

describe("align", () => {
  it.each([
    ["plain words", "plain words"],
    ["**bold** and _soft_ `code`", "bold and soft code"],
    ["a [link](https://example.org/a_b) here", "a link here"],
    ["It was 44.5 [[b1|by 4.45]].", "It was 44.5."],
    ["2 * 3 is 6", "2 * 3 is 6"],
    ["🛰 [[b2|a [quote] here]] flew", "🛰  flew"],
  ])("finds every plain character of %j", (raw, plain) => {
    const positions = align(raw, plain);
    expect(positions?.map((i) => raw[i]).join("")).toBe(plain);
  });
  it("says so when the two cannot be lined up", () => {
    expect(align("abc", "abd")).toBeNull();
  });
});

describe("replaceInline", () => {
  const raw = "The **burn** began [[b1|burn began]]. It was 44.5 [[b2|4.45]]. End.";
  const plain = "The burn began. It was 44.5. End.";
  const range = (words: string) => ({ start: plain.indexOf(words), end: plain.indexOf(words) + words.length });

  it("replaces one sentence and leaves the others as they were written", () => {
    expect(replaceInline(raw, plain, [{ ...range("It was 44.5."), text: "It was 4.45." }])).toBe(
      "The **burn** began [[b1|burn began]]. It was 4.45[[b2|4.45]]. End.",
    );
  });
  it("takes a removed sentence's citations with it and closes the gap", () => {
    expect(replaceInline(raw, plain, [{ ...range("It was 44.5."), text: "" }])).toBe(
      "The **burn** began [[b1|burn began]]. End.",
    );
    expect(replaceInline("One. Two.[[b1|two]] Three.", "One. Two. Three.", [{ start: 5, end: 9, text: "" }])).toBe("One. Three.");
  });
  it("applies several at once, whatever their order", () => {
    const out = replaceInline(raw, plain, [
      { ...range("The burn began."), text: "It began." },
      { ...range("End."), text: "Over." },
    ]);
    expect(out).toBe("It began[[b1|burn began]]. It was 44.5 [[b2|4.45]]. Over.");
  });
  it("edits the plain words where markers cannot be lined up", () => {
    expect(replaceInline("&amp; One. Two.", "& One. Two.", [{ start: 7, end: 11, text: "2." }])).toContain("2.");
  });
});
