import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import { meQuery } from "@/api/queries";
import type { Project } from "@/api/types";
import { ErrorLine, problemText } from "@/components/States";
import { t } from "@/i18n";
import { exact } from "@/lib/format";

/** Takes a project off the lists, after saying what that means, and brings it back; for admins, who may. */
export function Archive({ project, here = false, said }: { project: Project; /** Whether the page is this project's. */ here?: boolean; said?: (words: string) => void }) {
  const client = useQueryClient();
  const me = useQuery(meQuery).data;
  const [sure, setSure] = useState(false);
  const names = { name: project.name };
  const set = useMutation({
    mutationFn: (archived: boolean) => api<Project>(`/projects/${project.id}`, { method: "PATCH", json: { archived } }),
    onSuccess: async (now) => {
      setSure(false);
      client.setQueryData(["project", project.id], now);
      await Promise.all([["projects"], ["work"], ["inbox"], ["sessions", project.id], ["session"]].map((queryKey) => client.invalidateQueries({ queryKey })));
      said?.(t(now.archived_at ? "archive.done" : "archive.backDone", names));
    },
  });
  if (me?.role !== "admin") return null;
  return (
    <div className="archive">
      {project.archived_at ? (
        <button type="button" className="b small" aria-label={t("archive.backOf", names)} disabled={set.isPending} onClick={() => set.mutate(false)}>
          {t("archive.back")}
        </button>
      ) : sure ? (
        <>
          <span className="meta">{t("archive.words")}</span>
          <button type="button" className="b small" autoFocus disabled={set.isPending} onClick={() => set.mutate(true)}>
            {t("archive.sure")}
          </button>
          <button type="button" className="b small bare" onClick={() => setSure(false)}>
            {t("archive.keep")}
          </button>
        </>
      ) : (
        <button type="button" className="b small bare" aria-label={here ? undefined : t("archive.doOf", names)} onClick={() => setSure(true)}>
          {t(here ? "archive.doHere" : "archive.do")}
        </button>
      )}
      {set.error && <ErrorLine>{[problemText(set.error).title, problemText(set.error).hint].filter(Boolean).join(" ")}</ErrorLine>}
    </div>
  );
}

/** On a page of an archived project: that it is, and the way back. */
export function ArchivedLine({ project }: { project: Project | undefined }) {
  if (!project?.archived_at) return null;
  return (
    <div className="archived" role="status">
      <span title={exact(project.archived_at)}>{t("archive.is")}</span> <Archive project={project} />
    </div>
  );
}
