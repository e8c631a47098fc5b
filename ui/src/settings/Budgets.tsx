import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ApiError } from "@/api/client";
import { spentQuery } from "@/api/overview";
import type { Project } from "@/api/types";
import { ErrorLine, problemText } from "@/components/States";
import { t } from "@/i18n";
import { count, exact, when } from "@/lib/format";
import { money } from "@/overview/measures";
import { useProjects } from "./Projects";
import { ReadOnly, useAdmin } from "./SettingsPage";

const LIMITS = ["usd", "tokens", "seconds"] as const;
type Limit = (typeof LIMITS)[number];
const PARTS = ["default", "most"] as const;
type Part = (typeof PARTS)[number];
export type Typed = Record<Part, Record<Limit, string>>;

const numbers = (budget: Partial<Record<Limit, number | null>>): Record<Limit, string> =>
  Object.fromEntries(LIMITS.map((limit) => [limit, budget[limit] == null ? "" : String(budget[limit])])) as Record<Limit, string>;

export const typedOf = (project: Project): Typed => ({ default: numbers(project.budget.default), most: numbers(project.budget.most) });

const isWrong = (typed: string): boolean => typed.trim() !== "" && !(Number(typed) > 0 && Number.isFinite(Number(typed)));

/** What is sent: empty fields are no limits. */
export function budgetFrom(typed: Typed): Record<Part, Partial<Record<Limit, number>>> {
  const part = (fields: Record<Limit, string>) =>
    Object.fromEntries(LIMITS.filter((limit) => fields[limit].trim() !== "").map((limit) => [limit, Number(fields[limit])]));
  return { default: part(typed.default), most: part(typed.most) };
}

function monthStart(): string {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), 1).toISOString();
}

function Spent({ project }: { project: Project }) {
  const from = monthStart();
  const spent = useQuery(spentQuery(project.id, from)).data;
  if (!spent) return null;
  const filed = Object.values(spent.sessions).reduce((sum, n) => sum + n, 0);
  return (
    <section className="sect">
      <h3 className="strong">{t("budgets.spent")}</h3>
      <p className="fig">{money(spent.usage.cost_usd)}</p>
      <p className="meta" title={exact(from)}>
        {t("budgets.spentWords", { usd: money(spent.usage.cost_usd), count: filed, n: count(filed), when: when(from) })}{" "}
        {spent.usage.unpriced_sessions > 0 && t("budgets.unpriced", { count: spent.usage.unpriced_sessions })}
      </p>
    </section>
  );
}

function BudgetForm({ project }: { project: Project }) {
  const client = useQueryClient();
  const admin = useAdmin();
  const before = typedOf(project);
  const [typed, setTyped] = useState(before);
  const changed = JSON.stringify(typed) !== JSON.stringify(before);
  const save = useMutation({
    mutationFn: () => api<Project>(`/projects/${project.id}`, { method: "PATCH", json: { budget: budgetFrom(typed) } }),
    onSuccess: (saved) => {
      setTyped(typedOf(saved));
      void client.invalidateQueries({ queryKey: ["projects"] });
      client.setQueryData(["project", project.id], saved);
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
      className="form left"
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
                  placeholder={t("budgets.none")}
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
          </div>
        </div>
      )}
    </form>
  );
}

export function Budgets() {
  const { projects, instead } = useProjects();
  const [chosen, setChosen] = useState<string | null>(null);
  const project = projects.find((one) => one.id === chosen) ?? projects[0];
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
