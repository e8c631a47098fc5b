import { describe, expect, it } from "vitest";
import { cut, length, slice, unitOffsets } from "@/lib/codepoints";
import { keep } from "@/lib/format";
import { changedSpan } from "@/lib/diff";

describe("code point offsets", () => {
  const text = "🛰 left on 11 December 👩‍🚀, 4.45 🎯.";
  it("cuts as Python does, with characters outside the basic plane", () => {
    const points = [...text];
    for (let i = 0; i <= points.length; i += 1) {
      expect(slice(text, i)).toBe(points.slice(i).join(""));
      expect(slice(text, 0, i)).toBe(points.slice(0, i).join(""));
    }
    expect(length(text)).toBe(points.length);
    expect(length(text)).toBeLessThan(text.length);
  });
  it("is the identity on plain text and clamps at both ends", () => {
    const at = unitOffsets("abc");
    expect([at(-1), at(0), at(2), at(9)]).toEqual([0, 0, 2, 3]);
    expect(unitOffsets("🛰a")(99)).toBe(3);
  });
});

describe("cut", () => {
  it("covers every character once, with the words of each range", () => {
    const text = "One 🛰 two. Three four.";
    const pieces = cut(text, [
      { start: 11, end: 22 },
      { start: 0, end: 10 },
    ]);
    expect(pieces.map((p) => p.text).join("")).toBe(text);
    expect(pieces.find((p) => p.range === 1)?.text).toBe("One 🛰 two.".slice(0, 11));
    expect(pieces.find((p) => p.range === 0)?.text).toBe("Three four.");
  });
  it("gives shared characters of overlapping ranges to the earlier one", () => {
    const pieces = cut("abcdef", [
      { start: 0, end: 4 },
      { start: 2, end: 6 },
    ]);
    expect(pieces).toEqual([
      { text: "abcd", range: 0 },
      { text: "ef", range: 1 },
    ]);
  });
});

describe("words for the eye", () => {
  it("keeps numbers with units and days with months together, character for character", () => {
    expect(keep("226 km on 23 September, 10 to 14 times")).toBe("226\u00a0km on 23\u00a0September, 10 to 14 times");
    expect(keep("5 kmh")).toBe("5 kmh");
  });
  it("finds the words that a correction changed", () => {
    const before = "by a factor of 44.5.";
    const after = "by a factor of 4.45.";
    const span = changedSpan(before, after);
    expect(before.slice(...span.before)).toBe("44.5");
    expect(after.slice(...span.after)).toBe("4.45");
  });
});
