import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { contradictionsQuery, type ContradictingSide, type SourceMore } from "@/api/substrate";
import { t } from "@/i18n";
import { pairsOf } from "./contradictions";

function ToSentence({ projectId, side, children }: { projectId: string; side: ContradictingSide; children: string }) {
  const [start = 0, end = 0] = side.sentence;
  const search = { version: side.version, start: side.char_start + start, end: side.char_start + end };
  return (
    <Link to="/projects/$projectId/sources/$sourceId" params={{ projectId, sourceId: side.source_id }} search={search}>
      {children}
    </Link>
  );
}

/** Where other sources disagree with the one that is read. It stands last, so nothing moves when it comes: beside the text, or `below` it where there is no room beside it. */
export function Elsewhere({ source, below = false }: { source: SourceMore; below?: boolean }) {
  const found = useQuery(contradictionsQuery(source.project_id, `${source.version} ${source.updated_at}`, source.id)).data;
  const pairs = pairsOf(found?.items ?? [], source.id);
  if (pairs.length === 0) return null;
  return (
    <section className={below ? "elsewhere below" : "elsewhere"}>
      <h2>{t("apart.elsewhere", { count: pairs.length })}</h2>
      <ul className="toc">
        {pairs.map(({ id, own, other }) => (
          <li key={id}>
            <ToSentence projectId={source.project_id} side={own}>
              {t("apart.here", { says: own.says })}
            </ToSentence>
            <ToSentence projectId={source.project_id} side={other}>
              {t("apart.there", { says: other.says, title: other.source_title })}
            </ToSentence>
          </li>
        ))}
      </ul>
    </section>
  );
}
