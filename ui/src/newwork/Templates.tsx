import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ApiError } from "@/api/client";
import type { Agent } from "@/api/types";
import type { Template, TemplateContent } from "@/api/work";
import { ErrorLine, problemText } from "@/components/States";
import { t, tMaybe } from "@/i18n";
import { exact, when } from "@/lib/format";
import { useOnce } from "@/lib/once";
import { byUse } from "./start";

const SHOWN = 6;

/** The project's templates, the one used last first, each with its last use. */
export function TemplateCards({ templates, agents, chosen, choose }: { templates: Template[]; agents: Agent[]; chosen: string | undefined; choose: (template: Template | null) => void }) {
  const [all, setAll] = useState(false);
  if (templates.length === 0) return null;
  const sorted = byUse(templates);
  const shown = all ? sorted : sorted.filter((one, i) => i < SHOWN || one.id === chosen);
  return (
    <section className="templates" aria-label={t("workArea.template.title")}>
      <h2 className="meta">{t("workArea.template.title")}</h2>
      <ul>
        {shown.map((one) => {
          const agent = agents.find((a) => a.name === one.agent_type);
          return (
            <li key={one.id}>
              <button
                type="button"
                aria-pressed={one.id === chosen}
                disabled={!agent}
                title={agent ? exact(one.last_used_at) : t("workArea.template.agentGone")}
                onClick={() => choose(one.id === chosen ? null : one)}
              >
                <b>{one.name}</b>
                <span className="meta">
                  {[tMaybe(`agent.${one.agent_type}`, agent?.title ?? one.agent_type), t("workArea.template.used", { count: one.uses, when: when(one.last_used_at) })].join(" · ")}
                </span>
              </button>
            </li>
          );
        })}
      </ul>
      {shown.length < sorted.length && (
        <button type="button" className="link" onClick={() => setAll(true)}>
          {t("workArea.list.showAll")}
        </button>
      )}
    </section>
  );
}

const KEPT = ["agent_type", "task_description", "config", "approval_strategy", "runtime", "budget", "source_ids", "deliver_to"] as const;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** What somebody changed in a template, in words. */
export function templateChanges(before: Template, after: Template): string[] {
  const found = KEPT.filter((part) => !same(before.content[part], after.content[part])).map((part) => t(`workArea.template.part.${part}`));
  return before.name === after.name ? found : [t("workArea.template.part.name"), ...found];
}

