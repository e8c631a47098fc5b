import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { useForm } from "react-hook-form";
import { api, newKey } from "@/api/client";
import { agentsQuery, projectQuery, sourcesQuery } from "@/api/queries";
import type { Agent, JsonSchema, Source, WorkSession } from "@/api/types";
import { Mark } from "@/components/Mark";
import { defaultsOf, SchemaFields } from "@/components/SchemaForm";
import { useUpload } from "@/components/Sources";
import { ErrorLine, Kbd, Loading, Problem, problemText } from "@/components/States";
import { t, tMaybe } from "@/i18n";
import { takeOver } from "@/lib/handover";
import { useKeys } from "@/lib/keys";
import { useTitle } from "@/lib/title";
import { BudgetField, DraftFields, SourcesField, StrategyField } from "@/newwork/parts";
import { checkBody, errorList, fieldOf, firstRuntime, HIDDEN_KEYS, inOrder, withSources, workBody, type Values } from "@/newwork/request";
import { RuntimeField } from "@/newwork/RuntimeField";
import { checkSteps, workSteps } from "@/newwork/will";

const DRAFT_LIMIT = 2_000_000;
const NO_FIELDS: JsonSchema = { type: "object", properties: {} };

export function NewWorkPage() {
  useTitle(t("page.newWork"));
  const { projectId } = useParams({ from: "/projects/$projectId/new" });
  const project = useQuery(projectQuery(projectId));
  const agents = useQuery(agentsQuery(projectId));
  const sources = useQuery(sourcesQuery(projectId));
  const failed = project.error ?? agents.error ?? sources.error;
  if (failed || !agents.data || !sources.data || !project.data) {
    return (
      <main className="inbox screen">
        <div className="wrap">
          <h1 className="sr">{t("page.newWork")}</h1>
          {failed ? (
            <Problem
              what={t("new.failed")}
              error={failed}
              retry={() => {
                void project.refetch();
                void agents.refetch();
                void sources.refetch();
              }}
            />
          ) : (
            <Loading words={t("new.loading")} />
          )}
        </div>
      </main>
    );
  }
  return <NewWork projectId={projectId} projectName={project.data.name} agents={agents.data} sources={sources.data} />;
}

