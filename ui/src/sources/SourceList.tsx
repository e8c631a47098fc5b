import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { projectQuery } from "@/api/queries";
import { newestSourcesQuery, type SourceMore } from "@/api/substrate";
import { Mark } from "@/components/Mark";
import { Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { exact, when } from "@/lib/format";
import { failureOf, ProgressLine, stateMark } from "./SourceTable";
import { figures, sizeOf, stateOf } from "./words";

const SHOWN = 12;

function Row({ source }: { source: SourceMore }) {
  const state = stateOf(source);
  return (
    <li>
      <Mark {...stateMark(source)} />
      <span className="min-w-0 break-words">
        {source.version > 0 ? (
          <Link to="/projects/$projectId/sources/$sourceId" params={{ projectId: source.project_id, sourceId: source.id }} search={{}}>
            {source.title}
          </Link>
        ) : (
          source.title
        )}
      </span>
      <span className="meta" title={exact(source.created_at)}>
        {state === "processing" ? (source.progress ? "" : t("source.processing")) : state === "failed" ? t("source.failed") : state === "retracted" ? t("sheet.retracted") : ""}
      </span>
      {state === "failed" && <span className="more meta">{failureOf(source)}</span>}
      {state === "processing" && source.progress && (
        <span className="more meta">
          <ProgressLine source={source} />
        </span>
      )}
      {state === "ready" && (
        <span className="more meta">
          {[figures(source), sizeOf(source), source.version > 1 ? t("review.version", { n: source.version }) : "", when(source.created_at)].filter(Boolean).join(" · ")}
        </span>
      )}
    </li>
  );
}

/** The newest sources of a project; all of them are a page away, however many there are. */
export function SourceList({ projectId }: { projectId: string }) {
  const all = useQuery(projectQuery(projectId)).data?.counts.sources ?? 0;
  const sources = useQuery(newestSourcesQuery(projectId, SHOWN));
  if (sources.error) return <Problem what={t("source.listFailed")} error={sources.error} retry={() => void sources.refetch()} />;
  if (sources.isPending) return <Loading words={t("source.loading")} />;
  if (sources.data.length === 0) return <p className="mt-2 text-ink-2">{t("source.none")}</p>;
  const items = sources.data.toSorted((a, b) => b.created_at.localeCompare(a.created_at)).slice(0, SHOWN);
  return (
    <>
      <ul>
        {items.map((source) => (
          <Row key={source.id} source={source} />
        ))}
      </ul>
      <p className="mt-2">
        <Link className="link" to="/projects/$projectId/sources" params={{ projectId }}>
          {all > 1 ? t("source.allOf", { count: all }) : t("source.open")}
        </Link>
      </p>
    </>
  );
}
