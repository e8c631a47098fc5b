import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ApiError } from "@/api/client";
import { spentQuery } from "@/api/overview";
import type { Project } from "@/api/types";
import { ErrorLine, problemText } from "@/components/States";
import { LimitBar } from "@/components/Usage";
import { t } from "@/i18n";
import { lastProject } from "@/lib/lastProject";
import { count, exact, when } from "@/lib/format";
import type { Limit } from "@/lib/usage";
import { money } from "@/overview/measures";
import { budgetChanges, budgetFrom, isWrong, LIMITS, PARTS, rebased, typedOf, type Part, type Typed } from "./budget";
import { useProjects } from "./Projects";
import { ReadOnly, useAdmin } from "./SettingsPage";

function monthStart(): string {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), 1).toISOString();
}

/** What the work of this month used, and how near its largest piece came to each limit. */
function Spent({ project }: { project: Project }) {
  const from = monthStart();
  const spent = useQuery(spentQuery(project.id, from)).data;
  if (!spent) return null;
  const filed = Object.values(spent.sessions).reduce((sum, n) => sum + n, 0);
  const limits = LIMITS.flatMap((what): Limit[] => {
    const of = project.budget.most[what];
    return of == null ? [] : [{ what, used: spent.usage.largest[what], of }];
  });
  return (
    <section className="sect">
      <h3 className="strong">{t("budgets.spent")}</h3>
      <p className="fig">{money(spent.usage.cost_usd)}</p>
      <p className="meta" title={exact(from)}>
        {t("budgets.spentWords", { usd: money(spent.usage.cost_usd), count: filed, n: count(filed), when: when(from) })}{" "}
        {spent.usage.unpriced_sessions > 0 && t("budgets.unpriced", { count: spent.usage.unpriced_sessions })}
      </p>
      {filed > 0 && limits.length > 0 && (
        <>
          <h3 className="strong mt-4">{t("budgets.largest")}</h3>
          <p className="meta">{t("budgets.largestWords")}</p>
          <div className="budgetbars">
            {limits.map((limit) => (
              <LimitBar key={limit.what} limit={limit} />
            ))}
          </div>
        </>
      )}
    </section>
  );
}

interface Theirs {
  by: string;
  at: string | null;
  lines: string[];
}

function BudgetForm({ project }: { project: Project }) {
  const client = useQueryClient();
  const admin = useAdmin();
  // What the reader looks at: it moves on by itself only while nothing is typed.
  const [seen, setSeen] = useState(project.budget);
  const before = typedOf(seen);
  const [typed, setTyped] = useState(before);
  const [theirs, setTheirs] = useState<Theirs | null>(null);
  const changed = JSON.stringify(typed) !== JSON.stringify(before);
  const moveTo = (budget: Project["budget"], fields: Typed) => {
    setSeen(budget);
    setTyped(fields);
  };
  if (!changed && project.budget.version > seen.version) moveTo(project.budget, typedOf(project.budget));
  const keep = (saved: Project) => {
    void client.invalidateQueries({ queryKey: ["projects"] });
    client.setQueryData(["project", project.id], saved);
  };
  const save = useMutation({
    mutationFn: () => api<Project>(`/projects/${project.id}`, { method: "PATCH", json: { budget: budgetFrom(typed), budget_version: seen.version } }),
    onSuccess: (saved) => {
      moveTo(saved.budget, typedOf(saved.budget));
      setTheirs(null);
      keep(saved);
    },
    // Somebody was first: what they changed is said, and what was typed stays over it, to be looked at and saved again.
    onError: async (error) => {
      if (!(error instanceof ApiError) || error.code !== "budget_changed") return;
      const now = await api<Project>(`/projects/${project.id}`).catch(() => null);
      if (!now) return;
      const { changed_by, changed_at } = now.budget;
      setTheirs({ by: changed_by ?? t("look.somebody"), at: changed_at, lines: budgetChanges(seen, now.budget) });
      moveTo(now.budget, rebased(typed, seen, now.budget));
      keep(now);
      save.reset();
    },
  });
  const refused = save.error instanceof ApiError ? save.error : null;
  const wrong = PARTS.some((part) => LIMITS.some((limit) => isWrong(typed[part][limit])));
  const problem = (part: Part): string | undefined => {
    if (LIMITS.some((limit) => isWrong(typed[part][limit]))) return t("budgets.positive");
    return refused?.field?.startsWith(`budget.${part}`) ? [refused.message, refused.hint].filter(Boolean).join(" ") : undefined;
  };
  const elsewhere = save.error !== null && !PARTS.some((part) => refused?.field?.startsWith(`budget.${part}`));
  return (
    <form
      className="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (admin && changed && !wrong && !save.isPending) save.mutate();
      }}
    >
      {PARTS.map((part) => (
        <div className="field" role="group" aria-label={t(part === "default" ? "budgets.usual" : "budgets.most")} key={part}>
          <span className="label">{t(part === "default" ? "budgets.usual" : "budgets.most")}</span>
          <div>
            {LIMITS.map((limit) => (
              <label className="pair" key={limit}>
                <input
                  className="in short"
                  inputMode="decimal"
                  placeholder={t(part === "default" ? "budgets.agents" : "budgets.none")}
                  readOnly={!admin}
                  value={typed[part][limit]}
                  aria-invalid={isWrong(typed[part][limit]) || refused?.field === `budget.${part}.${limit}` ? true : undefined}
                  onChange={(event) => {
                    setTyped({ ...typed, [part]: { ...typed[part], [limit]: event.target.value } });
                    save.reset();
                  }}
                />
                {t(`budgets.${limit}`)}
              </label>
            ))}
            {problem(part) && <ErrorLine>{problem(part)}</ErrorLine>}
            <div className="help">{t(part === "default" ? "budgets.usualHelp" : "budgets.mostHelp")}</div>
          </div>
        </div>
      ))}
      {admin && (
        <div className="field">
          <span />
          <div className="line">
            <button type="submit" className={`b ${changed && !wrong ? "fill" : ""}`} disabled={!changed || wrong} aria-disabled={save.isPending || undefined}>
              {save.isPending ? t("settings.saving") : t("settings.save")}
            </button>
            <span role="status" className="meta">
              {changed ? t("budgets.changed") : save.isSuccess ? t("settings.saved") : ""}
            </span>
            {elsewhere && <ErrorLine>{problemText(save.error).title}</ErrorLine>}
            {theirs && (
              <ErrorLine>
                {t("budgets.theirs", { by: theirs.by, when: when(theirs.at) })} {theirs.lines.join(" ")} {t(changed ? "budgets.yoursKept" : "budgets.sameAsYours")}
              </ErrorLine>
            )}
          </div>
        </div>
      )}
    </form>
  );
}

export function Budgets() {
  const { projects, instead } = useProjects();
  const [chosen, setChosen] = useState<string | null>(null);
  const project = projects.find((one) => one.id === (chosen ?? lastProject())) ?? projects[0];
  return (
    <>
      <p className="text-ink-2">{t("budgets.words")}</p>
      <ReadOnly />
      {instead ?? (
        <>
          <label className="line mt-4 mb-2">
            <span className="meta">{t("settings.project")}</span>
            <select className="in" value={project?.id} onChange={(event) => setChosen(event.target.value)}>
              {projects.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </select>
          </label>
          {project && <BudgetForm key={project.id} project={project} />}
          {project && <Spent key={`${project.id} spent`} project={project} />}
        </>
      )}
    </>
  );
}
