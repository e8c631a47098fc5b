import { describe, expect, it } from "vitest";
import { isolated, t } from "@/i18n";

describe("names in sentences", () => {
  it("stay as they are", () => {
    expect(t("look.is", { count: 1, name: "Ana <b>&amp;" })).toContain("Ana <b>&amp;");
    expect(t("look.is", { count: 1, name: "$t(nav.inbox) {{name}}" })).toContain("$t(nav.inbox) {{name}}");
  });

  it("turn nothing but themselves", () => {
    expect(isolated("\u202egnirts")).toBe("\u2068\u202egnirts\u2069");
    expect(isolated("one\u2069\u202etwo\u2066")).toBe("\u2068one\u202etwo\u2069");
    expect(t("look.is", { count: 1, name: "\u202eanA" })).toContain("\u2068\u202eanA\u2069");
    expect(isolated(3)).toBe("3");
  });
});
