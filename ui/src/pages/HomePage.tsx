import { useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";
import { inboxQuery, projectsQuery } from "@/api/queries";
import { Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { EmptyInbox } from "./EmptyInbox";

/** Opens on what waits: first the first project's review, then any other, else the empty inbox. */
export function HomePage() {
  const inbox = useQuery(inboxQuery);
  const projects = useQuery(projectsQuery);
  if (inbox.error) {
    return (
      <main className="inbox screen">
        <div className="wrap">
          <h1 className="sr">{t("page.inbox")}</h1>
          <Problem what={t("inbox.failed")} error={inbox.error} retry={() => void inbox.refetch()} />
        </div>
      </main>
    );
  }
  if (inbox.isPending || projects.isPending) {
    return (
      <main className="inbox screen">
        <div className="wrap">
          <h1 className="sr">{t("page.inbox")}</h1>
          <Loading words={t("inbox.loading")} />
        </div>
      </main>
    );
  }
  const first = projects.data?.find((p) => p.sample_key === "check") ?? projects.data?.[0];
  const item = inbox.data.find((entry) => entry.project_id === first?.id) ?? inbox.data[0];
  if (item) return <Navigate to="/review/$checkpointId" params={{ checkpointId: item.id }} replace />;
  return (
    <main className="inbox screen">
      <EmptyInbox />
    </main>
  );
}
