import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRouter, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { makeClient } from "@/api/queryClient";
import { routeTree } from "@/router";

/** The whole page at an address, with its own cache, and no retries unless they are wanted. */
export function open(path: string, retries = 0) {
  const client = makeClient(retries);
  const router = createRouter({ routeTree, history: createMemoryHistory({ initialEntries: [path] }) });
  render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router as never} />
    </QueryClientProvider>,
  );
  return { client, router, user: userEvent.setup() };
}
