import { useEffect, useRef } from "react";

export type KeyMap = Record<string, (event: KeyboardEvent) => void>;

const TEXT_TYPES = new Set(["text", "search", "email", "url", "tel", "password", "number", "date", "time", ""]);

/** True while a key press means text, not a command. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.tagName === "TEXTAREA" || target.tagName === "SELECT") return true;
  return target.tagName === "INPUT" && TEXT_TYPES.has((target as HTMLInputElement).type);
}

function nameOf(event: KeyboardEvent): string {
  if (event.ctrlKey || event.metaKey) return `Ctrl+${event.key}`;
  return event.key;
}

/**
 * Keys of the page. With `on` false nothing happens: nobody decides on what they have not seen.
 * Single letters are dead inside text fields; `Escape` and `Ctrl+…` are not. `Enter` and space stay with
 * the control that has the focus.
 */
export function useKeys(map: KeyMap, on = true): void {
  const latest = useRef(map);
  useEffect(() => {
    latest.current = map;
  });
  useEffect(() => {
    if (!on) return;
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey || event.isComposing || event.repeat) return;
      const name = nameOf(event);
      const act = latest.current[name];
      if (!act) return;
      if (isTyping(event.target) && name !== "Escape" && !name.startsWith("Ctrl+")) return;
      if (name === "Enter" && event.target instanceof Element && event.target.closest("a, button, summary")) return;
      event.preventDefault();
      act(event);
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [on]);
}
