import { useEffect, useRef, useState } from "react";
import { expressionInterpreter } from "vega-interpreter";
import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { t } from "@/i18n";

/** Charts come from agents: nothing is fetched, nothing is evaluated, links go nowhere. */
const closed: vega.Loader = {
  load: () => Promise.reject(new Error("charts may not load anything")),
  sanitize: () => Promise.reject(new Error("charts may not link anywhere")),
  http: () => Promise.reject(new Error("charts may not load anything")),
  file: () => Promise.reject(new Error("charts may not load anything")),
} as unknown as vega.Loader;

function colours(): Record<string, string> {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(
    ["ink", "ink-2", "ink-3", "line", "line-2", "accent", "supported", "partial", "unsupported", "conflict", "uncited"].map(
      (name) => [name, style.getPropertyValue(`--${name}`).trim()],
    ),
  );
}

function themed(spec: Record<string, unknown>, width: number): TopLevelSpec {
  const c = colours();
  const axis = {
    domainColor: c["line-2"], tickColor: c["line-2"], gridColor: c["line"],
    labelColor: c["ink-2"], titleColor: c["ink-3"], titleFontWeight: 400, labelFontSize: 11, titleFontSize: 11,
  };
  const { usermeta: _usermeta, title: _title, $schema: _schema, ...rest } = spec;
  return {
    ...rest,
    width: Math.max(160, width),
    height: 220,
    autosize: { type: "fit", contains: "padding" },
    background: "transparent",
    config: {
      view: { stroke: null },
      axis,
      legend: { labelColor: c["ink-2"], titleColor: c["ink-3"], titleFontWeight: 400, orient: "top" },
      mark: { color: c["accent"] },
      range: { category: [c["accent"], c["partial"], c["supported"], c["conflict"], c["unsupported"], c["uncited"]] },
      font: "ui-sans-serif, system-ui, sans-serif",
    },
  } as unknown as TopLevelSpec;
}

export default function Chart({ spec, title }: { spec: Record<string, unknown>; title: string }) {
  const box = useRef<HTMLDivElement>(null);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let view: vega.View | null = null;
    let gone = false;
    const draw = () => {
      view?.finalize();
      try {
        const compiled = compile(themed(spec, element.clientWidth)).spec;
        const runtime = vega.parse(compiled, undefined, { ast: true });
        view = new vega.View(runtime, {
          expr: expressionInterpreter,
          loader: closed,
          logLevel: vega.Error,
          // A canvas: drawn pixels need no style attributes, which the content policy forbids.
          renderer: "canvas",
          container: element,
          hover: false,
        } as unknown as vega.ViewOptions);
        view.runAsync().catch(() => {
          if (!gone) setBroken(true);
        });
      } catch {
        setBroken(true); // the words under the chart and its table still say what it shows
      }
    };
    draw();
    const theme = new MutationObserver(draw);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    let width = element.clientWidth;
    const size =
      typeof ResizeObserver === "undefined"
        ? null
        : new ResizeObserver(() => {
            if (element.clientWidth !== width) {
              width = element.clientWidth;
              draw();
            }
          });
    size?.observe(element);
    return () => {
      gone = true;
      theme.disconnect();
      size?.disconnect();
      view?.finalize();
    };
  }, [spec]);
  if (broken) return <p className="meta">{t("draft.chartBroken")}</p>;
  return <div className="chart" ref={box} role="img" aria-label={title} />;
}
