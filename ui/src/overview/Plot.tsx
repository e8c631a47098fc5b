import { useEffect, useRef, useState } from "react";

const HEIGHT = 132;
const PAD = { top: 14, right: 8, bottom: 22, left: 4 };

export interface Point {
  label: string;
  /** One value a line; null is a gap. */
  values: (number | null)[];
  /** What is said of it when it is pointed at. */
  says: string;
}

/** The width that there is for it, 0 until that is known. */
function useWidth(): [React.RefObject<HTMLDivElement | null>, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    if (typeof ResizeObserver === "undefined") return setWidth(480);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth || 480);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}

/** Runs of neighbours that have a value: a line is not drawn over what was not counted. */
export function runsOf(values: (number | null)[]): number[][] {
  const runs: number[][] = [];
  values.forEach((value, i) => {
    if (value === null) return;
    const last = runs.at(-1);
    if (last && last.at(-1) === i - 1) last.push(i);
    else runs.push([i]);
  });
  return runs;
}

const NAME_PX = 13;

/** Heights of the names of lines, from above `top` on: where two would cover each other, the later line's is above. */
export function apart(heights: number[], top: number): number[] {
  const [first, second] = heights;
  if (first === undefined || second === undefined || Math.abs(first - second) >= NAME_PX) return heights.map((height) => Math.max(top, height));
  const above = Math.max(top, Math.min(second, first - NAME_PX));
  return [Math.max(first, above + NAME_PX), above];
}

/** Bars or up to two lines over stretches of time, with the top of the axis and the latest values written beside them. */
export function Plot({
  points,
  form,
  top,
  write,
  names,
  label,
}: {
  points: Point[];
  form: "bars" | "line";
  top: number;
  write: (value: number) => string;
  /** Of the lines, where there is more than one. */
  names: string[];
  label: string;
}) {
  const [box, width] = useWidth();
  const plain = { w: Math.max(40, width - PAD.left - PAD.right), h: HEIGHT - PAD.top - PAD.bottom };
  const step = plain.w / Math.max(1, points.length);
  const x = (i: number) => PAD.left + step * (i + 0.5);
  const y = (value: number) => PAD.top + plain.h * (1 - Math.min(1, value / top));
  const every = Math.ceil(points.length / Math.max(2, Math.floor(plain.w / 76)));
  const shown = points.map((_, i) => (points.length - 1 - i) % every === 0);
  const nameYs = apart(
    names.map((_, line) => y(points.findLast((point) => (point.values[line] ?? null) !== null)?.values[line] ?? 0) - 6),
    PAD.top + 8,
  );
  return (
    <div className="plot" ref={box}>
      {width > 0 && (
        <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={label}>
          <line className="grid" x1={PAD.left} x2={width - PAD.right} y1={PAD.top} y2={PAD.top} />
          <line className="base" x1={PAD.left} x2={width - PAD.right} y1={PAD.top + plain.h} y2={PAD.top + plain.h} />
          <text className="axis" x={PAD.left} y={PAD.top - 4}>
            {write(top)}
          </text>
          {points.map((point, i) =>
            shown[i] ? (
              <text
                className="axis"
                key={point.label + String(i)}
                x={i === 0 && step < 60 ? PAD.left : i === points.length - 1 && step < 60 ? width - PAD.right : x(i)}
                y={HEIGHT - 6}
                textAnchor={i === 0 && step < 60 ? "start" : i === points.length - 1 && step < 60 ? "end" : "middle"}
              >
                {point.label}
              </text>
            ) : null,
          )}
          {form === "bars" &&
            points.map((point, i) => {
              const value = point.values[0] ?? null;
              if (value === null) return null;
              const high = Math.max(value > 0 ? 1.5 : 0, plain.h * Math.min(1, value / top));
              const wide = Math.min(38, step * 0.62);
              return <rect className="bar" key={i} x={x(i) - wide / 2} y={PAD.top + plain.h - high} width={wide} height={high} />;
            })}
          {form === "line" &&
            [...names.keys()].reverse().map((line) => {
              const values = points.map((point) => point.values[line] ?? null);
              const last = values.findLastIndex((value) => value !== null);
              return (
                <g key={line} className={line === 0 ? "first" : "second"}>
                  {runsOf(values).map((run) => (
                    <path key={run[0]} d={run.map((i, n) => `${n === 0 ? "M" : "L"}${x(i).toFixed(1)} ${y(values[i] ?? 0).toFixed(1)}`).join("")} />
                  ))}
                  {runsOf(values).map((run) =>
                    run.length === 1 || run.includes(last) ? (
                      <circle key={run[0]} cx={x(run.at(-1) ?? 0)} cy={y(values[run.at(-1) ?? 0] ?? 0)} r={line === 0 ? 3 : 2.5} />
                    ) : null,
                  )}
                  {names.length > 1 && last >= 0 && (
                    <text
                      className="name"
                      x={Math.min(x(last), width - PAD.right) - 6}
                      y={nameYs[line]}
                      textAnchor="end"
                    >
                      {names[line]}
                    </text>
                  )}
                </g>
              );
            })}
          {points.map((point, i) => (
            <rect className="hit" key={i} x={PAD.left + step * i} y={PAD.top} width={step} height={plain.h}>
              <title>{point.says}</title>
            </rect>
          ))}
        </svg>
      )}
    </div>
  );
}
