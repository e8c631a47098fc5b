/** The project that an address is of. */
export const projectOf = (path: string): string | null => /^\/projects\/([^/]+)/.exec(path)?.[1] ?? null;

let last: string | null = null;

/** Keeps the project whose pages were looked at last, so that settings open on it. */
export function keepProject(path: string): void {
  last = projectOf(path) ?? last;
}

export const lastProject = (): string | null => last;
