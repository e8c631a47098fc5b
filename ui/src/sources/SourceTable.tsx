import { Link } from "@tanstack/react-router";
import { memo } from "react";
import type { SourceMore } from "@/api/substrate";
import { Mark, type Shape } from "@/components/Mark";
import { t, tMaybe } from "@/i18n";
import { exact, when } from "@/lib/format";
import { SourcePanel } from "./SourcePanel";
import { kindOf } from "./kinds";
import { cameFrom, figures, kindWord, noteWords, progressShare, progressWords, sizeOf, stateOf } from "./words";

export function stateMark(source: SourceMore): { shape: Shape; className: string; label: string } {
  const state = stateOf(source);
  const label = t(`sourceState.${state}`);
  if (state === "failed") return { shape: "warn", className: "text-error", label };
  if (state === "processing") return { shape: "run", className: "v-accent", label };
  return { shape: state === "retracted" ? "none" : "supported", className: "", label };
}

/** Why a source could not be read, and what to do. */
export function failureOf(source: SourceMore): string {
  if (!source.failure) return t("source.failed");
  return `${source.failure.message} ${source.failure.hint ?? tMaybe(`failure.${source.failure.code}`, "")}`.trim();
}

export function ProgressLine({ source }: { source: SourceMore }) {
  const share = progressShare(source);
  return (
    <>
      <span>{progressWords(source)}</span>
      {share !== null && (
        <span className="bar-line" role="progressbar" aria-label={source.title} aria-valuenow={Math.round(share * 100)} aria-valuemin={0} aria-valuemax={100}>
          <i style={{ transform: `scaleX(${share})` }} />
        </span>
      )}
    </>
  );
}

interface RowProps {
  source: SourceMore;
  open: boolean;
  may: { add: boolean; retract: boolean };
  onToggle: (id: string) => void;
  onDeleted: (words: string) => void;
}

const Row = memo(function Row({ source, open, may, onToggle, onDeleted }: RowProps) {
  const mark = stateMark(source);
  const state = stateOf(source);
  return (
    <>
      <tr data-open={open} className={state === "retracted" ? "gone" : undefined}>
        <td className="mk">
          <Mark {...mark} />
        </td>
        <td className="nm">
          {source.version > 0 ? (
            <Link className="t" to="/projects/$projectId/sources/$sourceId" params={{ projectId: source.project_id, sourceId: source.id }} search={{}}>
              {source.title}
            </Link>
          ) : (
            <span className="t">{source.title}</span>
          )}
          {state === "processing" && (
            <span className="sub">
              <ProgressLine source={source} />
            </span>
          )}
          {state === "failed" && <span className="sub">{failureOf(source)}</span>}
          {state === "retracted" && source.retract_reason && <span className="sub">{t("source.retractedWhy", { reason: source.retract_reason })}</span>}
          {state === "ready" && source.notes.length > 0 && <span className="sub">{source.notes.map(noteWords).filter(Boolean).join(" ")}</span>}
        </td>
        <td className="kd">{kindWord(kindOf(source))}</td>
        <td className="sz num">{sizeOf(source)}</td>
        <td className="hd">
          {state === "failed" && source.version === 0 ? "" : figures(source)}
          {source.version > 1 ? ` · ${t("review.version", { n: source.version })}` : ""}
        </td>
        <td className="fr">{cameFrom(source)}</td>
        <td className="num ad" title={exact(source.created_at)}>
          {when(source.created_at)}
        </td>
        <td className="mo">
          <button
            type="button"
            className="link"
            aria-expanded={open}
            aria-label={open ? t("source.hide") : t("source.details", { title: source.title })}
            onClick={() => onToggle(source.id)}
          >
            {open ? t("action.close") : t("action.more")}
          </button>
        </td>
      </tr>
      {open && (
        <tr className="panel">
          <td />
          <td colSpan={7}>
            <SourcePanel source={source} may={may} onDeleted={onDeleted} />
          </td>
        </tr>
      )}
    </>
  );
});

/** Sources in rows; one of them opens to what can be done with it. */
export function SourceTable({ sources, open, ...rest }: { sources: SourceMore[]; open: string | null } & Omit<RowProps, "source" | "open">) {
  return (
    <table className="list srcs">
      <thead>
        <tr>
          <th scope="col" className="mk">
            <span className="sr">{t("source.state")}</span>
          </th>
          <th scope="col">{t("source.name")}</th>
          <th scope="col">{t("source.kind")}</th>
          <th scope="col" className="num">
            {t("source.size")}
          </th>
          <th scope="col">{t("source.holds")}</th>
          <th scope="col">{t("source.from")}</th>
          <th scope="col" className="num">
            {t("source.addedHead")}
          </th>
          <th scope="col">
            <span className="sr">{t("action.more")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {sources.map((source) => (
          <Row key={source.id} source={source} open={open === source.id} {...rest} />
        ))}
      </tbody>
    </table>
  );
}
