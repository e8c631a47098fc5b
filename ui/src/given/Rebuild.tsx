import { useMutation } from "@tanstack/react-query";
import { api, ApiError } from "@/api/client";
import { base, type Place } from "@/api/queries";
import type { Rebuilt } from "@/api/substrate";
import { Mark } from "@/components/Mark";
import { ErrorLine, problemText } from "@/components/States";
import { t } from "@/i18n";
import { firstDifference } from "./given";

/** Builds the envelope again and says whether every byte is the same, or what is not. */
export function Rebuild({ place, body }: { place: Place; body: string }) {
  const rebuild = useMutation({ mutationFn: () => api<Rebuilt>(`${base(place)}/envelope/rebuild`) });
  const error = rebuild.error instanceof ApiError ? rebuild.error : null;
  const other = rebuild.data?.body ?? (typeof error?.body["body"] === "string" ? error.body["body"] : null);
  const differs = error?.code === "digest_differs" || (rebuild.data !== undefined && rebuild.data.identical !== true);
  const first = differs && other !== null ? firstDifference(body, other) : null;
  const why = error ? [error.message, error.hint].filter(Boolean).join(" ") : "";
  return (
    <div className="rebuild noprint">
      <button type="button" className="b small" disabled={rebuild.isPending} onClick={() => rebuild.mutate()}>
        {rebuild.isPending ? t("given.rebuilding") : t("given.rebuild")}
      </button>
      <div role="status">
        {rebuild.data && !differs ? (
          <p>
            <Mark shape="supported" /> {t("given.same")}
          </p>
        ) : error?.code === "redacted" ? (
          <p>
            <Mark shape="none" /> {t("given.redacted", { why })}
          </p>
        ) : differs ? (
          <p className="text-error">
            <Mark shape="warn" className="text-error" /> {t("given.differs", { why })}
          </p>
        ) : rebuild.error ? (
          <ErrorLine>{[problemText(rebuild.error).title, problemText(rebuild.error).hint].filter(Boolean).join(" ")}</ErrorLine>
        ) : (
          <p className="meta">{t("given.rebuildWords")}</p>
        )}
        {first && (
          <div className="mt-1">
            <p className="meta">{t("given.differsLine", { n: first.line })}</p>
            <dl className="facts">
              <dt>{t("given.was")}</dt>
              <dd className="font-serif">{first.was.slice(0, 400)}</dd>
              <dt>{t("given.is")}</dt>
              <dd className="font-serif">{first.is.slice(0, 400)}</dd>
            </dl>
          </div>
        )}
      </div>
    </div>
  );
}
