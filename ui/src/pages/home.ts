import type { Project } from "@/api/types";

/** Where new work goes by default: the person's own project, else the newest. */
export function homeProject(projects: Project[]): Project | undefined {
  return projects.find((p) => p.sample_key === "yours") ?? projects.findLast((p) => p.sample_key === null) ?? projects[0];
}