function NewWork({
  projectId,
  projectName,
  agents,
  sources,
}: {
  projectId: string;
  projectName: string;
  agents: Agent[];
  sources: Source[];
}) {
  const search = useSearch({ from: "/projects/$projectId/new" });
  const navigate = useNavigate();
  const client = useQueryClient();
  const upload = useUpload(projectId);
  const [over, setOver] = useState(false);
  const [refused, setRefused] = useState<unknown>(null);
  const name = search.agent === "check" || agents.some((a) => a.name === search.agent) ? (search.agent ?? "check") : "check";
  const agent = agents.find((a) => a.name === name) ?? null;
  const base = agent?.config_schema ?? NO_FIELDS;
  const schema = useMemo(() => withSources(base, sources.filter((s) => !s.retracted_at && s.status === "ready")), [base, sources]);
  const usable = sources.filter((s) => !s.retracted_at);
  const ready = usable.filter((s) => s.status === "ready");
  const first = firstRuntime(agent);

  const form = useForm<Values>({
    mode: "onTouched",
    defaultValues: {
      task: "", title: "", draft: "", config: defaultsOf(base), strategy: "final_only", runtime: first.name, model: first.model,
      usd: "", minutes: "", left: [],
    },
  });
  const { register, control, watch, setValue, handleSubmit, formState, setError, clearErrors } = form;
  const values = watch();
  const runtime = agent?.runtimes.find((r) => r.name === values.runtime);

  useEffect(() => {
    const start = firstRuntime(agent);
    setValue("config", defaultsOf(base));
    setValue("runtime", start.name);
    setValue("model", start.model);
    clearErrors();
    setRefused(null);
  }, [base, agent, setValue, clearErrors]);

  const readFile = async (file: File) => {
    if (file.size > DRAFT_LIMIT) {
      setError("draft", { message: t("new.draftTooLarge") });
      return;
    }
    setValue("draft", await file.text(), { shouldValidate: true });
    if (!form.getValues("title")) setValue("title", file.name.replace(/\.[^.]+$/, ""));
  };
  const looksLikeDraft = (file: File) => /\.(md|markdown|txt)$/i.test(file.name);
  const takeFiles = async (files: File[]) => {
    const draft = name === "check" && !form.getValues("draft").trim() ? files.find(looksLikeDraft) : undefined;
    if (draft) await readFile(draft);
    await upload.files(files.filter((file) => file !== draft));
  };
  useEffect(() => {
    const carried = takeOver();
    if (!carried) return;
    if (carried.draft) setValue("draft", carried.draft);
    if (carried.files.length) void takeFiles(carried.files);
    // Only once, when the page opens.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const chosen = ready.filter((s) => !values.left.includes(s.id));
  const sourceIds = chosen.length < ready.length ? chosen.map((s) => s.id) : null;
  const startWork = useMutation({
    mutationFn: (v: Values) =>
      agent === null
        ? api<WorkSession>(`/projects/${projectId}/checks`, { method: "POST", json: checkBody(v, sourceIds), idempotencyKey: newKey() })
        : api<WorkSession>(`/projects/${projectId}/work-sessions`, {
            method: "POST",
            json: workBody(agent, schema, v, sourceIds),
            idempotencyKey: newKey(),
          }),
    onMutate: () => setRefused(null),
    onSuccess: (session) => {
      for (const queryKey of [["sessions", projectId], ["inbox"], ["projects"], ["project", projectId]])
        void client.invalidateQueries({ queryKey });
      if (session.checkpoint_id && name === "check")
        void navigate({ to: "/review/$checkpointId", params: { checkpointId: session.checkpoint_id } });
      else
        void navigate({ to: "/projects/$projectId/sessions/$sessionId", params: { projectId, sessionId: session.id } });
    },
    onError: (error) => {
      setRefused(error);
      const field = fieldOf(error, schema, values.runtime);
      const { title, hint } = problemText(error);
      if (field) setError(field, { message: [title, hint].filter(Boolean).join(" ") }, { shouldFocus: true });
    },
  });
  const submit = () => {
    clearErrors("left"); // it belongs to no field of the form's own, so sending again would not clear it
    void handleSubmit((v) => startWork.mutate(v))();
  };
  useKeys({ "Ctrl+Enter": submit }, !startWork.isPending);
  const taskLabel = tMaybe(`new.task.${name}`, t("new.task.any"));
  const problems = errorList(formState.errors, schema, taskLabel);
  const noSources = ready.length === 0;
  const usesModel = runtime?.uses_model ?? false;
  const what = agent ? tMaybe(`agent.${name}`, agent.title).toLowerCase() : "";
  const steps = agent ? workSteps(chosen.length, values.strategy, usesModel) : checkSteps(chosen.length);
  const focus = (id: string) => {
    const field = document.getElementById(id);
    (field?.matches("input, textarea, select, [tabindex]") ? field : field?.querySelector<HTMLElement>("input"))?.focus();
  };

  return (
    <form
      className="page wide screen"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void takeFiles([...event.dataTransfer.files]);
      }}
    >
      <main className="main">
        <div className="form">
          <h1 className="doctitle">{t("new.title", { project: projectName })}</h1>
          <div className="agents" role="radiogroup" aria-label={t("new.agent")}>
            {["check", ...inOrder(agents)].map((option) => {
              const known = agents.find((a) => a.name === option);
              const own = known?.origin === "project";
              return (
                <label key={option}>
                  <input
                    type="radio"
                    name="agent"
                    checked={name === option}
                    onChange={() =>
                      void navigate({ to: "/projects/$projectId/new", params: { projectId }, search: { agent: option }, replace: true })
                    }
                  />
                  <b>{own ? known.title : tMaybe(`agent.${option}`, known?.title ?? option)}</b>
                  <span>{own ? clipped(known.goal) : tMaybe(`new.card.${option}`, clipped(known?.goal ?? ""))}</span>
                </label>
              );
            })}
          </div>
          <div className="mt-4">
            {agent === null ? (
              <DraftFields form={form} readFile={readFile} />
            ) : (
              <>
                <div className="field">
                  <label htmlFor="task">{taskLabel}</label>
                  <div>
                    <textarea
                      id="task"
                      className="in"
                      rows={2}
                      placeholder={tMaybe(`new.taskPlaceholder.${name}`, "")}
                      aria-invalid={formState.errors.task ? true : undefined}
                      {...register("task", { validate: (v) => v.trim() !== "" || t("form.required") })}
                    />
                    {formState.errors.task && <ErrorLine>{formState.errors.task.message}</ErrorLine>}
                  </div>
                </div>
                <SchemaFields
                  key={name}
                  schema={schema}
                  control={control as never}
                  prefix="config"
                  skip={HIDDEN_KEYS}
                />
              </>
            )}
            <SourcesField form={form} usable={usable} upload={upload} empty={noSources} />
            {agent && (
              <>
                <StrategyField form={form} />
                <RuntimeField agent={agent} form={form} />
                <BudgetField form={form} usesModel={usesModel} />
              </>
            )}
          </div>
        </div>
      </main>
      <aside className="rail" aria-label={t("new.rail")}>
        <section>
          <h2>{t("new.rail")}</h2>
          <ol className="plan mt-3">
            {steps.map((step, i) => (
              <li key={i}>
                <Mark shape={step.stop ? "stop" : step.end ? "supported" : "dot"} className="v-accent" />
                <span>
                  <b>{step.title}</b>
                  {step.words}
                </span>
              </li>
            ))}
          </ol>
        </section>
      </aside>
      <footer className="dock" aria-label={t("page.newWork")}>
        <div className="st" role="status">
          {startWork.isPending ? (
            <b>{t("new.starting")}</b>
          ) : problems.length > 0 ? (
            <>
              <b>{t("new.correct", { count: problems.length })}</b>
              <span>
                {problems.map((problem) => (
                  <button type="button" className="link mr-3" key={problem.id} onClick={() => focus(problem.id)}>
                    {problem.label}
                  </button>
                ))}
              </span>
            </>
          ) : refused ? (
            <>
              <b>{t("new.notStarted")}</b>
              <span className="bad">{[problemText(refused).title, problemText(refused).hint].filter(Boolean).join(" ")}</span>
            </>
          ) : over ? (
            <b>{t("new.dropHere")}</b>
          ) : null}
        </div>
        <button
          type="submit"
          className={`b big ${problems.length === 0 && !noSources ? "fill" : "wait"}`}
          disabled={startWork.isPending}
        >
          {agent === null
            ? t("new.checkDo")
            : usesModel && Number(values.usd) > 0
              ? t("new.startUpTo", { what, usd: Number(values.usd).toFixed(2) })
              : t("new.start", { what })}{" "}
          <Kbd>Ctrl ↵</Kbd>
        </button>
      </footer>
    </form>
  );
}

function clipped(goal: string): string {
  return goal.length > 120 ? `${goal.slice(0, 119).trimEnd()}…` : goal;
}
