import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Artifact } from "@/api/types";
import { Mark } from "@/components/Mark";
import { t } from "@/i18n";
import { keep } from "@/lib/format";
import { claimsWords } from "@/pages/steps";
import { plainOf } from "@/review/state";
import { bySource, quotesOf, type Quoted } from "./quotes";

const QUOTES = 3;
const LEAD = 600;

export function clipped(text: string): string {
  return text.length > LEAD ? `${text.slice(0, LEAD)} …` : text;
}

function Quote({ quoted: { anchor }, projectId }: { quoted: Quoted; projectId: string }) {
  return (
    <div>
      <blockquote>“{keep(clipped(anchor.quote))}”</blockquote>
      <div className="meta">
        <Link
          className="hover:underline"
          to="/projects/$projectId/sources/$sourceId"
          params={{ projectId, sourceId: anchor.source_id }}
          search={{ version: anchor.version, start: anchor.char_start, end: anchor.char_end }}
        >
          {anchor.source_title}
          {anchor.page ? `, ${t("sheet.page", { n: anchor.page })}` : ""}
        </Link>
      </div>
    </div>
  );
}

/** One finding: what it says, the first quotes that it rests on, and the others when they are asked for. */
export function Finding({ artifact, n, projectId }: { artifact: Artifact; n: number; projectId: string }) {
  const [all, setAll] = useState(false);
  const { claims } = artifact.summary;
  const quotes = quotesOf(artifact);
  const worst = artifact.claims.find((claim) => claim.needs_you);
  const lead = artifact.document.blocks.find((block) => block.type === "paragraph");
  const text = lead ? plainOf(lead, [0]) : null;
  return (
    <article className="find">
      <span className="no">
        <Mark
          shape={worst ? worst.verdict : claims > 0 ? "supported" : "none"}
          className={worst ? `v-${worst.verdict}` : ""}
          label={worst ? t(`verdict.${worst.verdict}`) : claims > 0 ? t("verdict.supported") : t("session.notCompared")}
        />
        {n}
      </span>
      <h3>{artifact.title}</h3>
      {text && quotes.length === 0 && <p className="font-serif text-[15px] leading-6 text-ink-2">{clipped(keep(text))}</p>}
      {(all ? quotes : quotes.slice(0, QUOTES)).map((quoted, i) => (
        <Quote key={i} quoted={quoted} projectId={projectId} />
      ))}
      {quotes.length > QUOTES && (
        <button type="button" className="link mt-2" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t("workArea.viewer.fewer") : t("workArea.viewer.moreQuotes", { count: quotes.length - QUOTES })}
        </button>
      )}
      <div className="meta cap">
        {t("review.version", { n: artifact.version })} · {claimsWords(artifact.summary) || t("session.notCompared")}
        {artifact.versions.some((v) => v.signed) ? ` · ${t("session.signed")}` : ""}
      </div>
    </article>
  );
}

/** The same quotes from the other side: what each source bears. */
export function BySource({ artifacts, projectId }: { artifacts: Artifact[]; projectId: string }) {
  const sources = bySource(artifacts);
  if (sources.length === 0) return <p className="mt-3 text-ink-2">{t("workArea.viewer.noQuotes")}</p>;
  return (
    <>
      {sources.map((source, i) => (
        <details className="bysource" key={source.id} open={i === 0}>
          <summary>
            <b>{source.title}</b> <span className="meta">{t("workArea.viewer.quotes", { count: source.quotes.length })}</span>
          </summary>
          <ul>
            {source.quotes.map(({ anchor, of }, q) => (
              <li className="find" key={q}>
                <Link
                  to="/projects/$projectId/sources/$sourceId"
                  params={{ projectId, sourceId: source.id }}
                  search={{ version: anchor.version, start: anchor.char_start, end: anchor.char_end }}
                >
                  <blockquote>“{keep(clipped(anchor.quote))}”</blockquote>
                </Link>
                <div className="meta">
                  {anchor.page ? `${t("sheet.page", { n: anchor.page })}, ` : ""}
                  {t("workArea.viewer.inFinding", { title: of.title })}
                </div>
              </li>
            ))}
          </ul>
        </details>
      ))}
    </>
  );
}
