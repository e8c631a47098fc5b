import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { restQuery, type Rest } from "@/api/substrate";
import { problemText } from "@/components/States";
import { t } from "@/i18n";

const SHOWN = 8;

interface Named {
  id: string;
  title: string;
  project: string;
  session: string;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

function named(items: Record<string, unknown>[], projectId: string): Named[] {
  const seen = new Set<string>();
  return items
    .map((item) => {
      const session = text(item["session_id"]) || text(item["id"]);
      return { id: text(item["id"]) || session, title: text(item["title"]) || text(item["session_title"]), project: text(item["project_id"]) || projectId, session };
    })
    .filter((item) => item.title !== "" && !seen.has(item.id) && seen.add(item.id));
}

function Links({ title, items }: { title: string; items: Named[] }) {
  if (items.length === 0) return null;
  return (
    <>
      <p className="meta mt-2">{title}</p>
      <ul className="rests">
        {items.slice(0, SHOWN).map((item) => (
          <li key={item.id}>
            <Link className="link" to="/projects/$projectId/sessions/$sessionId" params={{ projectId: item.project, sessionId: item.session }}>
              {item.title}
            </Link>
          </li>
        ))}
        {items.length > SHOWN && <li className="quiet">{t("rest.more", { count: items.length - SHOWN })}</li>}
      </ul>
    </>
  );
}

/** The list of what rests on a source, as the server told it. */
export function RestList({ rest, projectId }: { rest: Rest; projectId: string }) {
  const sessions = named(rest.sessions ?? [], projectId);
  const artifacts = named(rest.artifacts ?? [], projectId);
  const envelopes = (rest.envelopes ?? []).length;
  const memory = (rest.memory ?? []).length;
  if (sessions.length + artifacts.length + envelopes + memory === 0) return <p className="text-ink-2">{t("rest.nothing")}</p>;
  return (
    <div>
      <Links title={t("rest.sessions")} items={sessions} />
      <Links title={t("rest.artifacts")} items={artifacts} />
      {envelopes > 0 && <p className="meta mt-2">{t("rest.envelopes", { count: envelopes })}</p>}
      {memory > 0 && (
        <p className="meta mt-2">
          <Link className="link" to="/projects/$projectId/memory" params={{ projectId }}>
            {t("rest.memory", { count: memory })}
          </Link>
        </p>
      )}
    </div>
  );
}

/** What rests on a source, before anything is done to it. */
export function RestsOn({ projectId, sourceId }: { projectId: string; sourceId: string }) {
  const rest = useQuery(restQuery(projectId, sourceId));
  if (rest.isPending) return <p className="quiet">{t("rest.loading")}</p>;
  if (rest.error) return <p className="text-ink-2">{problemText(rest.error).title}</p>;
  if (rest.data === null) return <p className="text-ink-2">{t("rest.unknown")}</p>;
  return <RestList rest={rest.data} projectId={projectId} />;
}