/** What the form was filled in from, and what can be done with the template. */
export function FromTemplate({
  template,
  live,
  refused,
  apart,
  changed,
  missing,
  content,
  take,
  goOn,
  leave,
}: {
  /** As the form was filled in from it. */
  template: Template;
  /** As it stands now: somebody may have changed it since; null when it is gone. */
  live: Template | null;
  /** The server's refusal to file work from it as it was shown. */
  refused: ApiError | null;
  /** Whether the work is asked for as it is shown, and not as work of the template. */
  apart: boolean;
  changed: boolean;
  missing: number;
  /** What the form says now; null while it cannot be kept. */
  content: () => Promise<TemplateContent | null>;
  /** Fills the form in from this one. */
  take: (template: Template) => void;
  /** Goes on with what is shown. */
  goOn: () => void;
  leave: () => void;
}) {
  const client = useQueryClient();
  const [sure, setSure] = useState(false);
  const again = () => client.invalidateQueries({ queryKey: ["templates", template.project_id] });
  const path = `/projects/${template.project_id}/templates/${template.id}`;
  const moved = live !== null && live.version > template.version;
  const version = live?.version ?? template.version;
  const onError = (error: Error) => {
    if (isMoved(error)) void again();
  };
  const update = useMutation({
    mutationFn: async () => {
      const kept = await content();
      return kept ? api<Template>(path, { method: "PATCH", json: { content: kept, version } }) : null;
    },
    onSuccess: (saved) => {
      if (saved) take(saved);
      return again();
    },
    onError,
  });
  const remove = useMutation({
    mutationFn: () => api<undefined>(path, { method: "DELETE", query: { version } }),
    onSuccess: () => {
      leave();
      return again();
    },
    onError,
  });
  const failed = update.error ?? remove.error;
  // What changed stands there by itself once the list is here again.
  const told = [refused, failed].find(isMoved) ?? null;
  const error = isMoved(failed) && (moved || live === null) ? null : failed;
  const names = { name: template.name, by: live?.changed_by ?? t("workArea.template.somebody") };
  const stay = apart ? "" : t(changed ? "workArea.template.typedStays" : "workArea.template.shownStays");
  const words = () => {
    if (apart) return t("workArea.template.apart", names);
    if (live === null) return `${told ? told.message : t("workArea.template.removed", names)} ${stay}`;
    if (moved) return `${t("workArea.template.moved", { ...names, when: when(live.updated_at), parts: templateChanges(template, live).join(", ") })} ${stay}`;
    return update.data && !changed ? t("workArea.template.updated", names) : t(changed ? "workArea.template.changed" : "workArea.template.fromHere", names);
  };
  return (
    <div className="fromtemplate" id="from-template" tabIndex={-1}>
      <p role={(moved || live === null) && !apart ? "alert" : "status"}>{words()}</p>
      <p className="line">
        {(moved || live === null) && !apart && (
          <button type="button" className="link" onClick={goOn}>
            {t("workArea.template.goOn")}
          </button>
        )}
        {moved && (
          <button type="button" className="link" onClick={() => take(live)}>
            {t("workArea.template.takeTheirs")}
          </button>
        )}
        {changed && live !== null && (
          <button type="button" className="link" disabled={update.isPending} onClick={() => update.mutate()}>
            {t(moved ? "workArea.template.updateOver" : "workArea.template.update")}
          </button>
        )}
        {live !== null &&
          (sure ? (
            <>
              <button type="button" className="link" disabled={remove.isPending} onClick={() => remove.mutate()}>
                {t("workArea.template.removeSure", names)}
              </button>
              <button type="button" className="link quiet" onClick={() => setSure(false)}>
                {t("workArea.template.removeNot")}
              </button>
            </>
          ) : (
            <button type="button" className="link quiet" onClick={() => setSure(true)}>
              {t("workArea.template.remove")}
            </button>
          ))}
        <button type="button" className="link quiet" onClick={leave}>
          {t("workArea.template.without")}
        </button>
      </p>
      {missing > 0 && <p className="meta">{t("workArea.template.missing", { count: missing })}</p>}
      {error && <ErrorLine>{[problemText(error).title, problemText(error).hint].filter(Boolean).join(" ")}</ErrorLine>}
    </div>
  );
}

/** Whether somebody changed or removed the template meanwhile. */
export const isMoved = (error: unknown): error is ApiError => error instanceof ApiError && ["template_changed", "template_removed"].includes(error.code);

/** The name of a new template, asked for in the dock; nothing is started by saving it. */
export function SaveTemplate({ projectId, content, saved }: { projectId: string; content: () => Promise<TemplateContent | null>; saved: (template: Template) => void }) {
  const client = useQueryClient();
  const [name, setName] = useState<string | null>(null);
  const once = useOnce();
  const save = useMutation({
    mutationFn: async (as: string) => {
      const kept = await content();
      if (!kept) return null;
      const json = { name: as, content: kept };
      return once(json, (idempotencyKey) => api<Template>(`/projects/${projectId}/templates`, { method: "POST", json, idempotencyKey }));
    },
    onSuccess: async (template) => {
      if (!template) return;
      await client.invalidateQueries({ queryKey: ["templates", projectId] });
      setName(null);
      saved(template);
    },
  });
  if (name === null)
    return (
      <button type="button" className="b bare" onClick={() => setName("")}>
        {t("workArea.template.save")}
      </button>
    );
  const go = () => name.trim() && save.mutate(name.trim());
  return (
    <div className="saveas">
      <input
        className="in"
        autoFocus
        aria-label={t("workArea.template.saveAs")}
        placeholder={t("workArea.template.saveAs")}
        maxLength={200}
        value={name}
        aria-invalid={save.error ? true : undefined}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") {
            event.preventDefault();
            event.stopPropagation();
            go();
          } else if (event.key === "Escape") setName(null);
        }}
      />
      <button type="button" className="b" disabled={save.isPending || !name.trim()} onClick={go}>
        {save.isPending ? t("workArea.template.saving") : t("workArea.template.saveDo")}
      </button>
      {save.error && <ErrorLine>{[problemText(save.error).title, problemText(save.error).hint].filter(Boolean).join(" ")}</ErrorLine>}
    </div>
  );
}
