import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Now, NowItem } from "@/api/overview";
import { Mark, type Shape } from "@/components/Mark";
import { t } from "@/i18n";
import { count, exact, isOverdue, projectWords, when } from "@/lib/format";

const SHOWN = 5;

function Column({ title, figure, sub, to, items, nothing, shape, bad, line }: {
  title: string;
  figure: number;
  sub: ReactNode;
  to: "/inbox" | "/work";
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
        <Link to={to}>{count(figure)}</Link>
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
export function NowBoard({ now }: { now: Now }) {
  const { running, waiting, delivered, failed } = now;
  const risks = (["high", "medium", "low", "none"] as const).filter((risk) => waiting.by_risk[risk] > 0);
  const lately = t("overview.lately", { count: now.days });
  return (
    <div className="nowboard">
      <Column
        title={t("overview.waiting")}
        figure={waiting.count}
        to="/inbox"
        shape="stop"
        items={waiting.items}
        nothing={t("overview.nothing.waiting")}
        sub={
          waiting.count === 0 ? (
            t("overview.waitingSub.none")
          ) : (
            <>
              {risks.map((risk) => `${count(waiting.by_risk[risk])} ${t(`overview.risk.${risk}`)}`).join(", ")}
              {" · "}
              {waiting.overdue > 0 ? <b className="text-error">{t("overview.waitingSub.overdue", { count: waiting.overdue })}</b> : t("overview.waitingSub.none")}
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
        to={failed.count > 0 ? "/work" : "/inbox"}
        shape="warn"
        bad
        items={failed.items}
        nothing={t("overview.nothing.failed")}
        sub={`${lately} · ${failed.deliveries > 0 ? t("overview.needsSub", { count: failed.deliveries }) : t("overview.noDeliveries")}`}
        line={(item) => [item.failure, item.retryable ? t("overview.retry") : ""].filter(Boolean).join(" ")}
      />
      <Column
        title={t("overview.running")}
        figure={running.in_progress}
        to="/work"
        shape="run"
        items={running.items}
        nothing={t("overview.nothing.running")}
        sub={t("overview.runningSub", { queued: count(running.queued), initialized: count(running.initialized) })}
        line={(item) => [item.phase, t("overview.since", { when: when(item.at) })].filter(Boolean).join(" · ")}
      />
      <Column
        title={t("overview.delivered")}
        figure={delivered.count}
        to="/work"
        shape="own"
        items={delivered.items}
        nothing={t("overview.nothing.delivered")}
        sub={lately}
        line={(item) => when(item.at)}
      />
    </div>
  );
}
