import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { diffQuery } from "@/api/queries";
import { versionsQuery, type Version } from "@/api/reviewing";
import type { ArtifactDiff } from "@/api/types";
import { Kbd, Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { exact, when } from "@/lib/format";
import { Words } from "./Changes";
import type { Review } from "./useReview";

/** Whose it is and since when. What was handed in for a check was made by no agent of ours. */
function fromOf(version: Version, outside: boolean): string {
  const at = when(version.created_at);
  if (version.author_name === null && version.author === "agent" && outside) return t("history.handedIn", { when: at });
  return t("history.by", { who: version.author_name ?? (version.author === "agent" ? t("history.agent") : t("history.somebody")), when: at });
}

/** What differs between two versions, block by block; what is the same is counted. */
export function WordDiff({ diff }: { diff: ArtifactDiff }) {
  const blocks = diff.blocks.map((block, i) => ({ block, changes: diff.changes.filter((change) => change.block === i) }));
  if (blocks.every(({ block }) => block.kind === "same")) return <p className="quiet mt-3">{t("history.same")}</p>;
  const runs: (number | (typeof blocks)[number])[] = [];
  for (const one of blocks) {
    const last = runs.at(-1);
    if (one.block.kind !== "same") runs.push(one);
    else if (typeof last === "number") runs[runs.length - 1] = last + 1;
    else runs.push(1);
  }
  return (
    <div className="doc worddiff">
      {runs.map((run, i) =>
        typeof run === "number" ? (
          <p className="meta" key={i}>
            {t("history.folded", { count: run })}
          </p>
        ) : (
          <p key={i}>
            {run.block.type === "title" && <span className="meta">{t("history.title_block")}: </span>}
            <Words changes={run.changes} />
          </p>
        ),
      )}
    </div>
  );
}

/** The versions of an artifact, and what differs between any two, word by word. It decides nothing and moves no text. */
export function History({ r, onClose }: { r: Review; onClose: () => void }) {
  const { artifacts } = r.packet;
  const [chosen, setChosen] = useState(() => r.row?.artifactId ?? artifacts[0]?.artifact_id ?? "");
  const artifact = artifacts.find((one) => one.artifact_id === chosen) ?? artifacts[0];
  const versions = useQuery({ ...versionsQuery(r.place, artifact?.artifact_id ?? ""), enabled: artifact !== undefined });
  const list = (versions.data ?? []).toSorted((a, b) => b.version - a.version);
  const [pair, setPair] = useState<{ of: string; from: number; to: number } | null>(null);
  const here = artifact?.version ?? 1;
  const own = pair?.of === artifact?.artifact_id ? pair : null;
  const to = own?.to ?? here;
  const from = own?.from ?? list.find((one) => one.version < here)?.version ?? here;
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  const diff = useQuery({ ...diffQuery(r.place, artifact?.artifact_id ?? "", low, high), enabled: artifact !== undefined && low !== high });
  if (!artifact) return null;
  const pick = (side: "from" | "to", version: number) => setPair({ of: artifact.artifact_id, from, to, [side]: version });
  return (
    <section className="ev" aria-label={t("history.title")}>
      <div className="between">
        <h2 className="h3">{t("history.title")}</h2>
        <button type="button" className="b small" onClick={onClose}>
          {t("action.close")} <Kbd>h</Kbd>
        </button>
      </div>
      {artifacts.length > 1 && (
        <label className="line mt-2">
          <span className="meta">{t("history.artifact")}</span>
          <select className="in" value={artifact.artifact_id} onChange={(event) => setChosen(event.target.value)}>
            {artifacts.map((one) => (
              <option key={one.artifact_id} value={one.artifact_id}>
                {one.title}
              </option>
            ))}
          </select>
        </label>
      )}
      {versions.error ? (
        <Problem what={t("history.failed")} error={versions.error} retry={() => void versions.refetch()} />
      ) : versions.isPending ? (
        <Loading words={t("history.loading")} />
      ) : (
        <>
          <table className="versions">
            <thead>
              <tr>
                <th scope="col">{t("history.from")}</th>
                <th scope="col">{t("history.to")}</th>
                <th scope="col">
                  <span className="sr">{t("history.title")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.map((one) => (
                <tr key={one.version} aria-current={one.version === here ? "true" : undefined}>
                  {(["from", "to"] as const).map((side) => (
                    <td key={side}>
                      <input
                        type="radio"
                        name={`history-${side}`}
                        aria-label={`${t(`history.${side}`)}: ${t("history.version", { n: one.version })}`}
                        checked={(side === "from" ? from : to) === one.version}
                        onChange={() => pick(side, one.version)}
                      />
                    </td>
                  ))}
                  <td>
                    <b>{t("history.version", { n: one.version })}</b>{" "}
                    <span className="meta" title={exact(one.created_at)}>
                      {[
                        fromOf(one, r.status.agent_type === "check"),
                        one.signed ? t("history.signed", { who: one.signed_by ?? t("history.somebody") }) : "",
                        one.version === here ? t("history.here") : "",
                      ]
                        .filter(Boolean)
                        .join(" · ")}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {list.length < 2 ? (
            <p className="meta mt-3">{t("history.one")}</p>
          ) : diff.error ? (
            <Problem what={t("changed.failed")} error={diff.error} retry={() => void diff.refetch()} />
          ) : low === high ? (
            <p className="quiet mt-3">{t("history.same")}</p>
          ) : diff.data ? (
            <WordDiff diff={diff.data} />
          ) : (
            <Loading words={t("changed.loading")} />
          )}
        </>
      )}
    </section>
  );
}
