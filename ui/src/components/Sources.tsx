import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, newKey } from "@/api/client";
import type { Source } from "@/api/types";
import { t } from "@/i18n";

export function sizeWords(source: Source): string {
  if (source.tables.length > 0) {
    const rows = source.tables.reduce((sum, table) => sum + table.row_count, 0);
    return t("source.rows", { count: rows });
  }
  return t("source.passages", { count: source.block_count });
}

interface Refused {
  name: string;
  error: unknown;
}

/** Sends files one by one, so that a wrong one does not take the others with it. */
export function useUpload(projectId: string) {
  const client = useQueryClient();
  const [refused, setRefused] = useState<Refused[]>([]);
  const [sending, setSending] = useState(0);
  const done = () => {
    void client.invalidateQueries({ queryKey: ["sources", projectId] });
    void client.invalidateQueries({ queryKey: ["project", projectId] });
    void client.invalidateQueries({ queryKey: ["projects"] });
  };
  const attempt = async (name: string, send: () => Promise<unknown>) => {
    setSending((n) => n + 1);
    try {
      await send();
      setRefused((list) => list.filter((item) => item.name !== name));
      return true;
    } catch (error) {
      setRefused((list) => [...list.filter((item) => item.name !== name), { name, error }]);
      return false;
    } finally {
      setSending((n) => n - 1);
      done();
    }
  };
  const path = `/projects/${projectId}/sources`;
  return {
    refused,
    sending,
    dismiss: (name: string) => setRefused((list) => list.filter((item) => item.name !== name)),
    files: async (files: File[]) => {
      for (const file of files) {
        const form = new FormData();
        form.append("file", file, file.name);
        await attempt(file.name, () => api(path, { method: "POST", form, idempotencyKey: newKey() }));
      }
    },
  };
}
