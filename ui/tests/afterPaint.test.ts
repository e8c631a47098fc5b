import { expect, it, vi } from "vitest";
import { api } from "@/api/client";
import { afterPaint, heldBack, holdRequests } from "@/lib/afterPaint";

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

it("holds requests back to the next frame, and for 300 ms where there is none", async () => {
  vi.useFakeTimers();
  const fetched = vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("{}"));
  const frames = vi.spyOn(globalThis, "requestAnimationFrame");
  try {
    holdRequests();
    void api("/me");
    await vi.advanceTimersByTimeAsync(5);
    expect(fetched).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(40);
    expect(fetched).toHaveBeenCalledTimes(1);
    void api("/me");
    await Promise.resolve();
    expect(fetched).toHaveBeenCalledTimes(2);

    frames.mockImplementation(() => 0);
    holdRequests();
    void api("/me");
    void api("/me", { keepalive: true }); // the page may be closing
    await vi.advanceTimersByTimeAsync(290);
    expect(fetched).toHaveBeenCalledTimes(3);
    await vi.advanceTimersByTimeAsync(20);
    expect(fetched).toHaveBeenCalledTimes(4);
    expect(heldBack()).toBeNull();
  } finally {
    vi.restoreAllMocks();
    vi.useRealTimers();
  }
});
