import { useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { firstQuery, keepView } from "@/api/inbox";
import { projectsQuery } from "@/api/queries";
import { useKnown } from "@/lib/may";
import { InboxNotYet } from "./InboxNotYet";

/** Nobody who has something to open waits for it. */
const EmptyInbox = lazy(() => Promise.all([import("./EmptyInbox"), import("@/later")]).then(([part]) => ({ default: part.EmptyInbox })));

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
    <Suspense fallback={<InboxNotYet error={null} retry={() => undefined} />}>
      <main className="inbox screen">
        <EmptyInbox />
      </main>
    </Suspense>
  );
}
