import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, ApiError } from "@/api/client";
import { templatesQuery, type Template } from "@/api/work";
import { meQuery } from "@/api/queries";
import { ErrorLine, Loading, Problem, problemText } from "@/components/States";
import { t } from "@/i18n";
import { lastProject } from "@/lib/lastProject";
import { exact, when } from "@/lib/format";
import { agentWord } from "@/review/Queue";
import { useProjects } from "./Projects";

function Row({ template, may, said }: { template: Template; may: boolean; said: (words: string) => void }) {
  const client = useQueryClient();
  const [mode, setMode] = useState<"shown" | "naming" | "sure">("shown");
  const [name, setName] = useState(template.name);
  const [began, setBegan] = useState(template.name);
  const path = `/projects/${template.project_id}/templates/${template.id}`;
  const again = (words: string) => {
    setMode("shown");
    said(words);
    void client.invalidateQueries({ queryKey: ["templates", template.project_id] });
  };
  // What is typed stays; beside it stands what the other one made of it.
  const renewed = (error: Error) => {
    if (error instanceof ApiError && error.code === "template_changed") void client.invalidateQueries({ queryKey: ["templates", template.project_id] });
  };
  const rename = useMutation({
    mutationFn: () => api<Template>(path, { method: "PATCH", json: { name: name.trim(), version: template.version } }),
    onSuccess: (saved) => again(t("templates.renamed", { name: saved.name })),
    onError: renewed,
  });
  const remove = useMutation({
    mutationFn: () => api<void>(path, { method: "DELETE", query: { version: template.version } }),
    onSuccess: () => again(t("templates.removed", { name: template.name })),
    onError: renewed,
  });
  const error = rename.error ?? remove.error;
  const start = () => {
    rename.reset();
    setName(template.name);
    setBegan(template.name);
    setMode("naming");
  };
  const stop = () => {
    rename.reset();
    setMode("shown");
  };
  return (
    <tr>
      <td>
        {mode === "naming" ? (
          <form
            className="rowform"
            onSubmit={(event) => {
              event.preventDefault();
              if (name.trim() && name.trim() !== template.name && !rename.isPending) rename.mutate();
            }}
            onKeyDown={(event) => event.key === "Escape" && stop()}
          >
            <input className="in" aria-label={t("templates.name")} autoFocus maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
            <button type="submit" className="b fill" disabled={!name.trim() || name.trim() === template.name} aria-disabled={rename.isPending || undefined}>
              {t("templates.rename")}
            </button>
            <button type="button" className="b bare" onClick={stop}>
              {t("settings.cancel")}
            </button>
          </form>
        ) : (
          <>
            <span className="t">{template.name}</span>
            <span className="sub">{agentWord(template.agent_type, null)}</span>
          </>
        )}
        {mode === "naming" && template.name !== began && <p className="meta">{t("templates.calledNow", { name: template.name })}</p>}
        {error && <ErrorLine>{[problemText(error).title, problemText(error).hint].filter(Boolean).join(" ")}</ErrorLine>}
      </td>
      <td className="num tight nophone" title={exact(template.created_at)}>
        {when(template.created_at)}
      </td>
      <td>
        <div className="acts">
          {mode === "sure" ? (
            <>
              <span className="meta">{t("templates.sureWords")}</span>
              <button type="button" className="b small" autoFocus disabled={remove.isPending} onClick={() => remove.mutate()}>
                {t("templates.sure")}
              </button>
              <button type="button" className="b small bare" onClick={() => setMode("shown")}>
                {t("templates.keep")}
              </button>
            </>
          ) : (
            <>
              {may && (
                <Link className="b small" to="/projects/$projectId/new" params={{ projectId: template.project_id }} search={{ agent: template.agent_type, template: template.id }}>
                  {t("templates.start")}
                  <span className="sr">: {template.name}</span>
                </Link>
              )}
              {may && mode === "shown" && (
                <>
                  <button type="button" className="b small" aria-label={t("templates.renameOf", { name: template.name })} onClick={start}>
                    {t("templates.rename")}
                  </button>
                  <button type="button" className="b small bare" aria-label={t("templates.removeOf", { name: template.name })} onClick={() => setMode("sure")}>
                    {t("templates.remove")}
                  </button>
                </>
              )}
            </>
          )}
        </div>
      </td>
    </tr>
  );
}

export function Templates() {
  const { projects, instead } = useProjects();
  const me = useQuery(meQuery).data;
  const [chosen, setChosen] = useState<string | null>(null);
  const [notice, setNotice] = useState("");
  const project = projects.find((one) => one.id === (chosen ?? lastProject())) ?? projects[0];
  const templates = useQuery({ ...templatesQuery(project?.id ?? ""), enabled: project !== undefined });
  const may = me !== undefined && me.role !== "viewer";
  return (
    <>
      <p className="text-ink-2">{t("templates.words")}</p>
      {instead ?? (
        <>
          <div className="ihead mt-4">
            <label className="line">
              <span className="meta">{t("settings.project")}</span>
              <select className="in" value={project?.id} onChange={(event) => { setChosen(event.target.value); setNotice(""); }}>
                {projects.map((one) => (
                  <option key={one.id} value={one.id}>
                    {one.name}
                  </option>
                ))}
              </select>
            </label>
            <span className="notice" role="status">{notice}</span>
          </div>
          {templates.error ? (
            <Problem what={t("templates.failed")} error={templates.error} retry={() => void templates.refetch()} />
          ) : !templates.data ? (
            <Loading words={t("templates.loading")} />
          ) : templates.data.length === 0 ? (
            <p className="text-ink-2">
              {t("templates.none")}{" "}
              {project && may && (
                <Link className="link" to="/projects/$projectId/new" params={{ projectId: project.id }} search={{}}>
                  {t("templates.start")}
                </Link>
              )}
            </p>
          ) : (
            <table className="list">
              <thead>
                <tr>
                  <th scope="col">{t("templates.name")}</th>
                  <th scope="col" className="num">{t("templates.made")}</th>
                  <th scope="col"><span className="sr">{t("templates.rename")}</span></th>
                </tr>
              </thead>
              <tbody>
                {templates.data.map((template) => (
                  <Row key={template.id} template={template} may={may} said={setNotice} />
                ))}
              </tbody>
            </table>
          )}
        </>
      )}
    </>
  );
}
