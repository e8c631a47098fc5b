/** What can be done with one source, and what the lists hold afterwards. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, newKey } from "@/api/client";
import { merged, type Rest, type SourceMore } from "@/api/substrate";

export type NewContent = { file: File } | { text: string } | { url: string };

export type SourceActs = ReturnType<typeof useSourceActs>;

export function useSourceActs(source: SourceMore) {
  const client = useQueryClient();
  const path = `/projects/${source.project_id}/sources/${source.id}`;
  const changed = (now: SourceMore | null) => {
    client.setQueriesData<SourceMore[]>({ queryKey: ["sources", source.project_id] }, (held) =>
      held && (now ? merged(held, [now]) : held.filter((one) => one.id !== source.id)),
    );
    if (now) client.setQueryData(["source", source.id], now);
    else client.removeQueries({ queryKey: ["source", source.id] });
    client.removeQueries({ queryKey: ["search", source.project_id] });
    for (const queryKey of [["content", source.id], ["rest", source.id], ["index", source.project_id], ["project", source.project_id], ["projects"]])
      void client.invalidateQueries({ queryKey });
  };
  const again = useMutation({
    mutationFn: () => api<SourceMore>(`${path}/retry`, { method: "POST", idempotencyKey: newKey() }),
    onSuccess: changed,
  });
  const renew = useMutation({
    mutationFn: (what: NewContent) => {
      if (!("file" in what)) return api<SourceMore>(`${path}/content`, { method: "PUT", json: what, idempotencyKey: newKey() });
      const form = new FormData();
      form.append("file", what.file, what.file.name);
      return api<SourceMore>(`${path}/content`, { method: "PUT", form, idempotencyKey: newKey() });
    },
    onSuccess: changed,
  });
  const retract = useMutation({
    mutationFn: (reason: string) => api<Rest & { source?: SourceMore }>(`${path}/retract`, { method: "POST", json: { reason }, idempotencyKey: newKey() }),
    onSuccess: (answer) => changed(answer.source ?? { ...source, retracted_at: new Date().toISOString() }),
  });
  const restore = useMutation({
    mutationFn: (reason: string) => api<SourceMore>(`${path}/restore`, { method: "POST", json: { reason }, idempotencyKey: newKey() }),
    onSuccess: changed,
  });
  const remove = useMutation({
    mutationFn: (reason: string) => api<Record<string, unknown> | undefined>(path, { method: "DELETE", json: { reason }, idempotencyKey: newKey() }),
  });
  /** After the person has seen what was deleted, or at once. */
  const forget = () => changed(null);
  return { again, renew, retract, restore, remove, forget };
}
