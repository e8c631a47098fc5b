import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { useForm, type FieldErrors, type FieldValues } from "react-hook-form";
import { api, ApiError, newKey } from "@/api/client";
import { agentsQuery, projectQuery, sourcesQuery } from "@/api/queries";
import type { Agent, Source, Strategy, WorkSession } from "@/api/types";
import { Mark } from "@/components/Mark";
import { cleaned, defaultsOf, SchemaFields } from "@/components/SchemaForm";
import { sizeWords, useUpload } from "@/components/Sources";
import { ErrorLine, Kbd, Loading, Problem, problemText } from "@/components/States";
import { Track } from "@/components/Track";
import { t, tMaybe } from "@/i18n";
import { takeOver } from "@/lib/handover";
import { useKeys } from "@/lib/keys";
import { useTitle } from "@/lib/title";
import { agentWord } from "@/review/Queue";

const STRATEGIES: Strategy[] = ["checkpoint_required", "final_only", "auto_approve_low_risk"];
/** The list of sources says the same, for every agent. */
const HIDDEN_KEYS = ["include_sources", "data_sources", "exclude_sources"];
const DRAFT_LIMIT = 2_000_000;

interface Values extends FieldValues {
  task: string;
  title: string;
  draft: string;
  config: Record<string, unknown>;
  strategy: Strategy;
  runtime: string;
  usd: string;
  minutes: string;
  left: string[];
}

/** The agents in the order people learn them; those of one's own come last. */
function inOrder(agents: Agent[]): string[] {
  const known = ["research", "content", "reporting"].filter((name) => agents.some((a) => a.name === name));
  return [...known, ...agents.map((a) => a.name).filter((name) => !known.includes(name))];
}

function positive(value: string, whole: boolean): string | true {
  if (value.trim() === "") return true;
  const n = Number(value);
  if (!Number.isFinite(n) || (whole && !Number.isInteger(n))) return whole ? t("form.integer") : t("form.number");
  return n > 0 ? true : t("new.moreThanZero");
}

