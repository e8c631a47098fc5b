import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { GivenPassage, GivenReceipt } from "@/api/substrate";
import { Mark } from "@/components/Mark";
import { t, tMaybe } from "@/i18n";
import { cut } from "@/lib/codepoints";
import { count, keep } from "@/lib/format";
import { grouped, isRanked, marksOf, placeOf, sidesOf, whyIn, type Sides } from "./given";

function place(passage: SidePassage): string {
  return [
    passage.page ? t("reader.page", { n: passage.page }) : "",
    passage.heading ?? "",
    passage.origin === "approved" ? t("origin.artifact") : "",
    passage.kind && passage.kind !== "text" ? tMaybe(`blockKind.${passage.kind}`, "") : "",
    t("sheet.characters", { from: count(passage.char_start), to: count(passage.char_end) }),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** What of a passage is shown beside another that disagrees with it; it leads to its place in the source. */
export type SidePassage = Pick<GivenPassage, "source_id" | "source_title" | "version" | "char_start" | "char_end" | "text" | "page"> & Partial<GivenPassage>;

export function ToSource({ passage, projectId, children }: { passage: SidePassage; projectId: string; children: string }) {
  return (
    <Link
      className="hover:underline"
      to="/projects/$projectId/sources/$sourceId"
      params={{ projectId, sourceId: passage.source_id }}
      search={{ version: passage.version, start: passage.char_start, end: passage.char_end }}
    >
      {children}
    </Link>
  );
}

export interface SideWords {
  says: string;
  passage: SidePassage | undefined;
  /** Where the words stand in the passage's text, in code points; else they are looked for. */
  at?: { start: number; end: number };
}

function Side({ side, projectId, children }: { side: SideWords; projectId: string; children?: ReactNode }) {
  const { says, passage } = side;
  if (!passage) return <div>{says}</div>;
  const text = passage.text ?? t("given.deleted");
  const at = side.at ?? placeOf(text, says);
  const words = says && !at ? says : null;
  return (
    <div>
      <p className="l">{t("given.says", { source: passage.source_title })}</p>
      <p className="w">
        {words ?? cut(text, at ? [at] : []).map((piece, i) => (piece.range >= 0 ? <mark key={i}>{keep(piece.text)}</mark> : keep(piece.text)))}
      </p>
      <p className="meta">
        <ToSource passage={passage} projectId={projectId}>
          {place(passage)}
        </ToSource>
      </p>
      {children}
    </div>
  );
}

interface TwoSidesProps {
  kind: Sides["kind"];
  subject: string;
  a: SideWords;
  b: SideWords;
  projectId: string;
  /** What stands below each side. */
  below?: { a: ReactNode; b: ReactNode };
}

/** Two passages that disagree, side by side. */
export function TwoSides({ kind, subject, a, b, projectId, below }: TwoSidesProps) {
  return (
    <div className="twosides" data-v="conflict">
      <p className="meta">{[t(`given.contradictionKind.${kind}`), subject].filter(Boolean).join(": ")}</p>
      <div className="say two">
        <Side side={a} projectId={projectId}>
          {below?.a}
        </Side>
        <Side side={b} projectId={projectId}>
          {below?.b}
        </Side>
      </div>
    </div>
  );
}

export function Contradictions({ receipt, projectId }: { receipt: GivenReceipt; projectId: string }) {
  const sides: Sides[] = sidesOf(receipt);
  if (sides.length === 0) return null;
  return (
    <section className="sect">
      <h2>
        <Mark shape="conflict" className="v-conflict" /> {t("given.contradictions", { count: sides.length })}
      </h2>
      <p className="text-ink-2">{t("given.contradictionWords")}</p>
      {sides.map((one, i) => (
        <TwoSides key={i} {...one} projectId={projectId} />
      ))}
    </section>
  );
}

export function Passages({ receipt, projectId }: { receipt: GivenReceipt; projectId: string }) {
  const groups = grouped(receipt.included);
  const ranked = isRanked(receipt);
  return (
    <section className="sect">
      <h2>
        {t("given.passages", { count: receipt.included.length })}
        {groups.length > 0 && <span className="meta"> {t("given.fromSources", { count: groups.length })}</span>}
      </h2>
      {groups.length === 0 && <p className="text-ink-2">{t("given.noPassage")}</p>}
      {groups.map((group) => (
        <section className="givengroup" key={`${group.sourceId}-${group.version}`} aria-label={group.title}>
          <h3>
            <Link to="/projects/$projectId/sources/$sourceId" params={{ projectId, sourceId: group.sourceId }} search={{ version: group.version }}>
              {group.title}
            </Link>{" "}
            <span className="meta">
              {t("sheet.versionOnly", { n: group.version })} · {t("given.passages", { count: group.passages.length })}
            </span>
          </h3>
          <ol>
            {group.passages.map(({ passage, rank }) => (
              <li key={passage.alias}>
                <span className="rank" title={ranked ? t("given.rankLabel", { n: rank }) : undefined}>
                  {ranked ? rank : ""}
                </span>
                <div>
                  {passage.text === null ? <p className="quiet">{t("given.deleted")}</p> : <p className="gtext">{keep(passage.text)}</p>}
                  <p className="meta">
                    <ToSource passage={passage} projectId={projectId}>
                      {place(passage)}
                    </ToSource>
                    {whyIn(receipt, passage) && ` · ${whyIn(receipt, passage)}`}
                  </p>
                  {marksOf(passage).map((mark) => (
                    <p className="meta flagged" key={mark}>
                      <Mark shape="warn" /> {tMaybe(`given.marks.${mark}`, mark)}
                    </p>
                  ))}
                </div>
              </li>
            ))}
          </ol>
        </section>
      ))}
    </section>
  );
}
