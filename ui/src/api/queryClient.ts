import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Live events say when something changed; a refused request is not tried again, a lost one is, and one that came too soon
 * when the server said. The server may be on this machine, so the browser's word on being online counts for nothing, and
 * nothing that a person pressed waits to be sent behind their back.
 */
export function makeClient(retries = 2): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        networkMode: "always",
        staleTime: 15_000,
        refetchOnWindowFocus: false,
        retry: (failures, error) =>
          failures < retries && error instanceof ApiError && [0, 429, 503].includes(error.status),
        retryDelay: (failures, error) => {
          const said = error instanceof ApiError ? error.retryAfter : null;
          return Math.min(LONGEST_WAIT_MS, said !== null ? said * 1000 : FIRST_WAIT_MS * 2 ** failures);
        },
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}
