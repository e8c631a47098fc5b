import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useLayoutEffect, useMemo, useRef } from "react";
import type { Anchor, SourceBlock } from "@/api/types";
import { contentQuery, sourcesQuery } from "@/api/queries";
import { Kbd, problemText } from "@/components/States";
import { TableRows } from "@/components/TableRows";
import { t } from "@/i18n";
import { cut, slice } from "@/lib/codepoints";
import { count, keep, when } from "@/lib/format";
import { scrollCell } from "@/lib/scrollCell";
import { rowAt } from "@/lib/tableRow";
import { isPdf, PdfPage } from "./PdfPage";

const NEIGHBOUR = 320;
const BLOCKS_BESIDE = 3;
const ROWS_BESIDE = 12;

/** The blocks to show: the one the words stand in, with a few neighbours on each side. */
export function around(blocks: SourceBlock[], anchor: { block_id: string; char_start: number }): SourceBlock[] {
  const at = blocks.findIndex((block) => block.block_id === anchor.block_id);
  const index =
    at >= 0 ? at : blocks.findIndex((b) => b.char_start <= anchor.char_start && anchor.char_start < b.char_end);
  return index < 0 ? [] : blocks.slice(Math.max(0, index - BLOCKS_BESIDE), index + BLOCKS_BESIDE + 1);
}

/** Anchors by passage, in the order given: one sheet for each. */
export function passages(anchors: Anchor[]): Anchor[][] {
  const groups = new Map<string, Anchor[]>();
  for (const anchor of anchors) {
    const key = `${anchor.source_id} ${anchor.version} ${anchor.block_id}`;
    groups.set(key, [...(groups.get(key) ?? []), anchor]);
  }
  return [...groups.values()];
}

/** Those that do not overlap one that stands before them. */
function apart(anchors: Anchor[]): Anchor[] {
  const kept: Anchor[] = [];
  for (const anchor of anchors) {
    if (kept.every((k) => anchor.char_end <= k.char_start || k.char_end <= anchor.char_start)) kept.push(anchor);
  }
  return kept;
}

function clip(text: string): string {
  return text.length > NEIGHBOUR ? `${text.slice(0, NEIGHBOUR).trimEnd()} …` : text;
}

/** The place in words: page, paragraph, characters. */
export function placeWords(anchor: Anchor, block: SourceBlock | undefined): string {
  const at = t("sheet.characters", { from: count(anchor.char_start), to: count(anchor.char_end) });
  const paragraph = block ? t(block.kind === "table_row" ? "sheet.row" : "sheet.paragraph", { n: block.ordinal + 1 }) : null;
  const page = anchor.page ? t("sheet.page", { n: anchor.page }) : null;
  const words = [page, paragraph, at].filter(Boolean).join(", ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * A window on the source, as high before it is open as afterwards: the exact words under the highlighter, in its middle,
 * and what stands around them.
 */
export function Sheet({
  projectId,
  anchor,
  others,
  figures,
  hotkey,
  several,
}: {
  projectId: string;
  anchor: Anchor;
  /** More words of the same passage; marked where they do not overlap. */
  others: Anchor[];
  /** The numbers of the source that were compared: in a table they are what to look at. */
  figures: string[];
  hotkey: boolean;
  /** There are other sheets beside it: each is lower. */
  several: boolean;
}) {
  const content = useQuery(contentQuery(projectId, anchor.source_id, anchor.version));
  const sources = useQuery(sourcesQuery(projectId));
  const source = sources.data?.find((s) => s.id === anchor.source_id);
  const blocks = content.data ? around(content.data.blocks, anchor) : [];
  const own = blocks.find((block) => block.char_start <= anchor.char_start && anchor.char_start < block.char_end);
  const ranges = own ? apart([anchor, ...others]).map((a) => ({ start: a.char_start - own.char_start, end: a.char_end - own.char_start })) : [];
  const row = useMemo(
    () => (content.data && own?.kind === "table_row" ? rowAt(content.data.tables, slice(content.data.text, own.char_start, own.char_end), ranges, figures) : null),
    // `ranges` are those of the anchors; `figures` belong to the same claim.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [content.data, own?.block_id, anchor, others],
  );
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const sheet = box.current;
    // Not the head of a marked column, which is `at` too.
    const at = sheet?.querySelector("tr.at, p.at");
    if (!sheet || !at) return;
    const head = sheet.querySelector("thead")?.offsetHeight ?? 0;
    // All of the passage where it has room, else the words themselves.
    const shown = at.getBoundingClientRect();
    const middle = (shown.height > sheet.clientHeight ? (at.querySelector("mark") ?? at) : at).getBoundingClientRect();
    scrollCell(sheet);
    sheet.scrollTop += (middle.top + middle.bottom) / 2 - sheet.getBoundingClientRect().top - (sheet.clientHeight + head) / 2;
  }, [content.data, row, own?.block_id]);
  // The reader of the source opens on the same cell.
  const place = own && row?.place ? { start: own.char_start + row.place.start, end: own.char_start + row.place.end } : { start: anchor.char_start, end: anchor.char_end };
  return (
    <div className="src">
      <div className="srchead">
        <b>{anchor.source_title}</b>
        <span className="meta nophone">
          {source
            ? t("sheet.version", { n: anchor.version, when: when(source.created_at) })
            : !sources.isPending && t("sheet.versionOnly", { n: anchor.version })}
          {source?.retracted_at ? ` · ${t("sheet.retracted")}` : ""}
        </span>
      </div>
      <div className="sheet" data-several={several} tabIndex={0} role="group" aria-label={t("sheet.label", { title: anchor.source_title })} ref={box}>
        {content.isPending && <p className="at">{t("sheet.opening")}</p>}
        {content.error && (
          <p className="at" dir="auto">
            <mark>{keep(anchor.quote)}</mark>
            <span className="meta block">{t("sheet.failed", { why: problemText(content.error).title })}</span>
          </p>
        )}
        {content.data && blocks.length === 0 && (
          <p className="at" dir="auto">
            <mark>{keep(anchor.quote)}</mark>
          </p>
        )}
        {row && (
          <TableRows table={row.table} from={Math.max(0, row.row - ROWS_BESIDE)} to={row.row + ROWS_BESIDE + 1} here={row} />
        )}
        {content.data &&
          !row &&
          blocks.map((block) => {
            const text = slice(content.data.text, block.char_start, block.char_end);
            if (block !== own) {
              return (
                <p key={block.block_id} dir="auto" data-p={block.ordinal + 1}>
                  {keep(clip(text))}
                </p>
              );
            }
            return (
              <p key={block.block_id} dir="auto" data-p={block.ordinal + 1} className="at">
                {cut(text, ranges).map((piece, i) =>
                  piece.range >= 0 ? <mark key={i}>{keep(piece.text)}</mark> : keep(piece.text),
                )}
              </p>
            );
          })}
      </div>
      {anchor.page !== null && (
        // Its line is there before it is known whether the source is a PDF.
        <div className="pdfpage">{source && isPdf(source) && <PdfPage projectId={projectId} anchor={anchor} page={anchor.page} />}</div>
      )}
      <div className="where meta">
        <span>{placeWords(anchor, own)}</span>
        <Link
          to="/projects/$projectId/sources/$sourceId"
          params={{ projectId, sourceId: anchor.source_id }}
          search={{ version: anchor.version, ...place }}
          className="link"
        >
          {t("sheet.open")} {hotkey && <Kbd>o</Kbd>}
        </Link>
      </div>
    </div>
  );
}
