import { Link } from "@tanstack/react-router";
import type { CheckpointItem } from "@/api/types";
import { Mark, type Shape } from "@/components/Mark";
import { Kbd } from "@/components/States";
import { t, tMaybe } from "@/i18n";
import { exact, keep, when } from "@/lib/format";
import { lookOf, shapeOf, wordOf } from "./look";
import { flagsOf, type ReviewState, type Row } from "./state";

export function agentWord(name: string): string {
  return tMaybe(`agent.${name}`, name);
}

/** What waits, in one line: the mark and the words. */
export function needOf(item: CheckpointItem): { shape: Shape; className: string; words: string } {
  if (item.kind === "plan") return { shape: "stop", className: "v-accent", words: t("need.plan") };
  if (item.reasons.includes("question")) return { shape: "stop", className: "v-accent", words: t("need.question") };
  if (item.reasons.includes("budget")) return { shape: "stop", className: "v-accent", words: t("need.budget") };
  const { needs_you, claims } = item.summary;
  const worst = (["unsupported", "conflict", "partial", "uncited"] as const).find((verdict) =>
    item.flags.some((flag) => flag.verdict === verdict),
  );
  if (needs_you === 0 || !worst) return { shape: "supported", className: "", words: t("need.none", { claims }) };
  return { shape: worst, className: `v-${worst}`, words: t("need.some", { count: needs_you, claims }) };
}

export function Queue({
  items,
  current,
  rows,
  state,
  onSelect,
  onHelp,
}: {
  items: CheckpointItem[];
  current: string;
  rows: Row[];
  state: ReviewState | null;
  onSelect: (claim: string) => void;
  onHelp: () => void;
}) {
  const index = items.findIndex((item) => item.id === current);
  return (
    <aside className="queue" aria-label={t("queue.label")}>
      <div className="qhead">
        <h2>{t("queue.title")}</h2>
        <span className="meta">
          {index >= 0 ? t("queue.place", { n: index + 1, all: items.length }) : t("queue.many", { n: items.length })}
        </span>
      </div>
      <div className="qlist">
        {items.map((item) => {
          const need = needOf(item);
          const here = item.id === current;
          return (
            <div key={item.id}>
              <Link
                className="qi"
                to="/review/$checkpointId"
                params={{ checkpointId: item.id }}
                aria-current={here ? "true" : undefined}
              >
                <span className="t">{item.session_title}</span>
                <span className="s">
                  <span>
                    {here ? (
                      item.iteration > 1 ? t("queue.round", { n: item.iteration }) : agentWord(item.agent_type)
                    ) : (
                      <>
                        <Mark shape={need.shape} className={need.className} />
                        {need.words}
                      </>
                    )}
                  </span>
                  <span title={exact(item.due_at)}>{item.due_at ? when(item.due_at) : ""}</span>
                </span>
              </Link>
              {here && state && flagsOf(rows).length > 0 && (
                <div className="flags" role="group" aria-label={t("queue.flags")}>
                  {flagsOf(rows).map(({ claim, n }) => (
                    <button
                      type="button"
                      key={claim.id}
                      data-v={lookOf(claim, state)}
                      aria-current={state.selected === claim.id ? "true" : undefined}
                      onClick={() => onSelect(claim.id)}
                    >
                      <Mark shape={shapeOf(claim, state)} label={wordOf(claim, state)} />
                      <span className="n">{n}</span>
                      <span>{keep(claim.short || claim.headline)}</span>
                    </button>
                  ))}
                </div>
              )}
            </div>
          );
        })}
      </div>
      <div className="qfoot">
        <span>
          <Kbd>j</Kbd> <Kbd>k</Kbd> {t("keys.item")}
        </span>
        <span>
          <Kbd>n</Kbd> <Kbd>p</Kbd> {t("keys.flag")}
        </span>
        <button type="button" onClick={onHelp}>
          <Kbd>?</Kbd> {t("keys.keys")}
        </button>
      </div>
    </aside>
  );
}
