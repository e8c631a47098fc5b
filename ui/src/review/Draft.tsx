import { Fragment, lazy, Suspense, useLayoutEffect, useMemo, useRef, useState, type ReactNode } from "react";
import type { ArtifactDocument, Cell, DocBlock, Link } from "@/api/types";
import { Mark } from "@/components/Mark";
import { t } from "@/i18n";
import { cut, length } from "@/lib/codepoints";
import { changedSpan } from "@/lib/diff";
import { keep } from "@/lib/format";
import { placeKey } from "@/lib/places";
import { EditSpan } from "./EditSpan";
import { lookOf, shapeOf, wordOf } from "./look";
import { markedRange } from "./outgoing";
import { freeKey, linksOf, plainOf, type ReviewState, type Row } from "./state";

// A chart that cannot be fetched costs the reader the picture, never the page.
const Chart = lazy(() => import("@/components/Chart").catch(() => import("@/components/NoChart")));

export interface Shared {
  rows: Row[];
  /** Sentences by the place they stand in, so that no block has to look through all of them. */
  places: Map<string, Row[]>;
  state: ReviewState;
  onSelect: (claim: string) => void;
  /** Whether text that claims nothing can be selected and changed. */
  free?: boolean;
  /** `was`: the words before, where no claim says them. */
  onEdited: (claim: string, text: string | null, was?: string) => void;
}

const NO_LINKS: Link[] = [];

/** Where words lead that do not say it. It is no part of the text: places count without it. */
export function To({ links }: { links: Link[] }) {
  return links.map(([at, to]) => <span className="quiet" data-aside key={at}>{` (${to})`}</span>);
}

/** Words that begin at a code point of their text, each address right behind those that lead there. */
function linked(text: string, from: number, links: Link[]): ReactNode {
  const here = within(links, from, from + length(text));
  return cut(text, here.map(([at], i) => ({ start: i && (here[i - 1]?.[0] ?? 0) - from, end: at - from }))).map((piece, i) => (
    <Fragment key={i}>
      {keep(piece.text)}
      <To links={here.filter((_, n) => n === piece.range)} />
    </Fragment>
  ));
}

function within(links: Link[], start: number, end: number): Link[] {
  return links.filter(([at]) => at > start && at <= end);
}

/** The words of a claim as they stand now, with what differs or was changed underlined. */
function Words({ row, state, own, links }: { row: Row; state: ReviewState; own?: string; links: Link[] }) {
  const { claim } = row;
  const settlement = state.settled[claim.id];
  if (settlement?.kind === "corrected") {
    if (settlement.text === "") return <del>{keep(own ?? claim.text)}</del>;
    if (own !== undefined) return <span className="x">{keep(settlement.text)}</span>;
    const [from, to] = changedSpan(claim.text, settlement.text).after;
    return (
      <>
        {keep(settlement.text.slice(0, from))}
        <span className="x">{keep(settlement.text.slice(from, to))}</span>
        {keep(settlement.text.slice(to))}
      </>
    );
  }
  if (own !== undefined) return lookOf(claim, state) ? <span className="x">{keep(own)}</span> : <>{keep(own)}</>;
  const marked = lookOf(claim, state) ? markedRange(claim) : null;
  let at = claim.char_start;
  return (
    <>
      {cut(claim.text, marked ? [marked] : []).map((piece, i) => {
        const words = linked(piece.text, at, links);
        at += length(piece.text);
        return (
          <span className={piece.range ? undefined : "x"} key={i}>
            {words}
          </span>
        );
      })}
    </>
  );
}

