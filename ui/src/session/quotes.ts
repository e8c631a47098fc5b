import type { Anchor, Artifact } from "@/api/types";

export interface Quoted {
  anchor: Anchor;
  /** The piece of work that quotes it. */
  of: Artifact;
}

/** What an artifact quotes, each quote once, in reading order; what is only near a claim is no quote. */
export function quotesOf(artifact: Artifact): Quoted[] {
  const seen = new Set<string>();
  return artifact.claims
    .flatMap((claim) => claim.anchors)
    .filter((anchor) => anchor.role !== "nearest")
    .filter((anchor) => {
      const key = `${anchor.source_id} ${anchor.quote}`;
      return !seen.has(key) && seen.add(key);
    })
    .map((anchor) => ({ anchor, of: artifact }));
}

export interface QuotedSource {
  id: string;
  title: string;
  quotes: Quoted[];
}

/** The quotes of several artifacts by their source; the source that bears most comes first. */
export function bySource(artifacts: Artifact[]): QuotedSource[] {
  const found = new Map<string, QuotedSource>();
  for (const quoted of artifacts.flatMap(quotesOf)) {
    const { source_id: id, source_title: title } = quoted.anchor;
    const source = found.get(id) ?? { id, title: title ?? "", quotes: [] };
    source.quotes.push(quoted);
    found.set(id, source);
  }
  return [...found.values()].sort((a, b) => b.quotes.length - a.quotes.length);
}
