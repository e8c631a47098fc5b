import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";

/** Live events say when something changed; a refused request is not tried again, a lost one is. */
export function makeClient(retries = 2): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        refetchOnWindowFocus: false,
        retry: (failures, error) =>
          failures < retries && error instanceof ApiError && (error.status === 0 || error.status === 503),
      },
      mutations: { retry: false },
    },
  });
}
