import { useEffect, useMemo, useState } from "react";
import type { Artifact } from "@/api/types";
import { t } from "@/i18n";
import { claimsWords } from "@/pages/steps";
import { EvidencePane, type EvidenceActs } from "@/review/Evidence";
import { needsOf, type ReviewState, type Row } from "@/review/state";
import { DocumentView } from "./DocumentView";
import type { Section } from "./sections";

const nothing = () => {};
const NO_ACTS: EvidenceActs = { use: nothing, keep: nothing, edit: nothing, ask: nothing, flag: nothing, next: nothing };
const READ: Omit<ReviewState, "selected"> = { digest: "", settled: {}, changes: [], judged: {}, mode: { name: "read" }, seen: {} };

/** What was written, as it is read in review, with the evidence of the sentence that is chosen. Nothing is decided here. */
export function FullText({ artifacts, projectId, goal, quiet = false }: { artifacts: Artifact[]; projectId: string; /** The section to go to. */ goal?: Section | null; /** Without the words that say what can be chosen. */ quiet?: boolean }) {
  const [selected, setSelected] = useState<string | null>(null);
  const rows = useMemo<Row[]>(() => {
    let n = 0;
    return artifacts.flatMap((artifact) => artifact.claims.map((claim) => ({ claim, artifactId: artifact.id, n: ++n })));
  }, [artifacts]);
  const needs = useMemo(() => needsOf(rows, []), [rows]);
  const state = { ...READ, selected };
  const row = rows.find((one) => one.claim.id === selected) ?? null;
  useEffect(() => {
    if (goal) document.getElementById(goal.id)?.scrollIntoView({ block: "start" });
  }, [goal]);
  return (
    <div className="signed">
      {artifacts.map((artifact) => (
        <div key={artifact.id}>
          <DocumentView
            artifact={artifact}
            rows={rows}
            state={state}
            onSelect={setSelected}
            heading={artifacts.length > 1 ? artifact.title : null}
            reach={goal?.artifactId === artifact.id ? goal.index : 0}
          />
          {artifact.versions.some((v) => v.signed) ? null : (
            <p className="meta unsigned">{[t("review.version", { n: artifact.version }), claimsWords(artifact.summary) || t("session.notCompared")].join(" · ")}</p>
          )}
        </div>
      ))}
      {row ? (
        <EvidencePane
          projectId={projectId}
          rows={rows}
          needs={needs}
          row={row}
          state={state}
          readOnly
          canSettle={false}
          canAsk={false}
          dispatch={nothing}
          acts={NO_ACTS}
        />
      ) : (
        rows.length > 0 && !quiet && <p className="meta mt-3">{t("session.choose")}</p>
      )}
    </div>
  );
}
