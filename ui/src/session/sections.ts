import { useEffect, useState } from "react";
import type { Artifact } from "@/api/types";
import { headingRanks } from "@/review/Draft";

export interface Section {
  id: string;
  title: string;
  depth: number;
  artifactId: string;
  /** The place of its heading in the document; -1 is the title of the whole. */
  index: number;
}

export const sectionId = (artifactId: string, index: number) => `part-${artifactId}-${index}`;

/** Headings from which a table of contents is worth its room. */
const WORTH = 3;

export function sectionsOf(artifacts: Artifact[]): Section[] {
  const several = artifacts.length > 1;
  const found = artifacts.flatMap((artifact) => {
    const ranks = headingRanks(artifact.document, several ? 3 : 2);
    const inside = Object.keys(ranks).map(Number).map((index): Section => {
      const block = artifact.document.blocks[index];
      const title = block?.type === "heading" ? (block.plain ?? block.text) : "";
      return { id: sectionId(artifact.id, index), title, depth: (ranks[index] ?? 2) - 2, artifactId: artifact.id, index };
    });
    const whole: Section = { id: sectionId(artifact.id, -1), title: artifact.title, depth: 0, artifactId: artifact.id, index: -1 };
    return several ? [whole, ...inside] : inside;
  });
  return found.length >= WORTH ? found : [];
}

const NEAR_TOP = 120;

/** The section that is being read: the last one whose heading has passed the top. */
export function useCurrentSection(sections: Section[]): string | null {
  const [current, setCurrent] = useState<string | null>(null);
  useEffect(() => {
    if (sections.length === 0) return;
    let frame = 0;
    const look = () => {
      frame = 0;
      let found = sections[0]?.id ?? null;
      for (const { id } of sections) {
        const heading = document.getElementById(id);
        if (heading && heading.getBoundingClientRect().top < NEAR_TOP) found = id;
      }
      setCurrent(found);
    };
    const soon = () => {
      frame ||= requestAnimationFrame(look);
    };
    look();
    document.addEventListener("scroll", soon, { capture: true, passive: true });
    return () => {
      document.removeEventListener("scroll", soon, { capture: true });
      cancelAnimationFrame(frame);
    };
  }, [sections]);
  return current;
}
