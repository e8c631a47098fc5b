import { useEffect, useState } from "react";
import { base } from "@/api/queries";
import type { WorkSession } from "@/api/types";
import { t } from "@/i18n";
import { duration, exact, keep } from "@/lib/format";

/** Whether the work is done by an agent of somebody's own, which drives it over HTTP. */
export const isOwnAgent = (session: WorkSession): boolean => session.runtime === "external";

/** What an agent of one's own last said and when it was last heard of; before it starts, how it is driven. */
export function OwnAgent({ session }: { session: WorkSession }) {
  const agent = session.agent;
  if (!isOwnAgent(session) || !(agent || session.status === "initialized" || session.status === "queued")) return null;
  const path = `/api${base({ projectId: session.project_id, sessionId: session.id })}`;
  return (
    <section>
      <h2>{t("ownAgent.title")}</h2>
      {/* Every line has its place from the beginning: what is heard of it moves nothing. */}
      <p className="truncate" title={agent?.said ?? undefined}>
        {agent?.heard_at ? keep(agent.said ?? "") || "\u00a0" : t(agent ? "ownAgent.awaited" : "ownAgent.starts")}
      </p>
      <p className="meta mt-1" title={exact(agent?.heard_at)}>
        {agent?.heard_at ? <Ago since={agent.heard_at} /> : t("ownAgent.unheard")}
      </p>
      {agent?.lease_until && (
        <p className="meta mt-1" title={exact(agent.lease_until)}>
          <Left until={agent.lease_until} />
        </p>
      )}
      <p className="meta mt-1">
        {[...(agent ? [`GET ${path}/agent-turn`] : []), `POST ${path}/${agent ? "agent-events" : "execute"}`].map((one) => (
          <code className="block truncate" title={one} key={one}>
            {one}
          </code>
        ))}
      </p>
    </section>
  );
}

function useNow(): number {
  const [now, set] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function Ago({ since }: { since: string }) {
  return <>{t("ownAgent.heard", { time: duration(Math.max(0, (useNow() - new Date(since).getTime()) / 1000)) })}</>;
}

function Left({ until }: { until: string }) {
  const left = (new Date(until).getTime() - useNow()) / 1000;
  return <>{left > 0 ? t("ownAgent.left", { time: duration(left) }) : t("ownAgent.lapsed")}</>;
}
