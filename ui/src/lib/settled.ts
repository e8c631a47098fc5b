import { useEffect, useRef, useState } from "react";

/** The value once it has stood still for a while, and in any case after the longest wait. The first one counts at once. */
export function useSettled<T>(value: T, isFirst: (value: T) => boolean, quietMs: number, longestMs: number): T {
  const [settled, setSettled] = useState(value);
  const since = useRef<number | null>(null);
  if (settled !== value && isFirst(settled)) setSettled(value);
  useEffect(() => {
    if (settled === value) {
      since.current = null;
      return;
    }
    since.current ??= Date.now();
    const wait = Math.max(0, Math.min(quietMs, since.current + longestMs - Date.now()));
    const timer = setTimeout(() => {
      since.current = null;
      setSettled(value);
    }, wait);
    return () => clearTimeout(timer);
  }, [value, settled, quietMs, longestMs]);
  return settled;
}
