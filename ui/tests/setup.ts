import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { setupServer } from "msw/node";
import { forgetPlaces } from "@/pages/inboxRows";
import { forgetDecided } from "@/pages/DecidedList";
import { setOver } from "@/lib/over";
import { setFormer } from "@/review/former";
import { makeHandlers } from "@/mocks/handlers";
import { uploads } from "@/sources/uploads";
import "@/i18n/rest";

// A busy machine is slow, not wrong.
configure({ asyncUtilTimeout: 15_000 });

export const server = setupServer();

beforeAll(() => server.listen({ onUnhandledFrame: "error" }));
beforeEach(() => server.resetHandlers(...makeHandlers()));
afterEach(() => {
  cleanup();
  sessionStorage.clear();
  forgetPlaces();
  for (const { projectId } of uploads.items) {
    uploads.stopAll(projectId);
    uploads.clear(projectId);
  }
  forgetDecided();
  setFormer(null);
  setOver(null);
});
afterAll(() => server.close());
