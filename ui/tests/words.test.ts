import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { en } from "@/i18n/en";
import { rest } from "@/i18n/rest";

const SRC = join(import.meta.dirname, "../src");

/** Modules that the first load brings: what is imported from `file` on, without what is only fetched later. */
function firstLoad(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const text = readFileSync(file, "utf8");
  for (const [, from] of text.matchAll(/^(?:import|export)\s+(?!type\b)(?:[^;]*?\sfrom\s+)?"([^"]+)";/gm)) {
    const base = from?.startsWith("@/") ? join(SRC, from.slice(2)) : from?.startsWith(".") ? join(dirname(file), from) : null;
    const at = base && ["", ".ts", ".tsx", "/index.ts"].map((end) => base + end).find((path) => /\.tsx?$/.test(path) && existsSync(path));
    if (at) firstLoad(at, found);
  }
  return found;
}

describe("the words of the first load", () => {
  it("are all that its modules say", () => {
    const modules = [...firstLoad(join(SRC, "main.tsx"))].filter((file) => !file.includes("/i18n/"));
    expect(modules.length).toBeGreaterThan(30);
    const later = Object.keys(rest).filter((block) => !(block in en));
    const said = new RegExp(`["\`](${later.join("|")})\\.[A-Za-z$]`, "g");
    const wrong = modules.flatMap((file) => [...readFileSync(file, "utf8").matchAll(said)].map(([words]) => `${file.slice(SRC.length)}: ${words}`));
    expect(wrong).toEqual([]);
  });

  it("and the others have no block in common", () => {
    expect(Object.keys(rest).filter((block) => block in en)).toEqual([]);
  });
});
