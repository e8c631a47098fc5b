import { useRef } from "react";
import { ApiError, newKey } from "@/api/client";

/**
 * Sends what must not be done twice. The same again, while nobody knows whether it arrived, goes with the same key and is
 * done once; what was answered is known, and sent again it is another intention.
 */
export function useOnce(): <T>(what: unknown, send: (key: string) => Promise<T>) => Promise<T> {
  const unsure = useRef<{ what: string; key: string } | null>(null);
  return async (what, send) => {
    const said = JSON.stringify(what);
    const { key } = unsure.current?.what === said ? unsure.current : { key: newKey() };
    unsure.current = { what: said, key };
    try {
      const answer = await send(key);
      unsure.current = null;
      return answer;
    } catch (problem) {
      if (problem instanceof ApiError && problem.status > 0 && problem.status < 500) unsure.current = null;
      throw problem;
    }
  };
}
