import { expect, it, vi } from "vitest";
import { afterPaint } from "@/lib/afterPaint";

it("runs after the frame and its paint, never within what is being drawn, and can be called off", async () => {
  vi.useFakeTimers();
  try {
    const ran: string[] = [];
    afterPaint(() => ran.push("later"));
    const off = afterPaint(() => ran.push("called off"));
    requestAnimationFrame(() => ran.push("frame"));
    expect(ran).toEqual([]);
    off();
    await vi.advanceTimersByTimeAsync(40);
    expect(ran).toEqual(["frame", "later"]);
    const late = afterPaint(() => ran.push("called off between"));
    await vi.advanceTimersToNextFrame();
    late();
    await vi.advanceTimersByTimeAsync(40);
    expect(ran).toEqual(["frame", "later"]);
  } finally {
    vi.useRealTimers();
  }
});
