import type { RevealItem } from "@/api/types";
import { Mark } from "@/components/Mark";
import { t, tMaybe } from "@/i18n";
import { keep } from "@/lib/format";
import type { Row } from "./state";

/** After the decision on a sample: every planted error, and whether it was caught. */
export function Reveal({
  items,
  rows,
  kept,
  onSelect,
}: {
  items: RevealItem[];
  rows: Row[];
  /** Claims that were kept with a reason: seen, and signed on purpose. */
  kept: Set<string>;
  onSelect: (claim: string) => void;
}) {
  const seen = (item: RevealItem) => item.caught || (item.claim_id !== null && kept.has(item.claim_id));
  const caught = items.filter(seen).length;
  return (
    <section className="ev" aria-label={t("reveal.title")}>
      <h2 className="h3">{t("reveal.title")}</h2>
      <p className="mt-1 text-ink-2">{t("reveal.score", { caught, count: items.length })}</p>
      <ol className="mt-3">
        {items.map((item, i) => {
          const row = rows.find((r) => r.claim.id === item.claim_id);
          return (
            <li className="ob" key={i} data-v={seen(item) ? "supported" : "unsupported"}>
              <Mark shape={seen(item) ? "met" : "unmet"} />
              <div>
                <div className="h">
                  {row ? (
                    <button type="button" onClick={() => onSelect(row.claim.id)}>
                      <b>
                        {row.n}. {tMaybe(`reveal.kind.${item.kind}`, item.kind)}
                      </b>
                    </button>
                  ) : (
                    <b>{tMaybe(`reveal.kind.${item.kind}`, item.kind)}</b>
                  )}
                  <span>{item.caught ? t("reveal.caught") : seen(item) ? t("reveal.kept") : t("reveal.missed")}</span>
                </div>
                <p className="font-serif text-[15px] leading-6" dir="auto">{keep(item.text)}</p>
                <p>{keep(item.truth)}</p>
                <p className="meta">{keep(item.explanation)}</p>
                {item.only_a_reader && <p className="strong">{t("reveal.reader")}</p>}
              </div>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
