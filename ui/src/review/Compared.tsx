import type { Check, Claim } from "@/api/types";
import { Mark, type Shape } from "@/components/Mark";
import { t } from "@/i18n";
import { keep } from "@/lib/format";

const RESULT_MARK: Partial<Record<Check["result"], Shape>> = {
  same: "supported",
  differs: "unsupported",
  not_found: "unsupported",
  conflict: "conflict",
};

/** What was compared, with what result, and what was not. */
export function Compared({ claim }: { claim: Claim }) {
  const shown = claim.checks.filter((check) => check.kind !== "meaning" && check.result !== "none" && check.result !== "not_compared");
  const none = claim.checks.filter((check) => check.kind !== "meaning" && check.result === "none");
  const off = claim.checks.filter((check) => check.kind !== "meaning" && check.result === "not_compared");
  const words = (checks: Check[]) => {
    const list = checks.map((check) => t(`check.${check.kind}`)).join(", ");
    return list.charAt(0) + list.slice(1).toLowerCase();
  };
  const conflict = claim.verdict === "conflict";
  return (
    <table className="cmp">
      <thead>
        <tr>
          <th scope="col">{t("compared.title")}</th>
          <th scope="col">{conflict ? t("compared.first") : t("compared.draft")}</th>
          <th scope="col">{conflict ? t("compared.second") : t("compared.source")}</th>
          <th scope="col">
            <span className="sr">{t("compared.result")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {shown.map((check, i) => {
          const shape = RESULT_MARK[check.result];
          const colour = check.result === "same" ? "" : check.result === "conflict" ? "v-conflict" : "v-unsupported";
          const result = (
            <td>
              {shape && <Mark shape={shape} className={colour} />}
              {t(`result.${check.result}`)}
            </td>
          );
          if (check.note && !check.draft && !check.source) {
            return (
              <tr key={i}>
                <th scope="row">{t(`check.${check.kind}`)}</th>
                <td colSpan={2}>{keep(check.note)}</td>
                {result}
              </tr>
            );
          }
          return (
            <tr key={i}>
              <th scope="row">{t(`check.${check.kind}`)}</th>
              <td>
                {keep(check.draft ?? "–")}
                {check.note && <span className="meta block">{keep(check.note)}</span>}
              </td>
              <td>{keep(check.source ?? "–")}</td>
              {result}
            </tr>
          );
        })}
        {none.length > 0 && (
          <tr className="no">
            <th scope="row">{words(none)}</th>
            <td colSpan={2}>{t("compared.none")}</td>
            <td />
          </tr>
        )}
        {off.length > 0 && (
          <tr className="no">
            <th scope="row">{words(off)}</th>
            <td colSpan={2}>{[...new Set(off.map((check) => check.note).filter(Boolean))].join("; ") || t("compared.nothing")}</td>
            <td>{t("result.not_compared")}</td>
          </tr>
        )}
        <tr className="no">
          <th scope="row">{t("check.meaning")}</th>
          <td colSpan={2}>{t("compared.yours")}</td>
          <td>{t("result.not_compared")}</td>
        </tr>
      </tbody>
    </table>
  );
}
