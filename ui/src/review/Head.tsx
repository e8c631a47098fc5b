import type { ReactNode } from "react";
import type { Checkpoint } from "@/api/types";
import { Kbd } from "@/components/States";
import { t } from "@/i18n";
import { exact, projectWords, when } from "@/lib/format";
import { runtimeWords } from "@/lib/runtime";
import { agentWord } from "./Queue";
import { lookWords, type Onlooker } from "./looking";
import type { ReviewState, Row, Tally } from "./state";
import { Strip } from "./Strip";

/** Title, whose and by when, how much needs the reader, and the strip of claims. */
export function Head({
  checkpoint,
  rows,
  state,
  tally,
  needed,
  voted,
  counts,
  others,
  news,
  why,
  carried,
  history,
  onWhy,
  onSelect,
}: {
  checkpoint: Checkpoint;
  rows: Row[];
  state: ReviewState;
  tally: Tally;
  /** How many things need the reader in all. */
  needed: number;
  voted: boolean;
  counts: Map<string, number>;
  others: Onlooker[];
  /** What happened meanwhile; goes before who else is looking. */
  news: ReactNode;
  why: boolean;
  /** Claims that keep an approval, and whether they are shown; null where there was no round before. */
  carried: { count: number; whole: boolean; toggle: () => void } | null;
  /** Whether versions are shown; null where there are none. */
  history: { on: boolean; toggle: () => void } | null;
  onWhy: () => void;
  onSelect: (claim: string) => void;
}) {
  const { packet } = checkpoint;
  const single = packet.artifacts.length === 1 ? packet.artifacts[0] : undefined;
  const settled = tally.corrected + tally.kept;
  const made = [agentWord(checkpoint.agent_type, checkpoint.agent_title), runtimeWords(packet.runtime ?? "") ?? ""].filter(Boolean);
  const about = [
    single ? t("review.version", { n: single.version }) : "",
    checkpoint.iteration > 1 ? t("review.round", { n: checkpoint.iteration, max: checkpoint.max_iterations }) : "",
    projectWords(checkpoint.project_name, checkpoint.project_archived),
    checkpoint.assignee?.name ? t("review.for", { name: checkpoint.assignee.name }) : "",
    checkpoint.due_at ? t("review.due", { when: when(checkpoint.due_at) }) : "",
    checkpoint.expires_at ? t("review.expires", { when: when(checkpoint.expires_at) }) : "",
  ].filter(Boolean);
  const question = packet.question !== null && packet.form !== null;
  return (
    <div className="ahead">
      <div className="arow">
        <h1 className="doctitle">{single ? single.title : checkpoint.session_title}</h1>
        {(carried || history) && (
          <div className="tools">
            {history && (
              <button type="button" className="b bare small" aria-expanded={history.on} onClick={history.toggle}>
                {t("history.title")} <Kbd>h</Kbd>
              </button>
            )}
            {carried && (
              <button type="button" className="b bare small" onClick={carried.toggle}>
                {carried.whole ? t("changed.changes") : t("changed.whole")} <Kbd>v</Kbd>
              </button>
            )}
          </div>
        )}
      </div>
      <div className="meta about">
        <span className="of" title={exact(checkpoint.opened_at)}>
          <span className="nophone">{made.join(" · ")} · </span>
          {about.join(" · ")}
        </span>
        <button type="button" className="link" aria-expanded={why} onClick={onWhy}>
          {t("policy.why")}
        </button>
      </div>
      <div className="tally">
        {rows.length > 0 || needed > 0 ? (
          <>
            <b>{voted ? t("tally.voted") : tally.open > 0 ? t("tally.open", { count: tally.open }) : t("tally.none")}</b>
            <span className="rest">
              {settled > 0 && !voted && `${t("tally.settled", { count: settled })} `}
              {t("tally.passed", { count: tally.passed })}
              {carried && ","}
            </span>
            {carried && <span className="rest">{t(packet.carried_from?.decision === "approve" ? "changed.approved" : "changed.carried", { count: carried.count })}</span>}
            {packet.reread && (
              <span className="meta side nophone">{t("changed.reread", { words: packet.reread.words, of: packet.reread.of })}</span>
            )}
            {settled === 0 && !packet.reread && <span className="meta side nophone">{t("tally.meaning")}</span>}
          </>
        ) : (
          <b>{packet.kind === "plan" ? t("tally.plan") : question ? t("tally.question") : checkpoint.headline}</b>
        )}
      </div>
      <div className="newsline" role="status">
        {news ?? (others.length > 0 && <span className="words">{lookWords(others, "look.at")}</span>)}
      </div>
      <Strip rows={rows} state={state} counts={counts} onSelect={onSelect} />
    </div>
  );
}
