import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useForm } from "react-hook-form";
import { api, ApiError } from "@/api/client";
import { agentsQuery, base, meQuery, policyQuery, projectQuery, sessionQuery, sourcesQuery } from "@/api/queries";
import type { Agent, JsonSchema, Project, Source, WorkSession } from "@/api/types";
import { templatesQuery, type Template, type TemplateContent } from "@/api/work";
import { ArchivedLine } from "@/components/Archive";
import { Mark } from "@/components/Mark";
import { defaultsOf, SchemaFields } from "@/components/SchemaForm";
import { ErrorLine, Kbd, Loading, Problem, problemText } from "@/components/States";
import { t, tMaybe } from "@/i18n";
import { takeOver } from "@/lib/handover";
import { useKeys } from "@/lib/keys";
import { useMay } from "@/lib/may";
import { useTitle } from "@/lib/title";
import { useOnce } from "@/lib/once";
import { AgentCards } from "@/newwork/AgentCards";
import { LastTime } from "@/newwork/LastTime";
import { BudgetField, DeliverField, DraftFields, StrategyField } from "@/newwork/parts";
import { checkBody, errorList, fieldOf, firstRuntime, HIDDEN_KEYS, requestOf, withSources, workBody, type Values } from "@/newwork/request";
import { RuntimeField } from "@/newwork/RuntimeField";
import { SourcesField } from "@/newwork/SourcesField";
import { contentOf, startFrom } from "@/newwork/start";
import { FromTemplate, isMoved, SaveTemplate, TemplateCards } from "@/newwork/Templates";
import { droppedFiles } from "@/lib/dropped";
import { useAdd } from "@/sources/AddSources";
import { useUploads, type Upload } from "@/sources/uploads";
import { aheadOf, checkSteps, noteOf, workSteps } from "@/newwork/will";

const DRAFT_LIMIT = 2_000_000;
const NO_FIELDS: JsonSchema = { type: "object", properties: {} };

export function NewWorkPage() {
  useTitle(t("page.newWork"));
  const { projectId } = useParams({ from: "/projects/$projectId/new" });
  const project = useQuery(projectQuery(projectId));
  const agents = useQuery(agentsQuery(projectId));
  const sources = useQuery(sourcesQuery(projectId));
  const search = useSearch({ from: "/projects/$projectId/new" });
  const templates = useQuery(templatesQuery(projectId));
  const copied = useQuery({ ...sessionQuery({ projectId, sessionId: search.from ?? "" }), enabled: search.from !== undefined });
  const me = useQuery(meQuery);
  const may = useMay("requester");
  const failed = me.error ?? project.error ?? agents.error ?? sources.error ?? copied.error;
  // What a form starts from has to be there before it: later it would take the place of what was typed meanwhile.
  // A template as this page knew it earlier may have been changed since.
  const early = templates.isPending || (templates.isFetching && !templates.isFetchedAfterMount);
  const [opened, setOpened] = useState(false);
  const waits = !opened && ((search.template !== undefined && early) || (search.from !== undefined && copied.isPending));
  if (me.data && !may) return <Instead title={t("page.newWork")}>{t("workArea.form.onlyRead")}</Instead>;
  if (failed || waits || !may || !agents.data || !sources.data || !project.data) {
    return (
      <main className="inbox screen">
        <div className="wrap">
          <h1 className="sr">{t("page.newWork")}</h1>
          {failed ? (
            <Problem
              what={t("new.failed")}
              error={failed}
              retry={() => {
                if (me.error) void me.refetch();
                void project.refetch();
                void agents.refetch();
                void sources.refetch();
                if (copied.error) void copied.refetch();
              }}
            />
          ) : (
            <Loading words={t("new.loading")} />
          )}
        </div>
      </main>
    );
  }
  // One that is archived while its form is filled in leaves what was typed there.
  if (!opened && project.data.archived_at) {
    return (
      <Instead title={t("new.title", { project: project.data.name })}>
        <ArchivedLine project={project.data} />
      </Instead>
    );
  }
  if (!opened) setOpened(true);
  return (
    <NewWork
      projectId={projectId}
      project={project.data}
      agents={agents.data}
      sources={sources.data}
      templates={templates.data ?? []}
      templatesFailed={templates.error}
      copied={search.from ? (copied.data ?? null) : null}
    />
  );
}

