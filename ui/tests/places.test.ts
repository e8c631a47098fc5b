import { afterEach, describe, expect, it } from "vitest";
import type { ArtifactDocument } from "@/api/types";
import { foundAgain, placesIn, rangeOf, selectedWords, type Words } from "@/lib/places";
import { rowAt } from "@/lib/tableRow";

const TEXT = "🛰 It is 226 km. It is 57 km.";
const doc = (...texts: string[]): ArtifactDocument => ({
  version: 1, title: "T", refs: {},
  blocks: texts.map((text) => ({ type: "paragraph" as const, text, plain: text })),
});
const words = (quote: string, start: number, path = [0]): Words => ({ artifactId: "a", path, start, end: start + [...quote].length, quote });

function page(inside: string): Element {
  document.body.innerHTML = `<article><p><span data-place="a 0">${inside}</span></p></article>`;
  return document.querySelector("article")!;
}
afterEach(() => {
  document.body.innerHTML = "";
});

function select(from: Node, start: number, to: Node, end: number) {
  const range = document.createRange();
  range.setStart(from, start);
  range.setEnd(to, end);
  getSelection()!.removeAllRanges();
  getSelection()!.addRange(range);
  return getSelection();
}
const plain = (_: string, path: number[]) => (path[0] === 0 ? TEXT : null);

describe("words that are selected", () => {
  it("count in code points of the plain text, whatever stands beside it on screen", () => {
    const root = page('<span class="sr">Claim 1: </span>🛰 It is <b>226\u00a0km</b>. <span data-aside>It was </span>It is 57 km.');
    const bold = root.querySelector("b")!.firstChild!;
    expect(selectedWords(select(bold, 0, bold, 6), plain)).toEqual(words("226 km", 8));
    expect(rangeOf(root, words("226 km", 8))?.toString()).toBe("226\u00a0km");
  });

  it("are cut at white space and at the end of the place they begin in", () => {
    const root = page(TEXT);
    const text = root.querySelector("[data-place]")!.firstChild!;
    root.insertAdjacentHTML("beforeend", "<p>Beyond.</p>");
    const from = TEXT.indexOf(" It is 57");
    expect(selectedWords(select(text, from, root.lastElementChild!.firstChild!, 3), plain)?.quote).toBe("It is 57 km.");
  });

  it("are none where the screen shows other words than the document, or nothing is selected", () => {
    const root = page("It is 999 km.");
    const text = root.querySelector("[data-place]")!.firstChild!;
    expect(selectedWords(select(text, 0, text, 5), plain)).toBeNull();
    expect(selectedWords(select(text, 2, text, 2), plain)).toBeNull();
    expect(selectedWords(null, plain)).toBeNull();
    expect(rangeOf(root, words("226 km", 8))).toBeNull();
    expect(rangeOf(root, words("226 km", 8, [4]))).toBeNull();
  });
});

describe("words in another version", () => {
  const held = words("226 km", 8);
  it("stay where they are, or are found nearest", () => {
    expect(foundAgain(held, doc(TEXT))).toEqual(held);
    expect(foundAgain(held, doc("New.", `So: ${TEXT}`))).toEqual(words("226 km", 12, [1]));
    expect(foundAgain(held, doc("226 km and later 226 km."))).toEqual(words("226 km", 0));
  });
  it("are gone, and a short word that stands in many places is not taken for them", () => {
    expect(foundAgain(held, doc("It is 57 km."))).toBeNull();
    const short = words("is", 5);
    expect(foundAgain(short, doc("Nothing.", "This is it, as is that."))).toBeNull();
    expect(foundAgain(words("226", 8), doc("Nothing.", "It is 226."))).toEqual(words("226", 6, [1]));
  });
  it("are looked for in every kind of block that has text", () => {
    const all: ArtifactDocument = {
      version: 1, title: "T", refs: {},
      blocks: [
        { type: "heading", level: 2, text: "**H**", plain: "H" },
        { type: "list", ordered: false, items: ["a", "b"] },
        { type: "table", columns: [{ name: "c" }], rows: [[null], [5]] },
        { type: "chart", title: "x", spec: {} },
      ],
    };
    expect(placesIn(all)).toEqual([
      { path: [0], text: "H" }, { path: [1, 0], text: "a" }, { path: [1, 1], text: "b" }, { path: [2, 1, 0], text: "5" },
    ]);
  });
});

describe("a row of a source's table", () => {
  const table = { columns: ["year", "source", "value"], types: ["number", "text", "number"], rows: [["2021", "Wind", 378], ["2022", "Wind", 434]] };
  it("is found by its cells, and the cells that are meant by their characters", () => {
    const text = "year: 2022; source: Wind; value: 434";
    const at = text.indexOf("434");
    expect(rowAt([table], text, [{ start: at, end: at + 3 }])).toEqual({ table, row: 1, cells: [2], look: 2, place: { start: at, end: at + 3 } });
    expect(rowAt([table], text, [{ start: 0, end: text.length }])?.cells).toEqual([0, 1, 2]);
    const gap = { columns: ["berth", "note", "calls"], types: [], rows: [["W1", "", 466]] };
    expect(rowAt([gap], "W1,,466", [{ start: 0, end: 7 }])?.cells).toEqual([0, 2]); // an empty cell has no words to mark
  });
  it("is the one that reads so, not one whose cells are parts of others; the first words that are meant are to be looked at", () => {
    const rows = [["1", "2", "4"], ["12", "24", "31"]];
    const numbered = { columns: ["round", "goals", "cards"], types: [], rows };
    const [goals, round] = [{ start: 3, end: 5 }, { start: 0, end: 2 }];
    expect(rowAt([numbered], "12,24,31", [goals, round])).toEqual({ table: numbered, row: 1, cells: [0, 1], look: 1, place: goals });
  });
  it("is looked at where the figure stands that was compared, whatever its digits are grouped by; its name is marked too", () => {
    const energy = { columns: ["year", "source", "mwh"], types: [], rows: [["2021", "Wind", "378197"], ["2022", "Wind 🌬", "434297"]] };
    const text = "2022,Wind 🌬,434297";
    const name = { start: 5, end: 9 };
    const place = { start: 12, end: 18 };
    for (const figure of ["434,297", "434 297", "434297"])
      expect(rowAt([energy], text, [name], [figure])).toEqual({ table: energy, row: 1, cells: [1, 2], look: 2, place });
    for (const figure of ["34,297", "Wind", ""]) expect(rowAt([energy], text, [name], [figure])?.look).toBe(1);
  });
  it("is none where no row reads so", () => {
    expect(rowAt([table], "year: 2023; source: Wind; value: 500", [{ start: 0, end: 3 }])).toBeNull();
    expect(rowAt([{ ...table, rows: [[null, "", null]] }], "anything", [])).toBeNull();
  });
});
