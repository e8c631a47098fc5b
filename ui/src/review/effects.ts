import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, type RefObject } from "react";
import type { Checkpoint } from "@/api/types";

/** Brings the selected sentence into view, inside its own pane, and starts its evidence from the top. */
export function useInView(selected: string | null, draft: RefObject<HTMLElement | null>, evidence: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const pane = draft.current;
    const span = selected ? pane?.querySelector(`[data-claim="${CSS.escape(selected)}"]`) : null;
    if (pane && span) {
      const a = span.getBoundingClientRect();
      const b = pane.getBoundingClientRect();
      // A cell of a wide table, within the box that the table scrolls in.
      const box = span.closest(".scrollx");
      if (box) {
        const edge = box.getBoundingClientRect();
        if (a.left < edge.left || a.right > edge.right) box.scrollLeft += a.left - edge.left - 24;
      }
      if (a.top < b.top + 24 || a.bottom > b.bottom - 24) pane.scrollTop += a.top - b.top - b.height / 3;
    }
    if (evidence.current) evidence.current.scrollTop = 0;
  }, [selected, draft, evidence]);
}

/** When the time to undo is over, asks what became of it; the live stream says the same, usually first. */
export function useUndoEnd({ id, session_id, held, undo_until }: Checkpoint): void {
  const client = useQueryClient();
  const until = held ? undo_until : null;
  useEffect(() => {
    if (!until) return;
    const wait = Math.max(0, new Date(until).getTime() - Date.now()) + 400;
    const timer = setTimeout(() => {
      for (const queryKey of [["checkpoint", id], ["session", session_id], ["inbox"]]) void client.invalidateQueries({ queryKey });
    }, wait);
    return () => clearTimeout(timer);
  }, [until, id, session_id, client]);
}

/**
 * What had the focus may go when something is done: a button that was pressed, a line that was written. Then the focus
 * stays in the same part of the page, so that the next Tab is where the work goes on.
 */
export function useFocusKept(page: RefObject<HTMLElement | null>, selected: string | null): void {
  const last = useRef<HTMLElement | null>(null);
  useEffect(() => {
    const root = page.current;
    if (!root) return;
    const focused = (event: FocusEvent) => {
      last.current = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-region]") : null;
    };
    // A press beside everything leaves it on purpose.
    const pressed = (event: PointerEvent) => {
      if (event.target instanceof Element && !event.target.closest("button, a, input, textarea, select, [tabindex]")) last.current = null;
    };
    root.addEventListener("focusin", focused);
    root.addEventListener("pointerdown", pressed);
    return () => {
      root.removeEventListener("focusin", focused);
      root.removeEventListener("pointerdown", pressed);
    };
  }, [page]);
  useEffect(() => {
    const region = last.current;
    if (!region || (document.activeElement !== document.body && document.activeElement !== null)) return;
    const span = selected && region.matches(".draft") ? region.querySelector<HTMLElement>(`[data-claim="${CSS.escape(selected)}"][tabindex]`) : null;
    const target = span ?? (region.isConnected ? region : page.current?.querySelector<HTMLElement>(".evidence"));
    target?.focus({ preventScroll: true });
  });
}
