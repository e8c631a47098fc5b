import { useState } from "react";
import type { Artifact, WorkSession } from "@/api/types";
import { t } from "@/i18n";
import { BySource, Finding } from "./Findings";
import { FullText } from "./FullText";
import type { Section } from "./sections";
import { Variations } from "./Variations";

export type View = "findings" | "sources" | "variations" | "text";

/** The ways to look at what a session made, the most telling first. */
export function viewsOf(session: WorkSession, artifacts: Artifact[]): View[] {
  const none = artifacts.length === 0 && (session.status === "queued" || session.status === "in_progress");
  // While the first of them is awaited, the ways to look at it have their place already.
  if (none && session.agent_type === "research") return ["findings", "sources", "text"];
  if (none && session.agent_type === "content") return ["variations", "text"];
  if (artifacts.length > 0 && artifacts.every((one) => one.artifact_type === "research_finding"))
    return session.status === "completed" ? ["text", "findings", "sources"] : ["findings", "sources", "text"];
  if (artifacts.length > 0 && artifacts.every((one) => one.artifact_type === "content_draft")) return ["variations", "text"];
  return ["text"];
}

/** The view that is shown; null until somebody chooses one. */
export function useView(views: View[]): [View, (view: View) => void] {
  const [chosen, setChosen] = useState<View | null>(null);
  return [chosen && views.includes(chosen) ? chosen : (views[0] ?? "text"), setChosen];
}

const WORDS = { findings: "workArea.viewer.findings", sources: "workArea.viewer.bySource", variations: "workArea.viewer.variations", text: "workArea.viewer.text" } as const;

export function ViewChoice({ views, view, choose }: { views: View[]; view: View; choose: (view: View) => void }) {
  if (views.length < 2) return null;
  return (
    <span className="seg small" role="radiogroup" aria-label={t("workArea.viewer.how")}>
      {views.map((one) => (
        <label key={one}>
          <input type="radio" name="session-view" checked={one === view} onChange={() => choose(one)} />
          {t(WORDS[one])}
        </label>
      ))}
    </span>
  );
}

/** What was made, in the view that was chosen. */
export function Made({ session, artifacts, view, goal }: { session: WorkSession; artifacts: Artifact[]; view: View; goal: Section | null }) {
  const projectId = session.project_id;
  switch (view) {
    case "findings":
      return artifacts.map((artifact, i) => <Finding key={artifact.id} artifact={artifact} n={i + 1} projectId={projectId} />);
    case "sources":
      return <BySource artifacts={artifacts} projectId={projectId} />;
    case "variations": {
      const platform = session.config["platform"];
      return <Variations artifacts={artifacts} platform={typeof platform === "string" ? platform : null} projectId={projectId} />;
    }
    case "text":
      return <FullText artifacts={artifacts} projectId={projectId} goal={goal} />;
  }
}
