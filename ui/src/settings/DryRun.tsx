import "@/i18n/settings";
import "@/styles/overview.css";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "@/api/client";
import type { DryRunItem, DryRunResult, DrySaid } from "@/api/overview";
import { Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { exact, when } from "@/lib/format";
import type { Changes } from "@/pages/policy";

const LAST = 20;

/** What settings say of one piece of work, in a line. */
export function saidWords(said: DrySaid): string {
  if (!said.stops) return t("dry.policySigns");
  return [
    t("dry.signs", { count: said.quorum }),
    said.barred > 0 ? t("dry.barred", { count: said.barred }) : "",
    said.due_at ? t("dry.dueIn", { when: when(said.due_at) }) : "",
    said.late ? t("dry.wasLate") : "",
    said.expired ? t("dry.wasExpired") : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

function Line({ projectId, item }: { projectId: string; item: DryRunItem }) {
  return (
    <tr>
      <td>
        <Link className="t" to="/projects/$projectId/sessions/$sessionId" params={{ projectId, sessionId: item.session_id }}>
          {item.title}
        </Link>
        <span className="sub" title={exact(item.opened_at)}>
          {when(item.opened_at)}
          {item.risk ? ` · ${t("dry.risk")}: ${t(`dry.level.${item.risk.level}`)}` : ""}
        </span>
      </td>
      <td title={item.today.because.join(" ")}>{saidWords(item.today)}</td>
      <td title={item.proposed.because.join(" ")}>{item.differs.length > 0 ? <b>{saidWords(item.proposed)}</b> : <span className="same">{t("dry.asToday")}</span>}</td>
    </tr>
  );
}

/** Tries settings on the latest work. Nothing is stored by it. */
export function DryRun({ projectId, changes, bad }: { projectId: string; changes: Changes; bad: boolean }) {
  const now = JSON.stringify(changes);
  const run = useMutation({
    mutationFn: (settings: Changes) => api<DryRunResult>(`/projects/${projectId}/policy/dry-run`, { method: "POST", json: { settings, last: LAST } }),
  });
  const tried = run.data;
  const old = tried !== undefined && JSON.stringify(run.variables) !== now;
  const { summary } = tried ?? {};
  return (
    <section className="dry" aria-labelledby="dry">
      <div className="between">
        <h2 className="strong" id="dry">
          {t("dry.title")}
        </h2>
        <button type="button" className="b" disabled={bad || run.isPending} onClick={() => run.mutate(changes)}>
          {t(tried ? "dry.again" : "dry.run")}
        </button>
      </div>
      <p className="max-w-[72ch] text-ink-2">{t("dry.words")}</p>
      {run.error ? (
        <Problem what={t("dry.failed")} error={run.error} />
      ) : run.isPending ? (
        <Loading words={t("dry.running")} />
      ) : summary && tried ? (
        <div className="mt-3">
          <p role="status">
            {summary.sessions === 0 ? (
              t("dry.none")
            ) : (
              <>
                <b>{summary.differ === 0 ? t("dry.same", { count: summary.sessions }) : t("dry.differ", { n: summary.differ, count: summary.sessions })}</b>{" "}
                {summary.stops_today !== summary.stops_proposed && `${t("dry.stops", { today: summary.stops_today, proposed: summary.stops_proposed })} `}
                {summary.late_today !== summary.late_proposed && `${t("dry.late", { today: summary.late_today, proposed: summary.late_proposed })} `}
                {summary.expired_today !== summary.expired_proposed && `${t("dry.expired", { today: summary.expired_today, proposed: summary.expired_proposed })} `}
                {old && <span className="text-error">{t("dry.old")}</span>}
              </>
            )}
          </p>
          {tried.items.length > 0 && (
            <table className="list mt-2">
              <thead>
                <tr>
                  <th scope="col">{t("dry.work")}</th>
                  <th scope="col">{t("dry.today")}</th>
                  <th scope="col">{t("dry.proposed")}</th>
                </tr>
              </thead>
              <tbody>
                {[...tried.items].sort((a, b) => Number(b.differs.length > 0) - Number(a.differs.length > 0)).map((item) => (
                  <Line key={item.session_id} projectId={projectId} item={item} />
                ))}
              </tbody>
            </table>
          )}
          <p className="meta mt-2">{t("dry.history")}</p>
        </div>
      ) : null}
    </section>
  );
}
