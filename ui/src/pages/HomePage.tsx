import { useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";
import { firstQuery, keepView } from "@/api/inbox";
import { projectsQuery } from "@/api/queries";
import { Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { EmptyInbox } from "./EmptyInbox";

/** Opens on what waits: first the first project's review, then what to begin with, else the empty inbox. */
export function HomePage() {
  const projects = useQuery(projectsQuery);
  const home = projects.data?.find((p) => p.sample_key === "check") ?? projects.data?.[0];
  const mine = useQuery({ ...firstQuery(home?.id), enabled: home !== undefined });
  const any = useQuery(firstQuery());
  const error = any.error ?? mine.error;
  if (error) {
    return (
      <main className="inbox screen">
        <div className="wrap">
          <h1 className="sr">{t("page.inbox")}</h1>
          <Problem what={t("home.failed")} error={error} retry={() => void Promise.all([any.refetch(), mine.refetch()])} />
        </div>
      </main>
    );
  }
  if (any.isPending || projects.isPending || (home && mine.isPending)) {
    return (
      <main className="inbox screen">
        <div className="wrap">
          <h1 className="sr">{t("page.inbox")}</h1>
          <Loading words={t("home.loading")} />
        </div>
      </main>
    );
  }
  const item = mine.data ?? any.data;
  if (item) {
    keepView({});
    return <Navigate to="/review/$checkpointId" params={{ checkpointId: item.id }} replace />;
  }
  return (
    <main className="inbox screen">
      <EmptyInbox />
    </main>
  );
}