/** Every error with the id of its field, for the dock. */
function errorList(errors: FieldErrors<Values>): { id: string; label: string }[] {
  const list: { id: string; label: string }[] = [];
  const add = (id: string, label: string) => list.push({ id, label });
  if (errors.task) add("task", t("new.task.research"));
  if (errors.draft) add("draft", t("new.draft"));
  if (errors.usd) add("usd", t("new.budget"));
  if (errors.minutes) add("minutes", t("new.minutes"));
  for (const [name, error] of Object.entries((errors.config ?? {}) as Record<string, unknown>)) {
    if (error) add(`field-config-${name}`, name.replaceAll("_", " "));
  }
  return list;
}

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
  const draftFile = useRef<HTMLInputElement>(null);
  const name = search.agent === "check" || agents.some((a) => a.name === search.agent) ? (search.agent ?? "check") : "check";
  const agent = agents.find((a) => a.name === name) ?? null;
  const schema = useMemo(() => agent?.config_schema ?? { type: "object", properties: {} }, [agent]);
  const usable = sources.filter((s) => !s.retracted_at);
  const ready = usable.filter((s) => s.status === "ready");

  const form = useForm<Values>({
    mode: "onTouched",
    defaultValues: {
      task: "", title: "", draft: "", config: defaultsOf(schema), strategy: "final_only", runtime: agent?.default_runtime ?? "",
      usd: "", minutes: "", left: [],
    },
  });
  const { register, control, watch, setValue, handleSubmit, formState, setError } = form;
  const values = watch();
  const runtime = agent?.runtimes.find((r) => r.name === values.runtime) ?? agent?.runtimes.find((r) => r.available);

  useEffect(() => {
    setValue("config", defaultsOf(schema));
    setValue("runtime", agent?.default_runtime ?? "");
    setRefused(null);
  }, [schema, agent, setValue]);

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
  const subset = chosen.length < ready.length;
  const startWork = useMutation({
    mutationFn: (v: Values) => {
      if (name === "check") {
        return api<WorkSession>(`/projects/${projectId}/checks`, {
          method: "POST",
          json: {
            draft: v.draft,
            ...(v.title.trim() ? { title: v.title.trim() } : {}),
            ...(subset ? { source_ids: chosen.map((s) => s.id) } : {}),
          },
          idempotencyKey: newKey(),
        });
      }
      const config = cleaned(schema, v.config);
      for (const key of HIDDEN_KEYS) delete config[key];
      const budget = {
        ...(runtime?.uses_model && v.usd.trim() ? { usd: Number(v.usd) } : {}),
        ...(v.minutes.trim() ? { seconds: Number(v.minutes) * 60 } : {}),
      };
      return api<WorkSession>(`/projects/${projectId}/work-sessions`, {
        method: "POST",
        json: {
          agent_type: name,
          task_description: v.task.trim(),
          config,
          approval_strategy: v.strategy,
          ...(subset ? { source_ids: chosen.map((s) => s.id) } : {}),
          ...(runtime ? { runtime: runtime.name } : {}),
          ...(Object.keys(budget).length ? { budget } : {}),
          auto_execute: runtime?.name !== "external", // its agent starts it: from then on its lease runs
        },
        idempotencyKey: newKey(),
      });
    },
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
      if (error instanceof ApiError && error.field) {
        const field = error.field.replace(/^(body\.)?/, "").replaceAll("/", ".").replace(/^\./, "");
        const inConfig = field.replace(/^config\./, "");
        if (schema.properties?.[inConfig]) setError(`config.${inConfig}`, { message: error.message });
        else if (field === "task_description") setError("task", { message: error.message });
        else if (field === "draft") setError("draft", { message: error.message });
        else if (field.startsWith("budget")) setError("usd", { message: error.message });
      }
    },
  });
  const submit = handleSubmit((v) => startWork.mutate(v));
  useKeys({ "Ctrl+Enter": () => void submit() }, !startWork.isPending);
  const problems = errorList(formState.errors);
  const taskLabel = tMaybe(`new.task.${name}`, t("new.task.research"));
  const noSources = ready.length === 0;

  return (
    <form
      className="page wide screen"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
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
            {["check", ...inOrder(agents)].map((option) => (
              <label key={option}>
                <input
                  type="radio"
                  name="agent"
                  checked={name === option}
                  onChange={() =>
                    void navigate({ to: "/projects/$projectId/new", params: { projectId }, search: { agent: option }, replace: true })
                  }
                />
                <b>{agentWord(option)}</b>
                <span>{tMaybe(`new.card.${option}`, agents.find((a) => a.name === option)?.goal ?? "")}</span>
              </label>
            ))}
          </div>
          <div className="mt-4">
            {name === "check" ? (
              <>
                <div className="field">
                  <label htmlFor="draft">{t("new.draft")}</label>
                  <div>
                    <textarea
                      id="draft"
                      className="in"
                      rows={10}
                      placeholder={t("new.draftPlaceholder")}
                      aria-invalid={formState.errors.draft ? true : undefined}
                      aria-describedby="draft-help"
                      {...register("draft", { validate: (v) => v.trim() !== "" || t("new.draftNeeded") })}
                    />
                    {formState.errors.draft && <ErrorLine>{formState.errors.draft.message}</ErrorLine>}
                    <div className="help" id="draft-help">
                      {t("new.draftHelp")}{" "}
                      <button type="button" className="link" onClick={() => draftFile.current?.click()}>
                        {t("new.draftFile")}
                      </button>
                      <input
                        ref={draftFile}
                        type="file"
                        accept=".md,.markdown,.txt,text/plain,text/markdown"
                        className="sr"
                        tabIndex={-1}
                        aria-label={t("new.draftFile")}
                        onChange={(event) => {
                          const file = event.target.files?.[0];
                          if (file) void readFile(file);
                          event.target.value = "";
                        }}
                      />
                    </div>
                  </div>
                </div>
                <div className="field">
                  <label htmlFor="title">{t("new.titleField")}</label>
                  <div>
                    <input id="title" className="in" maxLength={300} {...register("title")} />
                  </div>
                </div>
              </>
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
            <div className="field">
              <span className="label">{t("page.sources")}</span>
              <div>
                {usable.length > 0 && (
                  <div className="opts" role="group" aria-label={t("page.sources")}>
                    {usable.map((source) => (
                      <label className="opt row" key={source.id}>
                        <input
                          type="checkbox"
                          disabled={source.status !== "ready"}
                          checked={source.status === "ready" && !values.left.includes(source.id)}
                          onChange={(event) =>
                            setValue(
                              "left",
                              event.target.checked ? values.left.filter((id) => id !== source.id) : [...values.left, source.id],
                            )
                          }
                        />
                        <b className="break-words">{source.title}</b>
                        <span className="meta">
                          {source.status === "processing"
                            ? t("source.processing")
                            : source.status === "failed"
                              ? t("source.failed")
                              : sizeWords(source)}
                        </span>
                      </label>
                    ))}
                  </div>
                )}
                {noSources && upload.sending === 0 && <ErrorLine>{t("new.noSources")}</ErrorLine>}
                <div className="help">{t("new.dropHelp")}</div>
                {upload.sending > 0 && <div className="help">{t("source.sending", { count: upload.sending })}</div>}
                {upload.refused.map(({ name: file, error }) => (
                  <ErrorLine key={file}>
                    {file}: {[problemText(error).title, problemText(error).hint].filter(Boolean).join(" ")}
                  </ErrorLine>
                ))}
              </div>
            </div>
            {agent && (
              <>
                <div className="field">
                  <span className="label">{t("new.stops")}</span>
                  <div className="opts" role="radiogroup" aria-label={t("new.stops")}>
                    {STRATEGIES.map((strategy) => (
                      <label className="opt" key={strategy}>
                        <input type="radio" value={strategy} {...register("strategy")} />
                        <span>
                          <b>{t(`strategy.${strategy}.title`)}</b>
                          <small>{t(`strategy.${strategy}.words`)}</small>
                        </span>
                        <Track strategy={strategy} />
                      </label>
                    ))}
                  </div>
                </div>
                <div className="field">
                  <label htmlFor="runtime">{t("new.runtime")}</label>
                  <div>
                    <select id="runtime" className="in" {...register("runtime")}>
                      {agent.runtimes.map((r) => (
                        <option key={r.name} value={r.name} disabled={!r.available}>
                          {r.available ? r.label : `${r.label} (${t("new.runtimeOff")})`}
                        </option>
                      ))}
                    </select>
                    {runtime?.name === "external" && <div className="help">{t("ownAgent.drives")}</div>}
                    {agent.runtimes
                      .filter((r) => !r.available && r.why_not)
                      .map((r) => (
                        <div className="help" key={r.name}>
                          {r.label}: {r.why_not}
                        </div>
                      ))}
                  </div>
                </div>
                <div className="field">
                  <label htmlFor={runtime?.uses_model ? "usd" : "minutes"}>{t("new.budget")}</label>
                  <div>
                    <div className="line">
                      {runtime?.uses_model && (
                        <>
                          <span>$</span>
                          <input
                            id="usd"
                            className="in short"
                            inputMode="decimal"
                            placeholder={t("new.noLimit")}
                            aria-invalid={formState.errors.usd ? true : undefined}
                            {...register("usd", { validate: (v) => positive(v, false) })}
                          />
                        </>
                      )}
                      <span className="quiet">{runtime?.uses_model ? t("new.andAtMost") : t("new.atMost")}</span>
                      <input
                        id="minutes"
                        className="in short"
                        inputMode="numeric"
                        placeholder={t("new.noLimit")}
                        aria-label={t("new.minutes")}
                        aria-invalid={formState.errors.minutes ? true : undefined}
                        {...register("minutes", { validate: (v) => positive(v, true) })}
                      />
                      <span className="quiet">{t("new.minutesWord")}</span>
                    </div>
                    {(formState.errors.usd || formState.errors.minutes) && (
                      <ErrorLine>{formState.errors.usd?.message ?? formState.errors.minutes?.message}</ErrorLine>
                    )}
                    <div className="help">{t("new.budgetHelp")}</div>
                  </div>
                </div>
              </>
            )}
          </div>
        </div>
      </main>
      <aside className="rail" aria-label={t("new.rail")}>
        <section>
          <h2>{t("new.rail")}</h2>
          <ol className="plan mt-3">
            {(name === "check" ? checkSteps(chosen.length) : workSteps(chosen.length, values.strategy, runtime?.uses_model ?? false)).map(
              (step, i) => (
                <li key={i}>
                  <Mark shape={step.stop ? "stop" : step.end ? "supported" : "dot"} className="v-accent" />
                  <span>
                    <b>{step.title}</b>
                    {step.words}
                  </span>
                </li>
              ),
            )}
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
                  <button
                    type="button"
                    className="link mr-3"
                    key={problem.id}
                    onClick={() => document.getElementById(problem.id)?.focus()}
                  >
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
          {name === "check"
            ? t("new.checkDo")
            : runtime?.uses_model && Number(values.usd) > 0
              ? t("new.startUpTo", { what: agentWord(name).toLowerCase(), usd: Number(values.usd).toFixed(2) })
              : t("new.start", { what: agentWord(name).toLowerCase() })}{" "}
          <Kbd>Ctrl ↵</Kbd>
        </button>
      </footer>
    </form>
  );
}

interface Step {
  title: string;
  words: string;
  stop?: boolean;
  end?: boolean;
}

function checkSteps(sources: number): Step[] {
  return [
    { title: t("will.now"), words: t("will.checkNow", { count: sources }) },
    { title: t("will.compared"), words: t("will.comparedWords") },
    { title: t("will.sign"), words: t("will.checkSign"), stop: true },
    { title: t("will.saved"), words: t("will.savedWords"), end: true },
  ];
}

function workSteps(sources: number, strategy: Strategy, model: boolean): Step[] {
  const steps: Step[] = [{ title: t("will.now"), words: t("will.pinned", { count: sources }) }];
  if (strategy === "checkpoint_required") steps.push({ title: t("will.plan"), words: t("will.planWords"), stop: true });
  steps.push({
    title: t("will.reads"),
    words: `${model ? t("will.readsModel") : t("will.readsQuotes")} ${strategy === "final_only" ? t("will.collected") : t("will.doubts")}`,
    stop: strategy !== "final_only" ? true : undefined,
  });
  steps.push({ title: t("will.compared"), words: t("will.comparedWords") });
  steps.push({
    title: t("will.sign"),
    words: strategy === "auto_approve_low_risk" ? t("will.signMaybe") : t("will.signWords"),
    stop: true,
  });
  steps.push({ title: t("will.saved"), words: t("will.savedWords"), end: true });
  return steps;
}
