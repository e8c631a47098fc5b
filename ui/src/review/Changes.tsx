import { useQuery } from "@tanstack/react-query";
import { Fragment, useMemo, useState, type ReactNode } from "react";
import { diffQuery, type Place } from "@/api/queries";
import type { ArtifactDiff, ArtifactDocument, DocBlock, Link } from "@/api/types";
import { Mark } from "@/components/Mark";
import { Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { length, slice } from "@/lib/codepoints";
import { keep } from "@/lib/format";
import { placeKey } from "@/lib/places";
import { Block, ClaimSpan, flowOf, Gutter, headingRanks, isTitle, placesOf, type Shared } from "./Draft";
import { linksOf, type Row } from "./state";

type Change = ArtifactDiff["changes"][number];

/** A block of the diff with what stands in the document for it, if it is still there. */
interface Entry {
  kind: ArtifactDiff["blocks"][number]["kind"];
  changes: Change[];
  index: number | null;
}

export type Run = { entry: Entry } | { folded: Entry[]; claims: number };

/** The blocks of the diff beside those of the document; the title is the first of the diff and of no document. */
export function entriesOf(diff: ArtifactDiff): Entry[] {
  const changes = new Map<number, Change[]>();
  for (const change of diff.changes) changes.set(change.block, [...(changes.get(change.block) ?? []), change]);
  let index = -1;
  return diff.blocks.map((block, i) => {
    if (block.type !== "title" && block.kind !== "removed") index += 1;
    const gone = block.type === "title" || block.kind === "removed";
    return { kind: block.kind, changes: changes.get(i) ?? [], index: gone ? null : index };
  });
}

/** Runs of unchanged blocks with claims fold into one where every claim keeps its approval; headings stand between. */
export function runsOf(entries: Entry[], claimsIn: (index: number) => Row[], kept: Set<string>): Run[] {
  const runs: Run[] = [];
  for (const entry of entries) {
    const claims = entry.index === null ? [] : claimsIn(entry.index);
    const fold = entry.kind === "same" && claims.length > 0 && claims.every((row) => kept.has(row.claim.id));
    const last = runs.at(-1);
    if (!fold) runs.push({ entry });
    else if (last && "folded" in last) {
      last.folded.push(entry);
      last.claims += claims.length;
    } else runs.push({ folded: [entry], claims: claims.length });
  }
  return runs.filter((run) => "folded" in run || run.entry.kind !== "same" || run.entry.index !== null);
}

export function Words({ changes }: { changes: Change[] }) {
  return (
    <>
      {changes.map((change, i) => {
        if (change.kind === "same") return <span key={i}>{keep(change.text)}</span>;
        // The line through or under the words ends with them; what was taken away never touches what came for it.
        const words = change.text.trimEnd();
        const beside = change.kind === "removed" && changes[i + 1]?.kind === "added" ? " " : "";
        const W = change.kind === "removed" ? "del" : "ins";
        return (
          <span key={i} data-aside={change.kind === "removed" ? "" : undefined}>
            <W>{keep(words)}</W>
            {change.text.slice(words.length) || beside}
          </span>
        );
      })}
    </>
  );
}

/**
 * The changes of one text, cut at its claims: ranges are code points of the later text. What was removed belongs
 * to the stretch it stands in, or before.
 */
export function cutAtClaims(
  changes: Change[],
  claims: { start: number; end: number }[],
): { range: number; changes: Change[] }[] {
  const pieces: { range: number; changes: Change[] }[] = [];
  const rangeAt = (at: number) => claims.findIndex(({ start, end }) => start <= at && at < end);
  const put = (range: number, change: Change) => {
    const last = pieces.at(-1);
    if (last?.range === range) last.changes.push(change);
    else pieces.push({ range, changes: [change] });
  };
  let at = 0;
  for (const change of changes) {
    if (change.kind === "removed") {
      const before = pieces.at(-1)?.range ?? -1;
      const here = rangeAt(at);
      put(here >= 0 ? here : before, change);
      continue;
    }
    const size = length(change.text);
    const edges = [0, size, ...claims.flatMap(({ start, end }) => [start - at, end - at])]
      .filter((edge) => edge >= 0 && edge <= size)
      .sort((a, b) => a - b);
    edges.forEach((from, i) => {
      const to = edges[i + 1];
      if (to === undefined || to <= from) return;
      put(rangeAt(at + from), { ...change, text: slice(change.text, from, to) });
    });
    at += size;
  }
  return pieces;
}

/** A changed text with its claims in it, each with what was taken away and what was added. */
function ChangedText({ changes, rows, shared, place, links }: { changes: Change[]; rows: Row[]; shared: Shared; place: string; links: Link[] }) {
  // Addresses stand among the words here, as what is compared of them.
  const among = (at: number) => links.reduce((sum, [end, to]) => (end <= at ? sum + length(` (${to})`) : sum), at);
  const ranges = rows.map(({ claim }) => ({ start: among(claim.char_start), end: among(claim.char_end) }));
  return (
    <span data-place={place} className={flowOf(changes.map((change) => change.text).join(""))}>
      {cutAtClaims(changes, ranges).map((piece, i) => {
        const row = rows[piece.range];
        return row ? (
          <ClaimSpan key={row.claim.id} row={row} shared={shared} words={<Words changes={piece.changes} />} />
        ) : (
          <Words key={i} changes={piece.changes} />
        );
      })}
    </span>
  );
}

function ChangedBlock({
  entry,
  block,
  rows,
  shared,
  rank,
  whole,
  place,
}: {
  entry: Entry;
  block: DocBlock;
  rows: Row[];
  shared: Shared;
  rank: number;
  whole: ReactNode;
  place: string;
}) {
  const text = <ChangedText changes={entry.changes} rows={rows} shared={shared} place={place} links={linksOf(block, [0])} />;
  switch (block.type) {
    case "heading": {
      const H = `h${rank}` as "h2" | "h3" | "h4";
      return <H dir="auto">{text}</H>;
    }
    case "paragraph":
      return <p dir="auto">{text}</p>;
    case "quote":
      return <blockquote dir="auto">{text}</blockquote>;
    case "opinion":
      return (
        <div className="opinion">
          <span className="meta">{t("draft.opinion")}</span>
          <p dir="auto">{text}</p>
        </div>
      );
    default: // a list, table or chart as it stands, and before it what differs, line by line
      return (
        <>
          <p className="lines" dir="auto">
            <Words changes={entry.changes.filter((change) => change.kind !== "same")} />
          </p>
          {whole}
        </>
      );
  }
}

/** One artifact as it differs from the version that was looked at before; what keeps its approval is folded away. */
export function Changes({
  place,
  from,
  to,
  kept,
  document,
  artifactId,
  heading,
  ...shared
}: Omit<Shared, "places"> & {
  place: Place;
  from: number;
  to: number;
  kept: Set<string>;
  document: ArtifactDocument;
  artifactId: string;
  heading: string | null;
}) {
  const diff = useQuery(diffQuery(place, artifactId, from, to));
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const mine = useMemo(() => shared.rows.filter((row) => row.artifactId === artifactId), [shared.rows, artifactId]);
  const places = useMemo(() => placesOf(mine, artifactId), [mine, artifactId]);
  const byBlock = useMemo(() => {
    const map = new Map<number, Row[]>();
    for (const row of mine) map.set(row.claim.path[0] ?? -1, [...(map.get(row.claim.path[0] ?? -1) ?? []), row]);
    return map;
  }, [mine]);
  const ranks = useMemo(() => headingRanks(document, heading ? 3 : 2), [document, heading]);
  const runs = useMemo(
    () => diff.data && runsOf(entriesOf(diff.data), (index) => byBlock.get(index) ?? [], kept),
    [diff.data, byBlock, kept],
  );
  const all = { ...shared, places };
  const whole = (index: number): ReactNode => {
    const block = document.blocks[index];
    if (!block || (index === 0 && isTitle(block, document.title) && !places.has(`${artifactId} 0`))) return null;
    return (
      <Block key={index} block={block} index={index} artifactId={artifactId} shared={all} rank={ranks[index] ?? 2} />
    );
  };
  return (
    <article className="doc" aria-label={t("changed.label", { from, to })}>
      <Gutter rows={mine} state={shared.state} />
      {heading && <h2 className="doctitle" dir="auto">{heading}</h2>}
      {diff.error ? (
        <Problem what={t("changed.failed")} error={diff.error} retry={() => void diff.refetch()} />
      ) : !runs ? (
        <Loading words={t("changed.loading")} />
      ) : (
        runs.map((run, i) => {
          if ("folded" in run) {
            const here = run.folded.some(({ index }) =>
              (byBlock.get(index ?? -1) ?? []).some((row) => row.claim.id === shared.state.selected),
            );
            if (here || open.has(i))
              return <Fragment key={`run ${i}`}>{run.folded.map(({ index }) => index !== null && whole(index))}</Fragment>;
            return (
              <button type="button" className="fold" key={`run ${i}`} onClick={() => setOpen(new Set([...open, i]))}>
                <Mark shape="none" />
                {t("changed.carried", { count: run.claims })}
              </button>
            );
          }
          const { entry } = run;
          const block = entry.index === null ? undefined : document.blocks[entry.index];
          if (!block || entry.index === null)
            return (
              <p key={`run ${i}`} dir="auto">
                <Words changes={entry.changes} />
              </p>
            );
          if (entry.kind === "same") return <Fragment key={`run ${i}`}>{whole(entry.index)}</Fragment>;
          return (
            <ChangedBlock
              key={`run ${i}`}
              entry={entry}
              block={block}
              rows={byBlock.get(entry.index) ?? []}
              shared={all}
              rank={ranks[entry.index] ?? 2}
              whole={whole(entry.index)}
              place={placeKey(artifactId, [entry.index])}
            />
          );
        })
      )}
    </article>
  );
}
