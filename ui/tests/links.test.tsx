import { render } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { ArtifactDocument, Claim } from "@/api/types";
import { checkpoints } from "@/mocks/data";
import { Draft } from "@/review/Draft";
import { start, type Row } from "@/review/state";

const claimOf = (id: string, text: string, path: number[], char_start: number, kind: Claim["kind"] = "sentence") =>
  ({ ...checkpoints[0]!.packet.artifacts[0]!.claims[0]!, id, text, path, char_start, char_end: char_start + [...text].length, kind, needs_you: false, say: null }) as Claim;

function shown(document: ArtifactDocument, claims: Claim[]): HTMLElement {
  const rows = claims.map((claim, i) => ({ claim, n: i + 1, artifactId: "a" })) as Row[];
  const { container } = render(<Draft document={document} artifactId="a" heading={null} rows={rows} state={start(checkpoints[0]!.packet, "", [])} onSelect={() => {}} onEdited={() => {}} free />);
  for (const one of container.querySelectorAll(".sr, .gutter")) one.remove(); // said beside the words
  return container;
}

const said = (element: Element) => (element.textContent ?? "").replaceAll("\u00a0", " ");

describe("where links lead", () => {
  it("stands behind their words, in sentences, in what claims nothing, in items and cells", () => {
    const plain = "😀 First is mended. Then here.";
    const document: ArtifactDocument = {
      version: 1,
      title: "T",
      refs: {},
      blocks: [
        { type: "paragraph", text: "raw", plain, links: { "": [[17, "https://a.invalid"], [28, "/b) (/c"]] } },
        { type: "paragraph", text: "raw", plain: "free words", links: { "": [[0, "x.png"], [4, "/d"]] } },
        { type: "list", ordered: false, items: ["raw"], plain_items: ["an item"], links: { "0": [[7, "/e"]] } },
        { type: "table", columns: [{ name: "x" }], rows: [["raw"], ["raw"]], plain_rows: [["Hall"], ["bill"]], plain_caption: "all (/g)", links: { "0/0": [[4, "/f"]], "1/0": [[4, "/h"]] } },
        { type: "paragraph", text: "![](/only.png)", plain: "", links: { "": [[0, "/only.png"]] } },
      ],
    };
    const page = shown(document, [
      claimOf("c1", "😀 First is mended.", [0], 0),
      claimOf("c2", "Then here.", [0], 19),
      claimOf("c3", "x: Hall", [3, 0, 0], 0, "cell"),
    ]);
    const [one, free, , only] = page.querySelectorAll(".doc > p");
    expect(said(one!)).toBe("😀 First is mended (https://a.invalid). Then here (/b) (/c).");
    expect(said(free!)).toBe(" (x.png)free (/d) words");
    expect(said(page.querySelector("li")!)).toBe("an item (/e)");
    expect([...page.querySelectorAll("td")].map(said)).toEqual(["Hall (/f)", "bill (/h)"]);
    expect(said(page.querySelector("figcaption")!)).toBe("all (/g)");
    expect(said(only ?? page.querySelector(".doc > p:last-of-type")!)).toBe(" (/only.png)");
    // What is selected and commented on counts without them.
    expect(page.querySelectorAll("a, img")).toHaveLength(0);
    expect([...page.querySelectorAll("[data-aside]")].every((aside) => said(aside).startsWith(" ("))).toBe(true);
  });

  it("shows the figures of a chart that an export writes out", () => {
    const page = shown({ version: 1, title: "T", refs: {}, blocks: [{ type: "chart", title: "raw", plain_title: "Cost", spec: {}, figures: { columns: ["Year"], rows: [["2023"]] } }] }, []);
    expect(said(page.querySelector("figcaption")!)).toBe("Cost");
    expect(said(page.querySelector("table")!)).toBe("Year2023");
  });
});
