import { lazy, Suspense, type RefObject } from "react";
import { Loading } from "@/components/States";
import { t } from "@/i18n";
import { runtimeWords } from "@/lib/runtime";
import { repairWords } from "@/lib/usage";
import { BudgetAsked } from "./BudgetAsked";
import { Draft } from "./Draft";
import { PlanSteps, WhyStopped } from "./Panels";
import { Released } from "./Released";
import type { Review } from "./useReview";

// The words that changed are asked for, too: there is a moment for it.
const Changes = lazy(() => import("./Changes").then((part) => ({ default: part.Changes })));
const Answers = lazy(() => import("./Answers").then((part) => ({ default: part.Answers })));

/** What is being signed: the plan, the question or the documents, with what releases when it is. */
export function DraftSide({ r, pane }: { r: Review; pane: RefObject<HTMLDivElement | null> }) {
  const { packet, shown, before, whole, rows, state, toFill } = r;
  const madeBy = runtimeWords(packet.runtime ?? "");
  const shared = { rows, state, onSelect: r.select, onEdited: r.edited, free: true };
  return (
    <div className="draft" ref={pane} data-region="" tabIndex={-1}>
      <WhyStopped packet={packet} listed={new Set(r.needs.map((one) => one.kind))} />
      <BudgetAsked packet={packet} over={r.status.extends_over} />
      {packet.repair && <p className="meta repaired">{repairWords(packet.repair)}</p>}
      {packet.kind === "plan" && <PlanSteps packet={packet} />}
      {packet.question && (
        <div className="doc">
          <p>{packet.question.text}</p>
          {toFill && (
            <Suspense fallback={<Loading words={t("review.opening")} />}>
              <Answers schema={toFill} submit={r.answers} onEnter={() => r.sign()} />
            </Suspense>
          )}
        </div>
      )}
      {packet.artifacts.map((artifact) => {
        const document = shown.documents[artifact.artifact_id];
        if (!document) return null;
        const from = before?.[artifact.artifact_id];
        const common = { document, artifactId: artifact.artifact_id, heading: packet.artifacts.length > 1 ? artifact.title : null, ...shared };
        const key = `${artifact.artifact_id}-${artifact.version}`;
        return from !== undefined && !whole ? (
          <Suspense key={key} fallback={<Loading words={t("changed.loading")} />}>
            <Changes place={r.place} from={from} to={artifact.version} kept={r.kept} {...common} />
          </Suspense>
        ) : (
          <Draft key={key} {...common} />
        );
      })}
      {packet.artifacts.length > 0 && (
        <div className="endnote">
          <p>{t("draft.end")}</p>
          {packet.effects.length > 0 && (
            <>
              <p className="mt-2">{t("draft.effects")}</p>
              <ul>
                <Released checkpoint={r.status} mark="– " />
              </ul>
            </>
          )}
          {madeBy && <p className="mt-2">{t("runtime.madeBy", { who: madeBy })}</p>}
          {packet.risk && <p className="mt-2">{t("dock.because", { words: packet.risk.because.join(" ") })}</p>}
        </div>
      )}
    </div>
  );
}
