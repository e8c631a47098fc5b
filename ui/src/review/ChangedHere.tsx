import { useQuery } from "@tanstack/react-query";
import { diffQuery, type Place } from "@/api/queries";
import type { Packet } from "@/api/types";
import { Mark } from "@/components/Mark";
import { Kbd, Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { keep } from "@/lib/format";
import { WordDiff } from "./History";
import { rowsOf, type Row } from "./state";
import type { Review } from "./useReview";

const MOST = 30;

interface Moved {
  key: string;
  row: Row;
  was: Row["claim"]["verdict"] | null;
  now: Row["claim"]["verdict"] | null;
}

/** Claims that read or compare differently in a packet that took the place of another. */
export function movedClaims(before: Packet, after: Packet): Moved[] {
  const old = new Map(rowsOf(before).map((row) => [row.claim.id, row]));
  const now = rowsOf(after);
  const here = new Set(now.map((row) => row.claim.id));
  const differing = now.flatMap((row): Moved[] => {
    const was = old.get(row.claim.id)?.claim.verdict ?? null;
    return was === row.claim.verdict ? [] : [{ key: row.claim.id, row, was, now: row.claim.verdict }];
  });
  const gone = [...old.values()].flatMap((row): Moved[] => (here.has(row.claim.id) ? [] : [{ key: row.claim.id, row, was: row.claim.verdict, now: null }]));
  return [...differing, ...gone];
}

function ArtifactChange({ place, id, title, from, to }: { place: Place; id: string; title: string | null; from: number; to: number }) {
  const diff = useQuery(diffQuery(place, id, from, to));
  return (
    <>
      {title && <h3 className="mt-3 font-medium">{title}</h3>}
      {diff.error ? (
        <Problem what={t("changed.failed")} error={diff.error} retry={() => void diff.refetch()} />
      ) : diff.data ? (
        <WordDiff diff={diff.data} />
      ) : (
        <Loading words={t("changed.loading")} />
      )}
    </>
  );
}

/** What changed while somebody read: the words and how they compare, beside the text, which stays. */
export function ChangedHere({ r, onClose }: { r: Review; onClose: () => void }) {
  const before = r.packet;
  const after = r.newest.packet;
  const moved = movedClaims(before, after);
  const versions = after.artifacts.flatMap((artifact) => {
    const from = before.artifacts.find((one) => one.artifact_id === artifact.artifact_id)?.version;
    return from !== undefined && from !== artifact.version ? [{ artifact, from }] : [];
  });
  const word = (verdict: Row["claim"]["verdict"]) => t(`verdict.${verdict}`).toLowerCase();
  return (
    <section className="ev" aria-label={t("changedHere.title")}>
      <div className="between">
        <h2 className="h3">{t("changedHere.title")}</h2>
        <button type="button" className="b small" onClick={onClose}>
          {t("action.close")} <Kbd>v</Kbd>
        </button>
      </div>
      {versions.map(({ artifact, from }) => (
        <ArtifactChange
          key={artifact.artifact_id}
          place={r.place}
          id={artifact.artifact_id}
          title={after.artifacts.length > 1 ? artifact.title : null}
          from={Math.min(from, artifact.version)}
          to={Math.max(from, artifact.version)}
        />
      ))}
      {moved.length > 0 ? (
        <ol className="mt-3" aria-label={t("changedHere.verdicts")}>
          {moved.slice(0, MOST).map(({ key, row, was, now }) => (
            <li className="ob" key={key} data-v={now ?? undefined}>
              <Mark shape={now ?? "none"} />
              <div>
                <p className="font-serif text-[15px] leading-6">{keep(row.claim.text)}</p>
                <p className="meta">
                  {was === null ? t("changedHere.fresh") : t("changedHere.was", { word: word(was) })},{" "}
                  {now === null ? t("changedHere.gone") : t("changedHere.now", { word: word(now) })}
                </p>
              </div>
            </li>
          ))}
          {moved.length > MOST && <li className="meta">{t("changedHere.more", { count: moved.length - MOST })}</li>}
        </ol>
      ) : (
        versions.length === 0 && <p className="mt-3 text-ink-2">{t("changedHere.none")}</p>
      )}
      <div className="acts">
        <button type="button" className="b" onClick={() => void r.showNewest()}>
          {t("changedHere.goOn")}
        </button>
      </div>
      <p className="meta mt-2">{t("changedHere.keep")}</p>
    </section>
  );
}
