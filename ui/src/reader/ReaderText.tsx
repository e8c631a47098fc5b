import { useEffect, useRef, useState } from "react";
import type { SourceContent } from "@/api/types";
import { t } from "@/i18n";
import { cut } from "@/lib/codepoints";
import { count, keep } from "@/lib/format";
import type { FileKind } from "@/sources/kinds";
import { partWord } from "@/sources/words";
import { itemsOf, windowAround, type Match, type Part } from "./parts";

const MOST = 400;

interface Props {
  content: SourceContent;
  parts: Part[];
  kind: FileKind;
  /** The marked range, in code points of the whole text. */
  range: { start: number; end: number } | null;
  matches: Match[];
  current: Match | undefined;
  /** The part to be looked at; a new object moves there. */
  goal: { part: number } | null;
}

/** The text with its blocks. Only a stretch of a long one is in the page; the rest is a press away. */
export function ReaderText({ content, parts, kind, range, matches, current, goal }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState(() => windowAround(goal?.part ?? 0, parts.length, MOST));
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const target = goal?.part ?? null;
  const inside = target === null || (target >= shown.from && target < shown.to);
  const view = inside ? shown : windowAround(target, parts.length, MOST);
  if (view !== shown) setShown(view);
  useEffect(() => {
    if (target === null) return;
    const element = box.current?.querySelector(`[data-i="${target}"]`);
    const mark = element?.querySelector("mark.now") ?? element?.querySelector("mark") ?? element;
    mark?.scrollIntoView?.({ block: target === 0 ? "nearest" : "center" });
  }, [goal, target, current]);
  const inPart = new Map<number, Match[]>();
  for (const match of matches) inPart.set(match.part, [...(inPart.get(match.part) ?? []), match]);
  const isHere = (part: Part) => range !== null && range.start < part.end && range.end > part.start;
  let page: number | null = null;

  const one = (i: number) => {
    const part = parts[i];
    if (!part) return null;
    const turn = part.page !== null && part.page !== page && content.pages.length > 1;
    if (part.page !== null) page = part.page;
    const here = isHere(part);
    const found = inPart.get(i) ?? [];
    const ranges = found.length > 0 ? found : here && range ? [{ start: range.start - part.start, end: range.end - part.start }] : [];
    return (
      <div key={part.key} data-i={i}>
        {turn && <div className="pagebreak">{partWord(kind, part.page ?? 0)}</div>}
        <div dir="auto" className={`blk ${here ? "at" : ""} ${part.kind === "heading" ? "heading" : ""}`} data-p={part.n ?? ""}>
          {ranges.length > 0
            ? cut(part.text, ranges).map((piece, n) =>
                piece.range >= 0 ? (
                  <mark key={n} className={found[piece.range] !== undefined && found[piece.range] === current ? "now" : undefined}>
                    {keep(piece.text)}
                  </mark>
                ) : (
                  keep(piece.text)
                ),
              )
            : keep(part.text)}
        </div>
      </div>
    );
  };

  return (
    <div className="reader" ref={box}>
      {view.from > 0 && (
        <button type="button" className="fold" onClick={() => setShown({ from: Math.max(0, view.from - MOST), to: view.to })}>
          {t("reader.earlier", { count: view.from })}
        </button>
      )}
      {itemsOf(parts.slice(view.from, view.to), content.tables.length > 0).map((item) => {
        const from = item.from + view.from;
        const to = item.to + view.from;
        const key = parts[from]?.key ?? String(from);
        const needed = item.rows && Array.from({ length: to - from }, (_, n) => from + n).some((i) => inPart.has(i) || (parts[i] && isHere(parts[i])));
        if (item.rows && !needed && !unfolded.has(key))
          return (
            <div key={key} data-i={from}>
              <button type="button" className="fold" aria-expanded={false} onClick={() => setUnfolded(new Set([...unfolded, key]))}>
                {t("reader.tableText", { count: to - from })}
              </button>
            </div>
          );
        return Array.from({ length: to - from }, (_, n) => one(from + n));
      })}
      {view.to < parts.length && (
        <button type="button" className="fold" onClick={() => setShown({ from: view.from, to: Math.min(parts.length, view.to + MOST) })}>
          {t("reader.later", { count: parts.length - view.to })} <span className="sr">{count(parts.length - view.to)}</span>
        </button>
      )}
      {parts.length === 0 && <p className="quiet">{t("reader.empty")}</p>}
    </div>
  );
}
