import { QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const AGAIN_MS = 10_000;

/** Nothing was said of what was asked for: the server or its database is away, or it was asked too often. */
const passing = (error: unknown) => error instanceof ApiError && [0, 429, 503].includes(error.status);

/**
 * Live events say when something changed; a refused request is not tried again, a lost one is, and one that came too soon
 * when the server said. The server may be on this machine, so the browser's word on being online counts for nothing, and
 * nothing that a person pressed waits to be sent behind their back. What is on screen, and what was typed into it, stays
 * while it cannot be fetched again, and like what was never there is asked for every ten seconds until it can be had.
 */
export function makeClient(retries = 2): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (passing(error) && query.state.data !== undefined) query.setState({ status: "success", error: null, isInvalidated: true });
      },
    }),
    defaultOptions: {
      queries: {
        networkMode: "always",
        staleTime: 15_000,
        refetchOnWindowFocus: false,
        refetchInterval: ({ state }) => (passing(state.error) || (state.data !== undefined && state.isInvalidated) ? AGAIN_MS : false),
        retry: (failures, error) => failures < retries && passing(error),
        retryDelay: (failures, error) => {
          const said = error instanceof ApiError ? error.retryAfter : null;
          return Math.min(LONGEST_WAIT_MS, said !== null ? said * 1000 : FIRST_WAIT_MS * 2 ** failures);
        },
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}
