import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, newKey } from "@/api/client";
import type { Project } from "@/api/types";
import { ErrorLine, problemText } from "@/components/States";
import { t } from "@/i18n";

/** Makes a project; the lists show it at once. */
export function useMakeProject(then: (project: Project) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => api<Project>("/projects", { method: "POST", json: { name }, idempotencyKey: newKey() }),
    onSuccess: (project) => {
      void client.invalidateQueries({ queryKey: ["projects"] });
      then(project);
    },
  });
}

/** A button that asks for the name of a new project and goes to its page, or to where its sources are added. */
export function NewProject({ to = "/projects/$projectId" }: { to?: "/projects/$projectId" | "/projects/$projectId/sources" }) {
  const navigate = useNavigate();
  const [name, setName] = useState<string | null>(null);
  const create = useMakeProject((project) => void navigate({ to, params: { projectId: project.id } }));
  if (name === null) {
    return (
      <button type="button" className="b" onClick={() => setName("")}>
        {t("work.newProject")}
      </button>
    );
  }
  return (
    <form
      className="line"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) create.mutate(name.trim());
      }}
    >
      <input
        className="in"
        aria-label={t("work.projectName")}
        placeholder={t("work.projectName")}
        autoFocus
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && setName(null)}
      />
      <button type="submit" className="b fill" disabled={create.isPending || !name.trim()}>
        {t("work.create")}
      </button>
      {create.error && <ErrorLine>{problemText(create.error).title}</ErrorLine>}
    </form>
  );
}
