import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { agentsQuery, meQuery } from "@/api/queries";
import type { MemoryItem, MemoryKind } from "@/api/substrate";
import { ErrorLine, Kbd, problemText } from "@/components/States";
import { t } from "@/i18n";
import { dayOf, expiryOf } from "./memory";

export interface Words {
  text: string;
  scope: { project_id: string | null; agent_type: string | null };
  expires_at: string | null;
}

/** An instruction or a lesson under the pen: its words, who is told, and until when. */
export function MemoryForm({
  kind,
  item,
  text: given = "",
  projectId,
  busy,
  error,
  onSave,
  onClose,
}: {
  kind: MemoryKind;
  item?: MemoryItem;
  /** What a new one begins with. */
  text?: string;
  projectId: string;
  busy: boolean;
  error: unknown;
  onSave: (words: Words) => void;
  onClose: () => void;
}) {
  const id = useId();
  const agents = useQuery(agentsQuery(projectId)).data ?? [];
  const admin = useQuery(meQuery).data?.role === "admin";
  const [text, setText] = useState(item?.text ?? given);
  const [agent, setAgent] = useState(item?.scope?.agent_type ?? "");
  const [everywhere, setEverywhere] = useState(item?.scope ? item.scope.project_id === null : false);
  const [day, setDay] = useState(dayOf(item?.expires_at));
  const problem = error ? problemText(error) : null;
  return (
    <form
      className="doing memform"
      onKeyDown={(event) => event.key === "Escape" && onClose()}
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() && !busy) onSave({ text: text.trim(), scope: { project_id: everywhere ? null : projectId, agent_type: agent || null }, expires_at: expiryOf(day) });
      }}
    >
      <label className="font-medium" htmlFor={`${id}-text`}>
        {t(`memory.text.${kind}`)}
      </label>
      <textarea id={`${id}-text`} className="in mt-1" rows={3} autoFocus value={text} onChange={(event) => setText(event.target.value)} />
      {kind !== "block" && (
        <div className="memscope">
          <label>
            <span>{t("memory.agent")}</span>
            <select className="in" value={agent} onChange={(event) => setAgent(event.target.value)}>
              <option value="">{t("memory.anyAgent")}</option>
              {agents.map((one) => (
                <option value={one.name} key={one.name}>
                  {one.title}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>{t("memory.where")}</span>
            <select className="in" value={everywhere ? "all" : "here"} disabled={!admin} title={admin ? undefined : t("memory.admin")} onChange={(event) => setEverywhere(event.target.value === "all")}>
              <option value="here">{t("memory.here")}</option>
              <option value="all">{t("memory.everywhere")}</option>
            </select>
          </label>
          <label>
            <span>{t("memory.expires")}</span>
            <input className="in" type="date" aria-describedby={`${id}-help`} value={day} onChange={(event) => setDay(event.target.value)} />
          </label>
          <p className="meta" id={`${id}-help`}>
            {t("memory.expiresHelp")}
          </p>
        </div>
      )}
      <div className="acts">
        <button type="submit" className="b small" disabled={!text.trim() || busy}>
          {busy ? t("memory.saving") : item ? t("memory.save") : t("memory.add")}
        </button>
        <button type="button" className="b small bare" onClick={onClose}>
          {t("action.back")} <Kbd>Esc</Kbd>
        </button>
      </div>
      {problem && <ErrorLine>{[t("memory.notSaved") + ".", problem.title, problem.hint].filter(Boolean).join(" ")}</ErrorLine>}
    </form>
  );
}