/** `own` are the words that stand in a cell; the claim's own text names the row and column as well. */
export function ClaimSpan({
  row,
  shared,
  mark = false,
  own,
  words,
  links = NO_LINKS,
}: {
  row: Row;
  shared: Shared;
  mark?: boolean;
  own?: string;
  /** What to show instead of the claim's own words, until the reader corrects it. */
  words?: ReactNode;
  /** The addresses in its place. */
  links?: Link[];
}) {
  const { claim, n } = row;
  const { state } = shared;
  const here = state.selected === claim.id;
  const settlement = state.settled[claim.id];
  const editing = state.mode.name === "edit" && state.mode.claim === claim.id;
  const look = lookOf(claim, state);
  if (editing) {
    return (
      <span className="c" data-claim={claim.id} data-v={look}>
        <EditSpan
          text={settlement?.kind === "corrected" ? settlement.text : (own ?? claim.text)}
          onDone={(text) => shared.onEdited(claim.id, text)}
        />
      </span>
    );
  }
  return (
    <span
      className="c"
      role="button"
      tabIndex={here ? 0 : -1}
      data-claim={claim.id}
      data-v={look}
      aria-current={here ? "true" : undefined}
      onClick={() => {
        // Words that are being selected are read, not chosen.
        if (getSelection()?.isCollapsed !== false) shared.onSelect(claim.id);
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter") {
          event.preventDefault();
          shared.onSelect(claim.id);
        }
      }}
    >
      <span className="sr" dir="ltr">{t("strip.claim", { n, word: wordOf(claim, state) })}: </span>
      {mark && look && <Mark shape={shapeOf(claim, state)} />}
      <span className="s">
        {words !== undefined && settlement?.kind !== "corrected" ? words : <Words row={row} state={state} own={own} links={links} />}
      </span>
      {(own !== undefined || settlement?.kind === "corrected") && <To links={own === undefined ? within(links, claim.char_start, claim.char_end) : links} />}
    </span>
  );
}

/** A text that claims nothing: it has no mark and no number, and can be changed all the same. */
function FreeSpan({ plain, id, shared, links }: { plain: string; id: string; shared: Shared; links: Link[] }) {
  const { state } = shared;
  const here = state.selected === id;
  const settlement = state.settled[id];
  const now = settlement?.kind === "corrected" ? settlement.text : null;
  if (state.mode.name === "edit" && state.mode.claim === id) {
    return (
      <span className="c" data-claim={id}>
        <EditSpan text={now ?? plain} onDone={(text) => shared.onEdited(id, text, plain)} />
      </span>
    );
  }
  return (
    <span className="c free" data-claim={id} data-v={now === null ? undefined : "own"} aria-current={here ? "true" : undefined} onClick={() => getSelection()?.isCollapsed !== false && shared.onSelect(id)}>
      <span className="s">{now === null ? linked(plain, 0, links) : now === "" ? <del>{keep(plain)}</del> : <span className="x">{keep(now)}</span>}</span>
    </span>
  );
}

/** Sentences run on in their text, unless it has a character that turns the direction: that turns its own sentence alone. */
export function flowOf(text: string): string | undefined {
  return /[\u202a-\u202e\u2066-\u2069]/u.test(text) ? undefined : "flow";
}

/** The plain text of one place, with its claims as spans. */
function Text({ plain, path, artifactId, shared, block }: { plain: string; path: number[]; artifactId: string; shared: Shared; block: DocBlock }) {
  const links = linksOf(block, path);
  const place = placeKey(artifactId, path);
  const here = shared.places.get(place) ?? [];
  const pieces = cut(plain, here.map(({ claim }) => ({ start: claim.char_start, end: claim.char_end })));
  let from = 0;
  return (
    <span data-place={place} className={flowOf(plain)}>
      <To links={within(links, -1, 0)} />
      {shared.free && here.length === 0 && /\p{L}/u.test(plain) ? (
        <FreeSpan plain={plain} id={freeKey(artifactId, path)} shared={shared} links={links} />
      ) : (
        pieces.map((piece, i) => {
          const row = here[piece.range];
          const at = from;
          from += length(piece.text);
          return row ? <ClaimSpan key={row.claim.id} row={row} shared={shared} links={links} /> : <span key={i}>{linked(piece.text, at, links)}</span>;
        })
      )}
    </span>
  );
}

export function shownCell(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return "–";
  if (typeof cell !== "number") return cell;
  // Four digits stay together: they are as often a year as an amount.
  return cell.toLocaleString("en-US", { maximumFractionDigits: 6, useGrouping: Math.abs(cell) >= 10_000 });
}

function isNumeric(rows: Cell[][], column: number): boolean {
  const values = rows.map((row) => row[column]).filter((value) => value !== null && value !== undefined && value !== "");
  return values.length > 0 && values.every((v) => typeof v === "number" || /^[-+−]?[\d,.\s]+%?$/.test(String(v)));
}

