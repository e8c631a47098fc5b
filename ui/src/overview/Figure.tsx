import { useId, useState } from "react";
import type { Series } from "@/api/overview";
import { t } from "@/i18n";
import { lineName, stretch, topOf, type Measure } from "./measures";
import { Plot, type Point } from "./Plot";

/** One measure: what it counts, its figure over all of the time, how it went, and the same as a table. */
export function Figure({ measure, series }: { measure: Measure; series: Series }) {
  const [table, setTable] = useState(false);
  const id = useId();
  const { name, of, write } = measure;
  const values = series.buckets.map((bucket) => of.map((one) => one(bucket)));
  const all = of.map((one) => one(series.total));
  const counted = values.flat().filter((value) => value !== null);
  const said = (value: number | null) => (value === null ? t("overview.gap") : write(value));
  const points: Point[] = series.buckets.map((bucket, i) => ({
    label: stretch(bucket, series.unit),
    values: values[i] ?? [],
    says: t("overview.point", { when: stretch(bucket, series.unit), value: (values[i] ?? []).map(said).join(" · ") }),
  }));
  const title = t(`overview.m.${name}.title`);
  const flat = counted.every((value) => value === 0);
  // A rate of none is a figure; a count of none is nothing to count.
  const nothing = flat && (counted.length === 0 || name === "delivered");
  const extra = measure.extra(series.total);
  return (
    <figure className="figure" aria-labelledby={id}>
      <figcaption>
        <h3 id={id}>{title}</h3>
        <p className="fig">
          {all[0] === null || all[0] === undefined ? <span className="quiet">{t("overview.none")}</span> : write(all[0])}{" "}
          {all.length > 1 && all[1] !== null && all[1] !== undefined && (
            <small>
              {lineName(name, 1)} {write(all[1])}
            </small>
          )}
        </p>
        <p className="means">{t(`overview.m.${name}.means`)}</p>
      </figcaption>
      {table ? (
        <div className="scroll" tabIndex={0} role="region" aria-label={t("overview.asTable", { title })}>
          <table className="grid-table">
            <thead>
              <tr>
                <th scope="col">{t("overview.period")}</th>
                {of.map((_, line) => (
                  <th scope="col" className="n" key={line}>
                    {lineName(name, line)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {points.map((point, i) => (
                <tr key={series.buckets[i]?.start}>
                  <th scope="row">{point.label}</th>
                  {point.values.map((value, line) => (
                    <td className="n" key={line}>
                      {value === null ? t("overview.none") : write(value)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : flat ? (
        <p className="nodata">{nothing ? t("overview.noData") : t("overview.always", { value: write(0) })}</p>
      ) : (
        <Plot
          points={points}
          form={measure.form}
          top={topOf(measure, counted)}
          write={write}
          names={of.map((_, line) => lineName(name, line))}
          label={t("overview.alt", { title, unit: t(`overview.unit.${series.unit}`), points: points.map((p) => p.says).join("; ") })}
        />
      )}
      <p className="foot">
        <span>{nothing ? "" : extra}</span>
        <button type="button" className="link" aria-pressed={table} onClick={() => setTable(!table)}>
          {table ? t("overview.chart") : t("overview.table")}
          <span className="sr">: {title}</span>
        </button>
      </p>
    </figure>
  );
}
