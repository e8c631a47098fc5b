import { useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";
import { firstQuery, keepView } from "@/api/inbox";
import { projectsQuery } from "@/api/queries";
import { useKnown } from "@/lib/may";
import { EmptyInbox } from "./EmptyInbox";
import { InboxNotYet } from "./InboxNotYet";

/** Opens on what waits: first the first project's review, then what to begin with, else the empty inbox. */
export function HomePage() {
  const projects = useQuery(projectsQuery);
  const home = projects.data?.find((p) => p.sample_key === "check") ?? projects.data?.[0];
  const mine = useQuery({ ...firstQuery(home?.id), enabled: home !== undefined });
  const any = useQuery(firstQuery());
  const known = useKnown();
  const error = any.error ?? mine.error;
  const item = mine.data ?? any.data;
  // Without anything to open the page begins with what the reader may do.
  if (error || any.isPending || projects.isPending || (home && mine.isPending) || (!item && !known)) {
    return <InboxNotYet error={error} retry={() => void Promise.all([any.refetch(), mine.refetch()])} />;
  }
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
