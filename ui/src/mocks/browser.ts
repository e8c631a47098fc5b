import { setupWorker } from "msw/browser";
import { makeHandlers } from "./handlers";

export async function startFixtures(): Promise<void> {
  await setupWorker(...makeHandlers()).start({ onUnhandledFrame: "bypass", quiet: true });
}