function Table({
  block,
  index,
  artifactId,
  shared,
}: {
  block: Extract<DocBlock, { type: "table" }>;
  index: number;
  artifactId: string;
  shared: Shared;
}) {
  const caption = block.plain_caption ?? block.caption;
  const claims = new Map(
    shared.rows
      .filter((row) => row.artifactId === artifactId && row.claim.kind === "cell" && row.claim.path[0] === index)
      .map((row) => [`${row.claim.path[1]}/${row.claim.path[2]}`, row]),
  );
  return (
    <figure>
      {caption && <figcaption dir="auto">{caption}</figcaption>}
      <div className="scrollx" tabIndex={0} role="group" aria-label={caption || t("draft.table")}>
        <table>
          <thead>
            <tr>
              {block.columns.map((column, c) => (
                <th scope="col" key={c} dir="auto" className={isNumeric(block.rows, c) ? "n" : undefined}>
                  {column.name}
                  {column.unit ? `, ${column.unit}` : ""}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {block.rows.map((cells, r) => (
              <tr key={r}>
                {cells.map((cell, c) => {
                  const row = claims.get(`${r}/${c}`);
                  const sentence = plainOf(block, [index, r, c]);
                  return (
                    <td key={c} dir="auto" className={isNumeric(block.rows, c) ? "n" : undefined}>
                      {row ? (
                        <span data-place={placeKey(artifactId, [index, r, c])} className={flowOf(sentence ?? "")}>
                          <ClaimSpan row={row} shared={shared} mark links={linksOf(block, [index, r, c])} own={typeof cell === "number" ? shownCell(cell) : (sentence ?? "–")} />
                        </span>
                      ) : typeof cell === "number" ? (
                        shownCell(cell)
                      ) : (
                        <Text plain={sentence ?? "–"} path={[index, r, c]} artifactId={artifactId} shared={shared} block={block} />
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

export function Block({
  block,
  index,
  artifactId,
  shared,
  rank,
}: {
  block: DocBlock;
  index: number;
  artifactId: string;
  shared: Shared;
  rank: number;
}) {
  const text = (path: number[]): ReactNode => (
    <Text plain={plainOf(block, path) ?? ""} path={path} artifactId={artifactId} shared={shared} block={block} />
  );
  switch (block.type) {
    case "heading": {
      const H = `h${rank}` as "h2" | "h3" | "h4";
      return <H dir="auto">{text([index])}</H>;
    }
    case "paragraph":
      return <p dir="auto">{text([index])}</p>;
    case "quote":
      return <blockquote dir="auto">{text([index])}</blockquote>;
    case "opinion":
      return (
        <div className="opinion">
          <span className="meta">{t("draft.opinion")}</span>
          <p dir="auto">{text([index])}</p>
        </div>
      );
    case "list": {
      const L = block.ordered ? "ol" : "ul";
      return (
        <L>
          {block.items.map((_, i) => (
            <li key={i} dir="auto">{text([index, i])}</li>
          ))}
        </L>
      );
    }
    case "table":
      return <Table block={block} index={index} artifactId={artifactId} shared={shared} />;
    case "chart": {
      const title = block.plain_title ?? block.title;
      const series = shared.rows.filter(
        (row) => row.artifactId === artifactId && row.claim.kind === "series" && row.claim.path[0] === index,
      );
      return (
        <figure>
          <figcaption dir="auto">{title}</figcaption>
          <Suspense fallback={<div className="chart quiet">{t("draft.chartLoading")}</div>}>
            <Chart spec={block.spec} title={title} />
          </Suspense>
          {block.figures && <Table block={{ type: "table", columns: block.figures.columns.map((name) => ({ name })), rows: block.figures.rows }} index={-1} artifactId={artifactId} shared={{ ...shared, free: false }} />}
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
  }
}

interface Line {
  top: number;
  lead: Row;
  numbers: number[];
}

/** Beside the mark is room for so many characters. */
const NUMBERS_UP_TO = 6;

/** The numbers of the sentences that begin on a line; where they have no room, that of the one that leads, and that there are more. */
export function numbersOf(lead: number, numbers: number[]): string {
  const all = numbers.join(", ");
  return all.length <= NUMBERS_UP_TO ? all : `${lead}+`;
}

/**
 * The gutter: a mark stands on the line where its sentence begins. When two begin on one line the flagged one
 * shows and the other's number joins it.
 */
export function Gutter({ rows, state }: { rows: Row[]; state: ReviewState }) {
  const [lines, setLines] = useState<Line[]>([]);
  const own = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = own.current?.parentElement;
    if (!element) return;
    const measure = () => {
      const origin = element.getBoundingClientRect().top;
      const byTop = new Map<number, Row[]>();
      const byId = new Map(rows.map((row) => [row.claim.id, row]));
      for (const holder of element.querySelectorAll<HTMLElement>("[data-claim]")) {
        const row = byId.get(holder.dataset["claim"] ?? "");
        const span = holder.querySelector(".s");
        if (!row || row.claim.kind !== "sentence" || !span || span.closest("td")) continue;
        const box = span.getClientRects()[0];
        if (!box) continue;
        // Half a line of tolerance: an underlined word makes its box a little taller.
        const middle = box.top + box.height / 2 - origin;
        const near = [...byTop.keys()].find((top) => Math.abs(top - middle) < 9);
        byTop.set(near ?? middle, [...(byTop.get(near ?? middle) ?? []), row]);
      }
      setLines(
        [...byTop].map(([top, here]) => {
          const lead =
            here.find((row) => row.claim.id === state.selected && lookOf(row.claim, state)) ??
            here.find((row) => lookOf(row.claim, state)) ??
            here.find((row) => row.claim.id === state.selected) ??
            here[0];
          return { top, lead: lead as Row, numbers: here.map((row) => row.n) };
        }),
      );
    };
    measure();
    if (typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [rows, state]);
  return (
    <div className="gutter" aria-hidden="true" ref={own}>
      {lines.map(({ top, lead, numbers }) => (
        <span
          key={lead.claim.id}
          className="g"
          title={`${numbers.join(", ")}: ${wordOf(lead.claim, state)}`}
          data-v={lookOf(lead.claim, state)}
          data-now={numbers.length > 0 && lead.claim.id === state.selected}
          style={{ top: `calc(${top}px - var(--lead-draft) / 2)` }}
        >
          <Mark shape={shapeOf(lead.claim, state)} />
          <span className="n">{numbersOf(lead.n, numbers)}</span>
        </span>
      ))}
    </div>
  );
}

/** Heading levels for the page: they start at `first` and never skip one, whatever the document says. */
export function headingRanks(document: ArtifactDocument, first: number): Record<number, number> {
  const ranks: Record<number, number> = {};
  let open: number[] = [];
  document.blocks.forEach((block, index) => {
    if (block.type !== "heading" || (index === 0 && isTitle(block, document.title))) return;
    open = open.filter((level) => level < block.level);
    ranks[index] = Math.min(4, first + open.length);
    open.push(block.level);
  });
  return ranks;
}

/** A first heading that says the title again: the page shows the title once, above. */
export function isTitle(block: DocBlock, title: string): boolean {
  return block.type === "heading" && (block.plain ?? block.text).trim() === title.trim();
}

/** The sentences of an artifact by the place they stand in. */
export function placesOf(rows: Row[], artifactId: string): Map<string, Row[]> {
  const map = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.claim.kind !== "sentence") continue;
    const place = placeKey(artifactId, row.claim.path);
    map.set(place, [...(map.get(place) ?? []), row]);
  }
  return map;
}

/** One artifact as a document. */
export function Draft({
  document,
  artifactId,
  heading,
  ...shared
}: Omit<Shared, "places"> & { document: ArtifactDocument; artifactId: string; heading: string | null }) {
  const mine = useMemo(() => shared.rows.filter((row) => row.artifactId === artifactId), [shared.rows, artifactId]);
  const places = useMemo(() => placesOf(mine, artifactId), [mine, artifactId]);
  const ranks = useMemo(() => headingRanks(document, heading ? 3 : 2), [document, heading]);
  return (
    <article className="doc" aria-label={document.title}>
      <Gutter rows={mine} state={shared.state} />
      {heading && <h2 className="doctitle" dir="auto">{heading}</h2>}
      {document.blocks.map((block, index) =>
        index === 0 && isTitle(block, document.title) && !places.has(`${artifactId} 0`) ? null : (
          <Block
            key={index}
            block={block}
            index={index}
            artifactId={artifactId}
            shared={{ ...shared, places }}
            rank={ranks[index] ?? 2}
          />
        ),
      )}
    </article>
  );
}
