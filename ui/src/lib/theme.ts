import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark" | "system";
const KEY = "proofroom.theme";
const listeners = new Set<() => void>();

function read(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system"; // storage can be switched off; the system's choice then holds
  }
}

let current: Theme = read();

function apply(): void {
  if (current === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = current;
}

export function setTheme(theme: Theme): void {
  current = theme;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    /* the choice then lasts until the page is closed */
  }
  apply();
  for (const listener of listeners) listener();
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

apply();

/** How close the rows of lists stand. */
export type Density = "calm" | "dense";
const DENSITY = "proofroom.density";

function readDensity(): Density {
  try {
    return localStorage.getItem(DENSITY) === "dense" ? "dense" : "calm";
  } catch {
    return "calm";
  }
}

let density: Density = readDensity();

function applyDensity(): void {
  if (density === "calm") delete document.documentElement.dataset["density"];
  else document.documentElement.dataset["density"] = density;
}

export function setDensity(next: Density): void {
  density = next;
  try {
    if (next === "calm") localStorage.removeItem(DENSITY);
    else localStorage.setItem(DENSITY, next);
  } catch {
    /* the choice then lasts until the page is closed */
  }
  applyDensity();
  for (const listener of listeners) listener();
}

export function useDensity(): Density {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => density,
  );
}

applyDensity();
