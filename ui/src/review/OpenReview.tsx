import { useQueries, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useLayoutEffect, useRef, useState } from "react";
import { artifactVersionQuery, checkpointQuery, membersQuery, meQuery } from "@/api/queries";
import type { ArtifactDocument } from "@/api/types";
import { Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { useTitle } from "@/lib/title";
import { besideStore, NOTHING, type BesideStore } from "./beside";
import { LoadingDock } from "./Dock";
import { usePlace } from "./place";
import { Queue } from "./Queue";
import { ReviewPage, type Shown } from "./ReviewPage";


/** Loads a review and then shows it; until then its keys are dead. */
export function OpenReview() {
  const { checkpointId } = useParams({ from: "/review/$checkpointId" });
  const page = useRef<HTMLDivElement>(null);
  const [beside] = useState(besideStore);
  const checkpoint = useQuery(checkpointQuery(checkpointId));
  const me = useQuery(meQuery);
  const members = useQuery(membersQuery);
  const home = checkpoint.data && { projectId: checkpoint.data.project_id, sessionId: checkpoint.data.session_id };
  const wanted = checkpoint.data?.packet.artifacts ?? [];
  const versions = useQueries({
    queries: wanted.map((a) => artifactVersionQuery(home ?? { projectId: "", sessionId: "" }, a.artifact_id, a.version)),
  });
  const failed = checkpoint.error ?? versions.find((query) => query.error)?.error;
  // Who reads it and whom it can be given to say what can be done: known, or not to be had, before anything is shown.
  const known = [me, members].every((query) => !query.isPending || query.failureCount > 0);
  const ready = known && checkpoint.data !== undefined && versions.every((query) => query.data !== undefined);

  // Once open, a review stays: a packet that changes meanwhile may not take the reader's work with it.
  const [opened, setOpened] = useState<Shown | null>(null);
  if (checkpoint.data && ready && opened?.checkpoint.id !== checkpointId) {
    const documents = Object.fromEntries(
      wanted.map((artifact, i) => [artifact.artifact_id, (versions[i]?.data as { document: ArtifactDocument }).document]),
    );
    setOpened({ checkpoint: checkpoint.data, documents });
  }
  return (
    <div className="review screen" ref={page}>
      <Queue beside={beside} />
      {opened?.checkpoint.id === checkpointId && checkpoint.data ? (
        <ReviewPage key={checkpointId} first={opened} current={checkpoint.data} page={page} beside={beside} />
      ) : (
        <Opening
          id={checkpointId}
          title={checkpoint.data?.session_title}
          me={me.data?.id}
          failed={failed}
          retry={() => {
            void checkpoint.refetch();
            for (const query of versions) if (query.error) void query.refetch();
          }}
          beside={beside}
        />
      )}
    </div>
  );
}

/** What stands there until the review does. */
function Opening({ id, title, me, failed, retry, beside }: {
  id: string;
  title: string | undefined;
  me: string | undefined;
  failed: Error | null | undefined;
  retry: () => void;
  beside: BesideStore;
}) {
  const { items, history, position, total } = usePlace(id, undefined);
  const known = title ?? items.find((item) => item.id === id)?.session_title ?? t("page.review");
  useTitle(known);
  useLayoutEffect(() =>
    beside.set({ ...NOTHING, items, current: id, history, position, total, me }),
  );
  return (
    <>
      <main className="artifact">
        <div className="ahead">
          <h1 className="doctitle">{known}</h1>
          <div className="h-3" />
        </div>
        <div className="draft">
          <div className="doc">{failed ? <Problem what={t("review.failed")} error={failed} retry={retry} /> : <Loading words={t("review.opening")} />}</div>
        </div>
      </main>
      <aside className="evidence" aria-label={t("evidence.pane")} />
      {!failed && <LoadingDock />}
    </>
  );
}
