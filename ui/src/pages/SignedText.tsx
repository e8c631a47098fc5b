import { useMemo, useState } from "react";
import type { Artifact } from "@/api/types";
import { t } from "@/i18n";
import { Draft } from "@/review/Draft";
import { EvidencePane, type EvidenceActs } from "@/review/Evidence";
import { needsOf, type ReviewState, type Row } from "@/review/state";

const nothing = () => {};
const NO_ACTS: EvidenceActs = { use: nothing, keep: nothing, edit: nothing, ask: nothing, flag: nothing, next: nothing, sendNow: nothing };
const READ: Omit<ReviewState, "selected"> = { digest: "", settled: {}, changes: [], judged: {}, mode: { name: "read" }, seen: {} };

/** What was signed, as it was read in review, with the evidence of the sentence that is chosen. Nothing is decided here. */
export function SignedText({ artifacts, projectId }: { artifacts: Artifact[]; projectId: string }) {
  const [selected, setSelected] = useState<string | null>(null);
  const rows = useMemo<Row[]>(() => {
    let n = 0;
    return artifacts.flatMap((artifact) => artifact.claims.map((claim) => ({ claim, artifactId: artifact.id, n: ++n })));
  }, [artifacts]);
  const needs = useMemo(() => needsOf(rows, []), [rows]);
  const state = { ...READ, selected };
  const row = rows.find((one) => one.claim.id === selected) ?? null;
  return (
    <div className="signed">
      {artifacts.map((artifact) => (
        <Draft
          key={artifact.id}
          document={artifact.document}
          artifactId={artifact.id}
          heading={artifacts.length > 1 ? artifact.title : null}
          rows={rows}
          state={state}
          onSelect={setSelected}
          onEdited={nothing}
        />
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
        rows.length > 0 && <p className="meta mt-3">{t("session.choose")}</p>
      )}
    </div>
  );
}
