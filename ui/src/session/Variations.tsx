import { useState } from "react";
import type { Artifact } from "@/api/types";
import { Mark } from "@/components/Mark";
import { t, tMaybe } from "@/i18n";
import { count } from "@/lib/format";
import { claimsWords } from "@/pages/steps";
import { FullText } from "./FullText";
import { plainText } from "./figures";

/**
 * Characters that a text may have, as the agent's definition says it. X and LinkedIn refuse longer posts themselves;
 * the others are what this agent keeps to.
 */
const LIMITS: Record<string, number> = { x: 280, linkedin: 3_000, email: 2_000, blog: 12_000, generic: 6_000 };
const OF_THE_PLATFORM = new Set(["x", "linkedin"]);
/** Characters of a preview; whoever wants all of it reads the full text. */
const PREVIEW = 6_000;

/** Drafts for a channel, side by side, each as the text would stand there: words only, links lead nowhere. */
export function Variations({ artifacts, platform, projectId }: { artifacts: Artifact[]; platform: string | null; projectId: string }) {
  const [open, setOpen] = useState<string | null>(null);
  const chosen = artifacts.find((artifact) => artifact.id === open);
  const name = platform && LIMITS[platform] ? tMaybe(`option.${platform}`, platform.charAt(0).toUpperCase() + platform.slice(1)) : null;
  return (
    <>
      <div className="variations">
        {artifacts.map((artifact, i) => (
          <Card
            key={artifact.id}
            artifact={artifact}
            n={i + 1}
            platform={platform}
            name={name}
            open={artifact.id === open}
            toggle={() => setOpen(artifact.id === open ? null : artifact.id)}
          />
        ))}
      </div>
      {chosen && (
        <section className="sect" aria-label={chosen.title}>
          <h3 className="doctitle">{chosen.title}</h3>
          <FullText key={chosen.id} artifacts={[chosen]} projectId={projectId} />
        </section>
      )}
    </>
  );
}

function Card({ artifact, n, platform, name, open, toggle }: { artifact: Artifact; n: number; platform: string | null; name: string | null; open: boolean; toggle: () => void }) {
  const text = plainText(artifact.document.blocks);
  const chars = [...text].length;
  const limit = platform ? LIMITS[platform] : undefined;
  const over = limit !== undefined && chars > limit;
  const worst = artifact.claims.find((claim) => claim.needs_you);
  const words = text.split(/\s+/).filter(Boolean).length;
  return (
    <article className="variation" aria-label={t("workArea.viewer.variation", { n })}>
      <header className="between">
        <h3>
          {t("workArea.viewer.variation", { n })}
          {artifact.versions.some((v) => v.signed) ? ` · ${t("session.signed")}` : ""}
        </h3>
        <span className="meta">{name ? t("workArea.viewer.asOn", { platform: name }) : ""}</span>
      </header>
      <div className={`preview on-${platform ?? "generic"}`} tabIndex={0} role="group" aria-label={artifact.title}>
        {platform === "email" && (
          <p className="subject">
            <span className="quiet">{t("workArea.viewer.subject")}</span> {artifact.title}
          </p>
        )}
        {platform !== "email" && platform !== "x" && platform !== "linkedin" && <b className="head">{artifact.title}</b>}
        <p className="body">{text.length > PREVIEW ? `${text.slice(0, PREVIEW)} …` : text}</p>
      </div>
      {limit !== undefined && (
        <div className="bar-line" data-over={over ? "true" : undefined} aria-hidden="true">
          <i style={{ transform: `scaleX(${Math.min(1, chars / limit)})` }} />
        </div>
      )}
      <p className={over ? "bad" : ""}>
        {over && <Mark shape="warn" />}{" "}
        {limit === undefined
          ? t("workArea.viewer.charsOnly", { n: count(chars) })
          : over
            ? t("workArea.viewer.charsOver", { n: count(chars), limit: count(limit), over: count(chars - limit) })
            : t("workArea.viewer.chars", { n: count(chars), limit: count(limit) })}
      </p>
      <p className="meta">
        {[t("workArea.viewer.words", { n: count(words) }), limit === undefined ? "" : t(OF_THE_PLATFORM.has(platform ?? "") ? (platform === "x" ? "workArea.viewer.limitOf.x" : "workArea.viewer.limitOf.linkedin") : "workArea.viewer.limitOf.ours")]
          .filter(Boolean)
          .join(" · ")}
      </p>
      <p className="verdictline">
        <Mark shape={worst ? worst.verdict : artifact.summary.claims > 0 ? "supported" : "none"} className={worst ? `v-${worst.verdict}` : ""} />{" "}
        {claimsWords(artifact.summary) || t("session.notCompared")}
      </p>
      <button type="button" className="b small" aria-expanded={open} onClick={toggle}>
        {open ? t("workArea.viewer.readNot") : t("workArea.viewer.read")}
      </button>
    </article>
  );
}
