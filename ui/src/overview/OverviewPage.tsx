import "@/i18n/overview";
import "@/styles/overview.css";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { nowQuery, seriesQuery } from "@/api/overview";
import { projectsQuery } from "@/api/queries";
import { Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { useTitle } from "@/lib/title";
import { agentWord } from "@/review/Queue";
import { download, toCsv } from "./csv";
import { Figure } from "./Figure";
import { Groups } from "./Groups";
import { MEASURES } from "./measures";
import { NowBoard } from "./NowBoard";
import { RANGES, spanOf, zoneHere, type OverviewSearch } from "./range";

export function OverviewPage() {
  useTitle(t("overview.title"));
  const search = useSearch({ from: "/overview" });
  const { range = "12w", project, agent, template } = search;
  const navigate = useNavigate({ from: "/overview" });
  const change = (next: Partial<OverviewSearch>) => void navigate({ search: (held) => ({ ...held, ...next }), replace: true });
  const projects = useQuery(projectsQuery).data ?? [];
  const now = useQuery(nowQuery(project));
  const today = new Date().toDateString();
  // eslint-disable-next-line react-hooks/exhaustive-deps -- a new day begins a new stretch
  const span = useMemo(() => spanOf(range), [range, today]);
  const series = useQuery(seriesQuery({ ...span, tz: zoneHere(), project, agent, template }));
  const agents = series.data?.agents.map((one) => one.agent_type) ?? [];
  const templates = series.data?.templates ?? [];
  return (
    <main className="inbox screen">
      <div className="wrap overview">
        <div className="ihead">
          <div>
            <h1 className="doctitle">{t("overview.title")}</h1>
            <p className="text-ink-2">{t("overview.words")}</p>
          </div>
          <label className="line nowrap">
            <span className="sr">{t("overview.project")}</span>
            <select className="in" value={project ?? ""} onChange={(event) => change({ project: event.target.value || undefined, template: undefined })}>
              <option value="">{t("overview.everything")}</option>
              {projects.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </select>
          </label>
        </div>

        <h2 className="sr">{t("overview.now")}</h2>
        {now.data ? (
          <NowBoard now={now.data} project={project} />
        ) : now.error ? (
          <Problem what={t("overview.failed")} error={now.error} retry={() => void now.refetch()} />
        ) : (
          <Loading words={t("overview.loading")} />
        )}

        <div className="ihead overtime">
          <h2 className="strong">{t("overview.figures")}</h2>
          <div className="line">
            <span className="seg" role="radiogroup" aria-label={t("overview.range")}>
              {RANGES.map((one) => (
                <label key={one}>
                  <input type="radio" name="range" checked={range === one} onChange={() => change({ range: one })} />
                  {t(`overview.ranges.${one}`)}
                </label>
              ))}
            </span>
            {(agents.length > 1 || agent) && (
              <select className="in" aria-label={t("overview.agent")} value={agent ?? ""} onChange={(event) => change({ agent: event.target.value || undefined })}>
                <option value="">{t("overview.allAgents")}</option>
                {[...new Set([...agents, ...(agent ? [agent] : [])])].map((one) => (
                  <option key={one} value={one}>
                    {agentWord(one, null)}
                  </option>
                ))}
              </select>
            )}
            {(templates.length > 0 || template) && (
              <select className="in" aria-label={t("overview.template")} value={template ?? ""} onChange={(event) => change({ template: event.target.value || undefined })}>
                <option value="">{t("overview.allTemplates")}</option>
                {templates.map((one) => (
                  <option key={one.template_id} value={one.template_id}>
                    {one.name ?? t("overview.by.gone")}
                  </option>
                ))}
              </select>
            )}
            <button
              type="button"
              className="b"
              disabled={!series.data}
              onClick={() => series.data && download(`proofroom-${range}-${new Date().toISOString().slice(0, 10)}.csv`, toCsv(series.data), "text/csv;charset=utf-8")}
            >
              {t("overview.csv")}
            </button>
          </div>
        </div>
        {series.data ? (
          <>
            <p className="meta" role="status">
              {t(`overview.unit.${series.data.unit}`)}, {series.data.tz}. {t("overview.cut")}
            </p>
            <div className="figures" aria-busy={series.isPlaceholderData}>
              {MEASURES.map((measure) => (
                <Figure key={measure.name} measure={measure} series={series.data} />
              ))}
            </div>
            <Groups series={series.data} onAgent={(name) => change({ agent: name })} onTemplate={(id) => change({ template: id })} />
          </>
        ) : series.error ? (
          <Problem what={t("overview.seriesFailed")} error={series.error} retry={() => void series.refetch()} />
        ) : (
          <Loading words={t("overview.counting")} />
        )}
      </div>
    </main>
  );
}
