import { describe, expect, it } from "vitest";
import { droppedFiles } from "@/lib/dropped";

const file = (name: string) => ({ isFile: true, isDirectory: false, name, file: (done: (one: File) => void) => done(new File(["words"], name)) });
/** A folder that hands out its entries one at a time, as browsers do in portions. */
const folder = (name: string, entries: unknown[]) => ({
  isFile: false, isDirectory: true, name,
  createReader: () => {
    const left = [...entries];
    return { readEntries: (done: (some: unknown[]) => void) => done(left.splice(0, 1)) };
  },
});
const transfer = (entries: unknown[], files: File[]) =>
  ({ items: entries.map((entry) => ({ webkitGetAsEntry: () => entry })), files }) as unknown as DataTransfer;

describe("what is dropped", () => {
  it("are the files of folders too, and never the folder itself or what is hidden", async () => {
    const dropped = transfer([file("one.txt"), folder("notes", [file("two.txt"), file(".DS_Store"), folder("deep", [file("three.txt")])])], [new File([], "notes")]);
    expect((await droppedFiles(dropped)).map((one) => one.name)).toEqual(["one.txt", "two.txt", "three.txt"]);
  });
  it("are plain files as they come", async () => {
    const plain = [new File(["a"], "a.txt"), new File(["b"], "b.txt")];
    expect(await droppedFiles(transfer([file("a.txt"), file("b.txt")], plain))).toEqual(plain);
  });
});