/** What became of the files that were dropped, wherever on the page that was. */
function Sent({ sent, onShow }: { sent: Upload[]; onShow: () => void }) {
  const n = (...states: Upload["state"][]) => sent.filter((one) => states.includes(one.state)).length;
  const open = n("waiting", "sending");
  const refused = n("refused", "stopped");
  return (
    <>
      <b>{open > 0 ? t("upload.sum", { done: sent.length - open, all: sent.length }) : t("upload.ended", { done: n("done") })}</b>
      <span>
        {[n("here") > 0 ? t("upload.here", { count: n("here") }) : "", refused > 0 ? t("upload.refused", { count: refused }) : ""].filter(Boolean).join(" · ")}{" "}
        <button type="button" className="link" onClick={onShow}>
          {t("workArea.form.showSources")}
        </button>
      </span>
    </>
  );
}

/** Instead of a form that the server would refuse. */
function Instead({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="inbox screen">
      <div className="wrap">
        <h1 className="doctitle">{title}</h1>
        <div className="mt-2 max-w-[72ch] text-ink-2">{children}</div>
        <p className="mt-3">
          <Link className="b" to="/work">
            {t("page.work")}
          </Link>
        </p>
      </div>
    </main>
  );
}

function NewWork({
  projectId,
  project,
  agents,
  sources,
  templates,
  templatesFailed,
  copied,
}: {
  projectId: string;
  project: Project;
  agents: Agent[];
  sources: Source[];
  templates: Template[];
  templatesFailed: unknown;
  copied: WorkSession | null;
}) {
  const search = useSearch({ from: "/projects/$projectId/new" });
  const navigate = useNavigate();
  const client = useQueryClient();
  const add = useAdd(projectId);
  // What was sent from other pages before is said there.
  const all = useUploads(projectId);
  const [earlier] = useState(() => Math.max(0, ...all.map((one) => one.id)));
  const sent = all.filter((one) => one.id > earlier);
  const me = useQuery(meQuery).data;
  const policy = useQuery(policyQuery(projectId)).data;
  const [over, setOver] = useState(false);
  const [refused, setRefused] = useState<unknown>(null);
  const [said, setSaid] = useState<string | null>(null);
  // What the form was filled in from: what somebody makes of it meanwhile is said, and taken only when it is asked for.
  const live = templates.find((one) => one.id === search.template) ?? null;
  const [template, setTemplate] = useState(live);
  /** Whether the work is asked for as it is shown, whatever the template says by now. */
  const [apart, setApart] = useState(false);
  const take = (one: Template | null) => {
    setTemplate(one);
    setApart(false);
  };
  if (template?.id !== search.template && template !== live) take(live);
  const wanted = template?.agent_type ?? copied?.agent_type ?? search.agent;
  const name = wanted !== undefined && agents.some((a) => a.name === wanted) ? wanted : "check";
  const agent = agents.find((a) => a.name === name) ?? null;
  const base_schema = agent?.config_schema ?? NO_FIELDS;
  const schema = useMemo(() => withSources(base_schema, sources.filter((s) => !s.retracted_at && s.status === "ready")), [base_schema, sources]);
  const usable = sources.filter((s) => !s.retracted_at);
  const ready = usable.filter((s) => s.status === "ready");
  const start = useMemo(() => {
    const content = template?.content ?? (copied ? contentOf(copied) : null);
    return agent && content ? startFrom(content, agent, base_schema, usable) : null;
    // What the form starts from is settled once: sources that come later do not change it.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [template, copied, agent, base_schema]);
  const first = firstRuntime(agent);

  const empty: Values = {
    task: "", title: "", draft: "", config: defaultsOf(base_schema), strategy: "final_only", runtime: first.name, model: first.model,
    usd: "", minutes: "", tokens: "", left: [], folder: "",
  };
  const form = useForm<Values>({ mode: "onTouched", defaultValues: { ...empty, ...start?.values } });
  const { register, control, watch, setValue, handleSubmit, formState, setError, clearErrors, reset } = form;
  const { isDirty } = formState;
  const values = watch();
  const runtime = agent?.runtimes.find((r) => r.name === values.runtime);

  const began = `${name} ${template?.id ?? ""} ${template?.version ?? ""} ${copied?.id ?? ""}`;
  const held = useRef(began);
  useEffect(() => {
    if (held.current === began) return;
    held.current = began;
    // Of another kind of work only what that has itself begins anew; what was typed and chosen stays.
    const { task, draft, title, left, folder } = form.getValues();
    reset(start ? { ...empty, draft, title, ...start.values } : { ...empty, task, draft, title, left, folder });
    setRefused(null);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [began, start, reset]);

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
    const rest = files.filter((file) => file !== draft);
    if (rest.length > 0) add(rest.map((file) => ({ file })));
  };
  useEffect(() => {
    const carried = takeOver();
    // Whoever came to write something writes it; a field that somebody is in keeps them.
    if (!carried && search.agent && document.activeElement === document.body) form.setFocus(agent ? "task" : "draft");
    if (!carried) return;
    if (carried.draft) setValue("draft", carried.draft);
    if (carried.files.length) void takeFiles(carried.files);
    // Only once, when the page opens.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const chosen = ready.filter((s) => !values.left.includes(s.id));
  const sourceIds = chosen.length < ready.length ? chosen.map((s) => s.id) : null;
  const place = (sessionId: string) => ({ projectId, sessionId });
  const once = useOnce();
  const send = (v: Values, now: boolean): Promise<WorkSession> => {
    const post = (path: string, json: unknown, headers?: Record<string, string>) =>
      once([path, json], (idempotencyKey) => api<WorkSession>(path, { method: "POST", json, idempotencyKey, headers }));
    // Who watches a long check sees its ledger fill.
    if (agent === null) return post(`/projects/${projectId}/checks`, checkBody(v, sourceIds), { Prefer: "respond-async" });
    const body = workBody(agent, schema, v, sourceIds, now, template && !apart ? { template, all: ready.map((s) => s.id) } : undefined);
    const same = copied !== null && agent.name === copied.agent_type && !v.folder && (sourceIds ?? []).join() === (copied.source_ids ?? []).join();
    if (!same) return post(`/projects/${projectId}/work-sessions`, body);
    const { task_description, config, approval_strategy, runtime: spec, budget, auto_execute } = body;
    const title = v.task.trim() === copied.task_description ? undefined : v.task.trim().replace(/\s+/g, " ").slice(0, 90);
    return post(`${base(place(copied.id))}/fork`, { task_description, config, approval_strategy, runtime: spec, budget, auto_execute, title });
  };
  const startWork = useMutation({
    mutationFn: ({ v, now }: { v: Values; now: boolean }) => send(v, now),
    onMutate: () => {
      setRefused(null);
      setSaid(null);
    },
    onSuccess: (session) => {
      for (const queryKey of [["sessions", projectId], ["work"], ["inbox"], ["projects"], ["project", projectId], ["templates", projectId]])
        void client.invalidateQueries({ queryKey });
      if (session.checkpoint_id && name === "check")
        void navigate({ to: "/review/$checkpointId", params: { checkpointId: session.checkpoint_id } });
      else void navigate({ to: "/projects/$projectId/sessions/$sessionId", params: place(session.id) });
    },
    onError: (error) => {
      refuse(error);
      if (error instanceof ApiError && error.code === "project_archived") void client.invalidateQueries({ queryKey: ["project", projectId] });
    },
  });
  const refuse = (error: unknown) => {
    setRefused(error);
    const field = fieldOf(error, schema, values.runtime);
    const { title, hint } = problemText(error);
    if (isMoved(error)) {
      void client.invalidateQueries({ queryKey: ["templates", projectId] });
      document.getElementById("from-template")?.focus();
    }
    if (field) setError(field, { message: [title, hint].filter(Boolean).join(" ") }, { shouldFocus: true });
  };
  /** What a template would keep of the form, or null while the form is wrong. A template may leave the task open. */
  const content = async (): Promise<TemplateContent | null> => {
    if (agent === null || !(await form.trigger(["config", "usd", "minutes", "tokens", "folder", "runtime", "model"] as never))) return null;
    return requestOf(agent, schema, form.getValues(), sourceIds);
  };
  const submit = (now: boolean) => {
    clearErrors("left"); // it belongs to no field of the form's own, so sending again would not clear it
    void handleSubmit((v) => {
      if (ready.length > 0 && chosen.length === 0) setError("left", { message: t("workArea.form.noneChosen") });
      else startWork.mutate({ v, now });
    })();
  };
  const still = startWork.isPending || project.archived_at !== null;
  useKeys({ "Ctrl+Enter": () => submit(true) }, !still);
  const choose = (next: { agent?: string; template?: string }) =>
    void navigate({ to: "/projects/$projectId/new", params: { projectId }, search: next, replace: true });
  const taskLabel = tMaybe(`new.task.${name}`, t("new.task.any"));
  const problems = errorList(formState.errors, schema, taskLabel);
  const noSources = ready.length === 0;
  const usesModel = runtime?.uses_model ?? false;
  const what = agent ? tMaybe(`workArea.form.startOf.${name}`, tMaybe(`agent.${name}`, agent.title).toLowerCase()) : "";
  const folder = agent && me?.folders ? values.folder.trim() : "";
  const ahead = aheadOf(policy, agent, values.config ?? {}, folder !== "");
  const steps = agent ? workSteps(chosen.length, values.strategy, usesModel, ahead, folder) : checkSteps(chosen.length, ahead);
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
        submit(true);
      }}
      data-over={over}
      onDragOver={(event) => {
        // A text that is dragged into a field goes there.
        if (!event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        // From one part of the page to the next is not away from it.
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => {
        if (!event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setOver(false);
        void droppedFiles(event.dataTransfer).then(takeFiles);
      }}
    >
      <main className="main">
        <div className="form">
          <h1 className="doctitle">{t("new.title", { project: project.name })}</h1>
          <ArchivedLine project={project} />
          <AgentCards agents={agents} name={name} choose={(option) => choose({ agent: option })} />
          <TemplateCards
            templates={templates}
            agents={agents}
            chosen={template?.id}
            choose={(one) => choose(one ? { agent: one.agent_type, template: one.id } : { agent: name })}
          />
          {templatesFailed ? <ErrorLine>{t("workArea.template.failed", { why: problemText(templatesFailed).title })}</ErrorLine> : null}
          {search.template && !template && !templatesFailed && <p className="meta mt-2">{t("workArea.template.gone")}</p>}
          {template && (
            <FromTemplate
              key={template.id}
              template={template}
              live={live}
              refused={isMoved(refused) ? refused : null}
              apart={apart}
              changed={isDirty}
              missing={start?.missing ?? 0}
              content={content}
              take={(one) => {
                setRefused(null);
                take(one);
              }}
              goOn={() => {
                setRefused(null);
                setApart(true);
              }}
              leave={() => choose({ agent: name })}
            />
          )}
          {copied && !template && <p className="fromtemplate">{t("workArea.template.copyOf", { title: copied.title })}</p>}
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
            <SourcesField form={form} usable={usable} projectId={projectId} sent={sent} add={(files) => add(files.map((file) => ({ file })))} />
            {agent && (
              <>
                <StrategyField form={form} note={noteOf(ahead)} />
                <RuntimeField agent={agent} form={form} />
                <BudgetField form={form} usesModel={usesModel} budget={agent.budget ?? {}} />
                {me?.folders && <DeliverField form={form} />}
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
        {live && <LastTime template={live} />}
      </aside>
      <footer className="dock" aria-label={t("page.newWork")}>
        <div className="st" role="status">
          {startWork.isPending ? (
            <b>{t("new.starting")}</b>
          ) : project.archived_at ? (
            <b>{t("archive.is")}</b>
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
              <span className="bad">{isMoved(refused) ? t("workArea.template.choose") : [problemText(refused).title, problemText(refused).hint].filter(Boolean).join(" ")}</span>
            </>
          ) : over ? (
            <b>{t("new.dropHere")}</b>
          ) : said ? (
            <b>{said}</b>
          ) : sent.length > 0 ? (
            <Sent sent={sent} onShow={() => focus("sources")} />
          ) : null}
        </div>
        {agent && (
          <>
            <SaveTemplate
              projectId={projectId}
              content={content}
              saved={(one) => {
                setSaid(t("workArea.template.saved", { name: one.name }));
                choose({ agent: one.agent_type, template: one.id });
              }}
            />
            <button type="button" className="b" disabled={still} onClick={() => submit(false)}>
              {t("workArea.form.saveLater")}
            </button>
          </>
        )}
        <button
          type="submit"
          className={`b big ${problems.length === 0 && !noSources ? "fill" : "wait"}`}
          disabled={still}
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
