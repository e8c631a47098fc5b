import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useId, useState, type ReactNode } from "react";
import { api, ApiError } from "@/api/client";
import { meQuery, policyQuery, projectQuery } from "@/api/queries";
import type { Policy } from "@/api/types";
import { ProjectNav } from "@/components/ProjectNav";
import { ErrorLine, Loading, Problem, problemText } from "@/components/States";
import { t } from "@/i18n";
import { exact, when } from "@/lib/format";
import { useTitle } from "@/lib/title";
import { DryRun } from "@/settings/DryRun";
import {
  changesIn, CONSEQUENCES, countOf, differences, problemsIn, rebased, TIMES, UNSET, valuesOf, type MaySign, type Values,
} from "./policy";

const MAY_SIGN: MaySign[] = ["workspace", "yes", "no"];

function Field({ label, help, error, group, children }: { label: string; help?: string; error?: string; group?: boolean; children: ReactNode }) {
  const id = useId();
  return (
    <div className="field" {...(group ? { role: "group", "aria-labelledby": id } : {})}>
      <span className="label" id={id}>
        {label}
      </span>
      <div>
        {children}
        {error && <ErrorLine>{error}</ErrorLine>}
        {help && <div className="help">{help}</div>}
      </div>
    </div>
  );
}

function History({ policy }: { policy: Policy }) {
  const { history } = policy;
  return (
    <aside className="rail" aria-label={t("policyPage.history")}>
      <h2>{t("policyPage.history")}</h2>
      {history.length === 0 ? (
        <p className="text-ink-2">{t("policyPage.none")}</p>
      ) : (
        <ol className="versions">
          {history.map((version, i) => {
            const lines = differences(version.settings, history[i + 1]?.settings ?? UNSET);
            return (
              <li key={version.version}>
                <div className="between">
                  <b>{t("policyPage.version", { n: version.version })}</b>
                  <span className="meta" title={exact(version.at)}>
                    {t("policyPage.by", { name: version.by ?? t("look.somebody"), when: when(version.at) })}
                  </span>
                </div>
                {lines.length === 0 && <p className="meta">{i === history.length - 1 ? t("policyPage.first") : t("policyPage.same")}</p>}
                {lines.map((line) => (
                  <p key={line}>{line}</p>
                ))}
              </li>
            );
          })}
        </ol>
      )}
    </aside>
  );
}

