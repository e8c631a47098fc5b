import { useEffect, useRef } from "react";
import { Mark } from "@/components/Mark";
import { t } from "@/i18n";
import { lookOf, shapeOf, wordOf } from "./look";
import type { ReviewState, Row } from "./state";

type Cell = { row: Row } | { run: Row[] };

/** Claims up to which a number has room beside its mark; then it stands under it, then it is left out. */
const BESIDE_UP_TO = 14;
const NUMBERS_UP_TO = 24;
const CELLS_UP_TO = 60;

/** One cell per claim; above 60 claims, passed runs become one cell with their count. */
export function cells(rows: Row[], state: ReviewState): Cell[] {
  if (rows.length <= CELLS_UP_TO) return rows.map((row) => ({ row }));
  const out: Cell[] = [];
  for (const row of rows) {
    const last = out.at(-1);
    if (lookOf(row.claim, state)) out.push({ row });
    else if (last && "run" in last) last.run.push(row);
    else out.push({ run: [row] });
  }
  // What stands alone is no run: a count beside marks reads as the number of a claim.
  return out.map((cell) => ("run" in cell && cell.run.length === 1 && cell.run[0] ? { row: cell.run[0] } : cell));
}

export function Strip({
  rows,
  state,
  counts,
  onSelect,
}: {
  rows: Row[];
  state: ReviewState;
  /** Comments, by claim. */
  counts: Map<string, number>;
  onSelect: (claim: string) => void;
}) {
  const strip = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Within the strip alone: the page does not move.
    const [box, here] = [strip.current, strip.current?.querySelector<HTMLElement>("[aria-current=true]")];
    if (!box || !here) return;
    if (here.offsetLeft < box.scrollLeft) box.scrollLeft = here.offsetLeft;
    else if (here.offsetLeft + here.offsetWidth > box.scrollLeft + box.clientWidth)
      box.scrollLeft = here.offsetLeft + here.offsetWidth - box.clientWidth;
  }, [state.selected]);
  if (rows.length === 0) return <div className="h-3" />;
  const shown = cells(rows, state);
  return (
    <div
      className="strip"
      ref={strip}
      data-many={shown.length > CELLS_UP_TO}
      role="group"
      aria-label={t("strip.label", { count: rows.length })}
      data-dense={rows.length > NUMBERS_UP_TO}
      data-stacked={rows.length > BESIDE_UP_TO && rows.length <= NUMBERS_UP_TO}
    >
      {shown.map((cell) => {
        if ("run" in cell) {
          const [first] = cell.run;
          const here = cell.run.some((row) => row.claim.id === state.selected);
          return (
            <button
              type="button"
              className="run"
              key={first?.claim.id}
              aria-current={here ? "true" : undefined}
              aria-label={t("strip.run", { count: cell.run.length })}
              title={t("strip.run", { count: cell.run.length })}
              onClick={() => first && onSelect(first.claim.id)}
            >
              <span className="n">+{cell.run.length}</span>
            </button>
          );
        }
        const { claim, n } = cell.row;
        const said = counts.get(claim.id) ?? 0;
        const words = t("strip.claim", { n, word: wordOf(claim, state) });
        return (
          <button
            type="button"
            key={claim.id}
            data-v={lookOf(claim, state)}
            aria-current={state.selected === claim.id ? "true" : undefined}
            aria-label={said > 0 ? `${words}, ${t("comment.count", { count: said })}` : words}
            data-said={said > 0 ? "true" : undefined}
            onClick={() => onSelect(claim.id)}
          >
            <Mark shape={shapeOf(claim, state)} />
            <span className="n">{n}</span>
          </button>
        );
      })}
    </div>
  );
}
