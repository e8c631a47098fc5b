import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import { makeClient } from "./api/queryClient";
import { openLive } from "./api/live";
import "./lib/theme";
import { fetchNext, makeRouter } from "./router";
import "./styles/index.css";

async function begin(): Promise<void> {
  if (import.meta.env.DEV && import.meta.env["VITE_FIXTURES"]) {
    const { startFixtures } = await import("./mocks/browser");
    await startFixtures();
  }
  const client = makeClient();
  openLive(client);
  const element = document.getElementById("root");
  if (!element) throw new Error("the page has no #root");
  createRoot(element).render(
    <QueryClientProvider client={client}>
      <RouterProvider router={makeRouter()} />
    </QueryClientProvider>,
  );
  setTimeout(() => void fetchNext().catch(() => undefined), 3000);
}

void begin();
