import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import type { Artifact, DocBlock } from "@/api/types";
import { t } from "@/i18n";
import { Block, ClaimSpan, Gutter, headingRanks, isTitle, placesOf, shownCell, To, type Shared } from "@/review/Draft";
import { linksOf, plainOf, type ReviewState, type Row } from "@/review/state";
import { DataTable } from "./DataTable";
import { figuresOf } from "./figures";
import { sectionId } from "./sections";

const Chart = lazy(() => import("@/components/Chart").catch(() => import("@/components/NoChart")));

/** Parts of a document that are drawn at once; the next ones when the reader comes near the end. */
const BLOCKS = 250;
/** Claims up to which each has its mark in the gutter: measuring the lines of more costs more than it tells. */
const GUTTER_UP_TO = 400;

const nothing = () => {};

function TableBlock({ block, index, artifactId, shared }: { block: Extract<DocBlock, { type: "table" }>; index: number; artifactId: string; shared: Shared }) {
  const claims = useMemo(
    () =>
      new Map(
        shared.rows
          .filter((row) => row.artifactId === artifactId && row.claim.kind === "cell" && row.claim.path[0] === index)
          .map((row) => [`${row.claim.path[1]}/${row.claim.path[2]}`, row]),
      ),
    [shared.rows, artifactId, index],
  );
  const columns = useMemo(() => block.columns.map((one) => (one.unit ? `${one.name}, ${one.unit}` : one.name)), [block.columns]);
  const caption = block.plain_caption ?? block.caption ?? null;
  return (
    <figure>
      {caption && <figcaption>{caption}</figcaption>}
      <DataTable
        label={caption ?? t("draft.table")}
        columns={columns}
        rows={block.rows}
        cell={(r, c) => {
          const row = claims.get(`${r}/${c}`);
          const value = block.rows[r]?.[c];
          const words = typeof value === "number" ? shownCell(value) : (plainOf(block, [index, r, c]) ?? "–");
          const links = linksOf(block, [index, r, c]);
          return row ? <ClaimSpan row={row} shared={shared} mark own={words} links={links} /> : <>{words}<To links={links} /></>;
        }}
      />
    </figure>
  );
}

function ChartBlock({ block, index, artifactId, shared }: { block: Extract<DocBlock, { type: "chart" }>; index: number; artifactId: string; shared: Shared }) {
  const [open, setOpen] = useState(false);
  const figures = useMemo(() => figuresOf(block.spec), [block.spec]);
  const title = block.plain_title ?? block.title;
  const series = shared.rows.filter((row) => row.artifactId === artifactId && row.claim.kind === "series" && row.claim.path[0] === index);
  return (
    <figure>
      <figcaption className="between">
        <span>{title}</span>
        {figures && (
          <button type="button" className="link nobreak" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? t("workArea.viewer.asChart") : t("workArea.viewer.asTable")}
          </button>
        )}
      </figcaption>
      <Suspense fallback={<div className="chart quiet">{t("draft.chartLoading")}</div>}>
        <Chart spec={block.spec} title={title} />
      </Suspense>
      {open && figures && (
        <DataTable
          label={t("workArea.viewer.chartTable", { title })}
          columns={figures.columns}
          rows={figures.rows}
          cell={(r, c) => shownCell(figures.rows[r]?.[c])}
        />
      )}
      {series.length > 0 && (
        <div className="series">
          {series.map((row) => (
            <ClaimSpan key={row.claim.id} row={row} shared={shared} mark />
          ))}
        </div>
      )}
    </figure>
  );
}

/** One artifact as a document to read: huge ones are drawn as far as they are read. */
export function DocumentView({
  artifact,
  rows,
  state,
  onSelect,
  heading,
  reach = 0,
}: {
  artifact: Artifact;
  rows: Row[];
  state: ReviewState;
  onSelect: (claim: string) => void;
  heading: string | null;
  /** The part that somebody wants to go to: it is drawn, however far down it is. */
  reach?: number;
}) {
  const { document, id } = artifact;
  const mine = useMemo(() => rows.filter((row) => row.artifactId === id), [rows, id]);
  const places = useMemo(() => placesOf(mine, id), [mine, id]);
  const ranks = useMemo(() => headingRanks(document, heading ? 3 : 2), [document, heading]);
  const [asked, setAsked] = useState(BLOCKS);
  const drawn = Math.max(asked, reach + 50);
  const end = useRef<HTMLDivElement>(null);
  const more = drawn < document.blocks.length;
  useEffect(() => {
    const element = end.current;
    if (!element || typeof IntersectionObserver === "undefined") return;
    const watch = new IntersectionObserver(
      (seen) => seen.some((one) => one.isIntersecting) && setAsked((n) => n + BLOCKS),
      { rootMargin: "1200px" },
    );
    watch.observe(element);
    return () => watch.disconnect();
  }, [more, drawn]);
  const shared: Shared = { rows: mine, places, state, onSelect, onEdited: nothing };
  return (
    <article className="doc" aria-label={document.title}>
      {mine.length <= GUTTER_UP_TO && <Gutter rows={mine} state={state} />}
      {heading && (
        <h2 className="doctitle" id={sectionId(id, -1)}>
          {heading}
        </h2>
      )}
      {document.blocks.slice(0, drawn).map((block, index) => {
        if (index === 0 && isTitle(block, document.title) && !places.has(`${id} 0`)) return null;
        if (block.type === "table") return <TableBlock key={index} block={block} index={index} artifactId={id} shared={shared} />;
        if (block.type === "chart") return <ChartBlock key={index} block={block} index={index} artifactId={id} shared={shared} />;
        const one = <Block key={index} block={block} index={index} artifactId={id} shared={shared} rank={ranks[index] ?? 2} />;
        return block.type === "heading" ? (
          <div key={index} className="section" id={sectionId(id, index)}>
            {one}
          </div>
        ) : (
          one
        );
      })}
      {more && (
        <div ref={end}>
          <button type="button" className="b small" onClick={() => setAsked(drawn + BLOCKS)}>
            {t("workArea.viewer.moreBlocks")}
          </button>
        </div>
      )}
    </article>
  );
}