function PolicyForm({ policy, admin }: { policy: Policy; admin: boolean }) {
  const client = useQueryClient();
  const { queryKey, queryFn } = policyQuery(policy.project_id);
  // What the reader looks at: it moves on by itself only while nothing is typed.
  const [seen, setSeen] = useState(policy);
  const before = valuesOf(seen.settings);
  const [values, setValues] = useState(before);
  const changes = changesIn(values, before);
  const changed = countOf(changes);
  if (policy.version !== seen.version && changed === 0) {
    setSeen(policy);
    setValues(valuesOf(policy.settings));
  }
  const save = useMutation({
    mutationFn: () =>
      api<Policy>(`/projects/${policy.project_id}/policy`, { method: "PATCH", json: { ...changes, version: seen.version } }),
    onSuccess: (next) => {
      client.setQueryData(queryKey, next);
      setSeen(next);
      setValues(valuesOf(next.settings));
    },
  });
  const look = async () => {
    const next = await client.fetchQuery({ queryKey, queryFn, staleTime: 0 }).catch(() => null);
    if (!next) return;
    setValues(rebased(values, before, valuesOf(next.settings)));
    setSeen(next);
    save.reset();
  };
  const change = (next: Partial<Values>) => {
    setValues({ ...values, ...next });
    if (save.isSuccess || save.isError) save.reset();
  };

  const own = problemsIn(values);
  const refused = save.error instanceof ApiError ? save.error : null;
  const problem = (field: string): string | undefined =>
    own[field] ?? (refused?.field === field ? [refused.message, refused.hint].filter(Boolean).join(" ") : undefined);
  const quorumProblem = CONSEQUENCES.map((name) => problem(`quorum.${name}`)).find(Boolean) ?? problem("quorum");
  const moved = refused?.code === "policy_changed";
  const bad = Object.keys(own).length > 0;
  const off = !admin || save.isPending;
  const dock = save.error
    ? { title: t("policyPage.notSaved"), words: [problemText(save.error).title, problemText(save.error).hint].filter(Boolean).join(" "), bad: true }
    : save.isPending
      ? { title: t("policyPage.saving"), words: t("dock.busyWords") }
      : changed > 0
        ? { title: t("policyPage.changed", { count: changed }), words: t("policyPage.changedWords") }
        : save.isSuccess
          ? { title: t("policyPage.saved", { n: seen.version }), words: t("policyPage.savedWords") }
          : { title: t("policyPage.nothing"), words: t("policyPage.nothingWords", { n: seen.version + 1 }) };
  return (
    <form
      className="page wide screen"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (admin && changed > 0 && !bad && !save.isPending) save.mutate();
      }}
    >
      <main className="main">
        <ProjectNav projectId={policy.project_id} here="policy" />
        <h1 className="doctitle">{t("policyPage.title")}</h1>
        <p className="mt-1 max-w-[72ch] text-ink-2">
          {t("policyPage.words")} {admin ? "" : t("policyPage.readOnly")}
        </p>
        <div className="form mt-4">
          <Field label={t("policyPage.quorum")} help={t("policyPage.quorumHelp")} error={quorumProblem} group>
            {CONSEQUENCES.map((name) => (
              <label className="pair" key={name}>
                <input
                  className="in tiny"
                  inputMode="numeric"
                  maxLength={1}
                  value={values.quorum[name]}
                  readOnly={off}
                  aria-invalid={problem(`quorum.${name}`) ? true : undefined}
                  onChange={(event) => change({ quorum: { ...values.quorum, [name]: event.target.value } })}
                />
                {t(`policyPage.consequence.${name}`)}
              </label>
            ))}
          </Field>
          <Field label={t("policyPage.duties")} error={problem("separate_duties")}>
            <label className="tick">
              <input type="checkbox" checked={values.separate} disabled={off} onChange={(event) => change({ separate: event.target.checked })} />
              <span>{t("policyPage.dutiesWords")}</span>
            </label>
          </Field>
          <Field label={t("policyPage.maySign")} help={t("policyPage.maySignHelp")} error={problem("policy_may_sign")} group>
            <span className="seg" role="radiogroup" aria-label={t("policyPage.maySign")}>
              {MAY_SIGN.map((option) => (
                <label key={option}>
                  <input type="radio" name="may-sign" checked={values.maySign === option} disabled={off} onChange={() => change({ maySign: option })} />
                  {option === "workspace" ? t("policyPage.maySignWorkspace", { says: t(`policyPage.maySignOption.${policy.workspace_may_sign ? "yes" : "no"}`).toLowerCase() }) : t(`policyPage.maySignOption.${option}`)}
                </label>
              ))}
            </span>
          </Field>
          <Field
            label={t("policyPage.times")}
            help={t("policyPage.timesHelp")}
            error={TIMES.map((name) => problem(`${name}_hours`)).find(Boolean)}
            group
          >
            {TIMES.map((name) => (
              <label className="pair" key={name}>
                <span className="what">{t(`policyPage.${name}`)}</span>
                <input
                  className="in short"
                  inputMode="decimal"
                  placeholder={t("policyPage.never_")}
                  value={values[name]}
                  readOnly={off}
                  aria-invalid={problem(`${name}_hours`) ? true : undefined}
                  onChange={(event) => change({ [name]: event.target.value })}
                />
                {t("policyPage.hours")}
              </label>
            ))}
          </Field>
        </div>
        <DryRun projectId={policy.project_id} changes={changes} bad={bad} />
      </main>
      <History policy={policy} />
      {admin && (
        <footer className="dock" aria-label={t("policyPage.title")}>
          <div className="st" role="status">
            <b>{dock.title}</b>
            <span className={dock.bad ? "bad" : undefined}>{dock.words}</span>
          </div>
          {moved && (
            <button type="button" className="b big" onClick={() => void look()}>
              {t("policyPage.look")}
            </button>
          )}
          <button type="submit" className={`b big ${changed > 0 && !bad && !moved ? "fill" : ""}`} disabled={changed === 0 || bad || save.isPending || moved}>
            {t("policyPage.save", { n: seen.version + 1 })}
          </button>
        </footer>
      )}
    </form>
  );
}

export function PolicyPage() {
  const { projectId } = useParams({ from: "/projects/$projectId/policy" });
  const project = useQuery(projectQuery(projectId));
  const policy = useQuery(policyQuery(projectId));
  const me = useQuery(meQuery);
  useTitle(project.data ? t("policyPage.of", { project: project.data.name }) : t("policyPage.title"));
  const failed = policy.error ?? project.error ?? me.error;
  if (policy.data && project.data && me.data) {
    return <PolicyForm key={projectId} policy={policy.data} admin={me.data.role === "admin"} />;
  }
  return (
    <main className="inbox screen">
      <div className="wrap">
        <h1 className="sr">{t("policyPage.title")}</h1>
        {failed ? (
          <Problem what={t("policyPage.failed")} error={failed} retry={() => { void policy.refetch(); void project.refetch(); void me.refetch(); }} />
        ) : (
          <Loading words={t("policyPage.loading")} />
        )}
      </div>
    </main>
  );
}
