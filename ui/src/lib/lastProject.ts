/** The project that an address is of. */
export const projectOf = (path: string): string | null => /^\/projects\/([^/]+)/.exec(path)?.[1] ?? null;

const KEY = "proofroom.project";

/** Keeps the project whose pages this tab looked at last, so that settings open on it. */
export function keepProject(path: string): void {
  const project = projectOf(path);
  if (!project) return;
  try {
    sessionStorage.setItem(KEY, project);
  } catch {
    // Without storage settings open on the first project, as in a new tab.
  }
}

export function lastProject(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}
