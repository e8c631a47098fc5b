import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { api, ApiError, newKey } from "@/api/client";
import type { Agent } from "@/api/types";
import { ErrorLine, Kbd, problemText } from "@/components/States";
import { t } from "@/i18n";
import { useKeys } from "@/lib/keys";
import { inOrder } from "@/newwork/request";
import { lineOf, nameIn, saidOf, startFrom, type ProjectAgent } from "./agents";
import { YamlField, type YamlHandle } from "./YamlField";

/** The text of one definition, new or as it stands. What is wrong is named with its line, and the cursor goes there. */
export function AgentEditor({
  projectId,
  agent,
  offered,
  may,
  onClose,
  onSaved,
}: {
  projectId: string;
  /** Null while a new one is written. */
  agent: ProjectAgent | null;
  /** All that the project offers: to start from, and for the names that are taken. */
  offered: Agent[];
  may: boolean;
  onClose: () => void;
  onSaved: (saved: ProjectAgent) => void;
}) {
  const client = useQueryClient();
  const [text, setText] = useState(agent?.definition ?? "");
  const field = useRef<YamlHandle>(null);
  const changed = text !== (agent?.definition ?? "");
  const save = useMutation({
    mutationFn: () =>
      agent === null
        ? api<ProjectAgent>(`/projects/${projectId}/agents`, { method: "POST", json: { definition: text }, idempotencyKey: newKey() })
        : api<ProjectAgent>(`/projects/${projectId}/agents/${agent.name}`, { method: "PUT", json: { definition: text, version: agent.version } }),
    onSuccess: (saved) => {
      for (const queryKey of [["project-agents", projectId], ["agents", projectId]]) void client.invalidateQueries({ queryKey });
      onSaved(saved);
    },
  });
  const bad = lineOf(save.error);
  useEffect(() => {
    if (bad !== null) field.current?.goTo(bad);
  }, [bad, save.submittedAt]);
  const starts = inOrder(offered).flatMap((known) => offered.filter((one) => one.name === known && one.definition));
  const begin = (name: string) => {
    const from = starts.find((one) => one.name === name);
    if (!from?.definition) return;
    const started = startFrom(from.definition, offered.map((one) => one.name));
    save.reset();
    flushSync(() => setText(started)); // so that the line is there to go to
    field.current?.goTo(1 + started.split("\n").findIndex((line) => line.startsWith("name:")));
  };
  const send = () => {
    if (may && changed && text.trim() !== "" && !save.isPending) save.mutate();
  };
  useKeys({ "Ctrl+Enter": send, Escape: () => !changed && onClose() });
  const name = nameIn(text);
  const replaces = agent === null && offered.some((one) => one.name === name && one.origin !== "project");
  const moved = save.error instanceof ApiError && save.error.code === "definition_changed";
  return (
    <section className="sect editor" aria-label={agent ? t("agents.editOf", { name: agent.title }) : t("agents.add")}>
      <h2>{agent ? t("agents.editOf", { name: agent.title }) : t("agents.add")}</h2>
      {agent === null && starts.length > 0 && (
        <p className="line mb-2">
          <span className="quiet">{t("agents.startFrom")}</span>
          {starts.map((one) => (
            <button type="button" className="b small" key={one.name} onClick={() => begin(one.name)} disabled={text.trim() !== "" && !isStart(text, starts, offered)}>
              {one.title}
            </button>
          ))}
        </p>
      )}
      {save.error && (
        <ErrorLine id="definition-error">
          {bad !== null ? (
            <>
              <button type="button" className="link" onClick={() => field.current?.goTo(bad)}>
                {t("agents.line", { n: bad })}
              </button>
              {": "}
              {saidOf(save.error)}
            </>
          ) : (
            [problemText(save.error).title, problemText(save.error).hint].filter(Boolean).join(" ")
          )}
        </ErrorLine>
      )}
      {moved && (
        <p className="mt-2">
          <button type="button" className="b small" onClick={() => void client.invalidateQueries({ queryKey: ["project-agents", projectId] }).then(onClose)}>
            {t("agents.reload")}
          </button>
        </p>
      )}
      <label className="sr" htmlFor="definition">
        {t("agents.definition")}
      </label>
      <YamlField
        ref={field}
        id="definition"
        value={text}
        bad={bad}
        readOnly={!may || save.isPending}
        describedBy={save.error ? "definition-error" : "definition-help"}
        onChange={(next) => {
          setText(next);
          if (save.isError) save.reset();
        }}
      />
      <p className="meta mt-1" id="definition-help">
        {replaces ? t("agents.replaces", { name: name ?? "" }) : agent ? t("agents.keepWords") : t("agents.newWords")}
      </p>
      <div className="acts">
        {may && (
          <button type="button" className={`b ${changed && text.trim() !== "" ? "fill" : "wait"}`} disabled={!changed || text.trim() === "" || save.isPending} onClick={send}>
            {save.isPending ? t("agents.saving") : agent ? t("agents.saveNext", { n: agent.version + 1 }) : t("agents.addThis")} <Kbd>Ctrl ↵</Kbd>
          </button>
        )}
        <button type="button" className="b bare" onClick={onClose}>
          {changed && may ? t("agents.drop") : t("action.close")}
        </button>
      </div>
    </section>
  );
}

/** Whether the text is a start as it was given: another start may take its place, what somebody wrote may not. */
function isStart(text: string, starts: Agent[], offered: Agent[]): boolean {
  const taken = offered.map((one) => one.name);
  return starts.some((one) => one.definition && startFrom(one.definition, taken) === text);
}
