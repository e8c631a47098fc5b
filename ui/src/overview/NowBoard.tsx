import { Link } from "@tanstack/react-router";
import { Fragment, type ReactNode } from "react";
import { tidy, type View } from "@/api/inbox";
import type { Now, NowItem } from "@/api/overview";
import { Mark, type Shape } from "@/components/Mark";
import { t } from "@/i18n";
import { count, exact, isOverdue, projectWords, when } from "@/lib/format";
import type { WorkSearch } from "@/pages/workFilter";

const SHOWN = 5;

/** Where a figure leads: to a list of exactly what it counts. */
type To = { to: "/inbox"; search: View } | { to: "/work"; search: WorkSearch };

function Fig({ to, children }: { to: To; children: ReactNode }) {
  return to.to === "/inbox" ? (
    <Link to="/inbox" search={to.search}>
      {children}
    </Link>
  ) : (
    <Link to="/work" search={to.search as never}>
      {children}
    </Link>
  );
}

function Column({ title, figure, sub, to, items, nothing, shape, bad, line }: {
  title: string;
  figure: number;
  sub: ReactNode;
  to: To;
  items: NowItem[];
  nothing: string;
  shape: Shape;
  bad?: boolean;
  line: (item: NowItem) => string;
}) {
  return (
    <section className="nowcol" aria-label={title}>
      <h3>{title}</h3>
      <p className="fig">
        <Fig to={to}>{count(figure)}</Fig>
      </p>
      <p className="means">{sub}</p>
      {items.length === 0 ? (
        <p className="quiet nothing">{nothing}</p>
      ) : (
        <ul>
          {items.slice(0, SHOWN).map((item) => (
            <li key={item.checkpoint_id ?? item.session_id}>
              <Mark shape={shape} className={bad ? "text-error" : undefined} />
              <div>
                {item.checkpoint_id ? (
                  <Link className="t" to="/review/$checkpointId" params={{ checkpointId: item.checkpoint_id }}>
                    {item.title}
                  </Link>
                ) : (
                  <Link className="t" to="/projects/$projectId/sessions/$sessionId" params={{ projectId: item.project.id, sessionId: item.session_id }}>
                    {item.title}
                  </Link>
                )}
                <span className="sub" title={exact(item.at)}>
                  {[projectWords(item.project.name ?? "", item.project.archived), line(item)].filter(Boolean).join(" · ")}
                </span>
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What runs, what waits, what was delivered, and what needs somebody. */
export function NowBoard({ now, project }: { now: Now; project?: string }) {
  const { running, waiting, delivered, failed } = now;
  const inbox = (view: View = {}): To => ({ to: "/inbox", search: tidy({ ...view, project }) });
  const work = (search: WorkSearch): To => ({ to: "/work", search: project ? { ...search, project } : search });
  const risks = (["high", "medium", "low", "none"] as const).filter((risk) => waiting.by_risk[risk] > 0);
  const lately = t("overview.lately", { count: now.days });
  return (
    <div className="nowboard">
      <Column
        title={t("overview.waiting")}
        figure={waiting.count}
        to={inbox()}
        shape="stop"
        items={waiting.items}
        nothing={t("overview.nothing.waiting")}
        sub={
          waiting.count === 0 ? (
            t("overview.waitingSub.none")
          ) : (
            <>
              {risks.map((risk, n) => (
                <Fragment key={risk}>
                  {n > 0 && ", "}
                  {risk === "none" ? `${count(waiting.by_risk[risk])} ${t("overview.risk.none")}` : <Fig to={inbox({ risk })}>{`${count(waiting.by_risk[risk])} ${t(`overview.risk.${risk}`)}`}</Fig>}
                </Fragment>
              ))}
              {" · "}
              {waiting.overdue > 0 ? (
                <b className="text-error">
                  <Fig to={inbox({ late: "yes" })}>{t("overview.waitingSub.overdue", { count: waiting.overdue })}</Fig>
                </b>
              ) : t("overview.waitingSub.none")}
              {waiting.oldest_at && <span title={exact(waiting.oldest_at)}> · {t("overview.waitingSub.oldest", { when: when(waiting.oldest_at) })}</span>}
            </>
          )
        }
        line={(item) =>
          item.due_at
            ? isOverdue(item.due_at)
              ? t("due.overdue", { when: when(item.due_at) })
              : t("overview.due", { when: when(item.due_at) })
            : t("overview.since", { when: when(item.at) })
        }
      />
      <Column
        title={t("overview.needs")}
        figure={failed.count + failed.deliveries}
        to={failed.count > 0 ? work({ state: "failed", days: now.days }) : inbox()}
        shape="warn"
        bad
        items={failed.items}
        nothing={t("overview.nothing.failed")}
        sub={
          <>
            {lately} · {failed.deliveries > 0 ? <Fig to={inbox()}>{t("overview.needsSub", { count: failed.deliveries })}</Fig> : t("overview.noDeliveries")}
          </>
        }
        line={(item) => [item.failure, item.retryable ? t("overview.retry") : ""].filter(Boolean).join(" ")}
      />
      <Column
        title={t("overview.running")}
        figure={running.in_progress}
        to={work({ state: "working" })}
        shape="run"
        items={running.items}
        nothing={t("overview.nothing.running")}
        sub={
          <>
            <Fig to={work({ state: "queued" })}>{t("overview.queued", { n: count(running.queued) })}</Fig> · <Fig to={work({ state: "ready" })}>{t("overview.initialized", { n: count(running.initialized) })}</Fig>
          </>
        }
        line={(item) => [item.phase, t("overview.since", { when: when(item.at) })].filter(Boolean).join(" · ")}
      />
      <Column
        title={t("overview.delivered")}
        figure={delivered.count}
        to={work({ state: "done", days: now.days })}
        shape="own"
        items={delivered.items}
        nothing={t("overview.nothing.delivered")}
        sub={lately}
        line={(item) => when(item.at)}
      />
    </div>
  );
}
