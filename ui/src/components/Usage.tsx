import { t } from "@/i18n";
import { count } from "@/lib/format";
import { costWords, limitWords, tokensWords, type Limit, type ModelFigures } from "@/lib/usage";

/** How far a limit is used: a bar, and the same in words. */
export function LimitBar({ limit }: { limit: Limit }) {
  const words = limitWords(limit);
  const share = Math.min(1, Math.max(0, limit.used / limit.of));
  return (
    <div className="limit">
      <p>
        {words}
      </p>
      <div
        className="bar-line"
        role="progressbar"
        aria-label={t(`usage.label.${limit.what}`)}
        aria-valuenow={Math.round(share * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuetext={words}
      >
        <i style={{ transform: `scaleX(${share})` }} />
      </div>
    </div>
  );
}

/** What each model used. */
export function ModelList({ models }: { models: ModelFigures[] }) {
  if (models.length === 0) return null;
  return (
    <ul className="models" aria-label={t("usage.models")}>
      {models.map((one) => (
        <li key={one.model}>
          <div className="between">
            <b className="break-words">{one.model}</b>
            <span className={one.unpriced ? "quiet" : undefined}>{costWords(one)}</span>
          </div>
          <p className="meta">
            {t("usage.turns", { count: one.turns, n: count(one.turns) })}, {tokensWords(one)}
          </p>
        </li>
      ))}
    </ul>
  );
}
