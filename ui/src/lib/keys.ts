import { useEffect, useRef } from "react";

/** Which controls do something themselves with these keys. */
const OWN: Record<string, string> = { Enter: "a, button, summary", " ": "button, summary, input" };

/** Keys that go through a list: held down they go on. */
export const MOVES = ["j", "k", "ArrowDown", "ArrowUp", "PageDown", "PageUp"] as const;

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
 * the control that has the focus. A key that is held down counts once, but for `repeats`.
 */
export function useKeys(map: KeyMap, on = true, repeats: readonly string[] = []): void {
  const latest = useRef({ map, repeats });
  useEffect(() => {
    latest.current = { map, repeats };
  });
  useEffect(() => {
    if (!on) return;
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey || event.isComposing) return;
      const name = nameOf(event);
      const act = latest.current.map[name];
      if (!act || (event.repeat && !latest.current.repeats.includes(name))) return;
      if (isTyping(event.target) && name !== "Escape" && !name.startsWith("Ctrl+")) return;
      if (OWN[name] && event.target instanceof Element && event.target.closest(OWN[name])) return;
      event.preventDefault();
      act(event);
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [on]);
}
