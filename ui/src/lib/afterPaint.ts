const idle = (run: () => void): (() => void) => {
  if (typeof requestIdleCallback !== "function") {
    const timer = setTimeout(run);
    return () => clearTimeout(timer);
  }
  const asked = requestIdleCallback(run, { timeout: 100 });
  return () => cancelIdleCallback(asked);
};

/**
 * Runs once what was just drawn is on the screen and nothing else is to be done: what a reader does not wait for must not
 * keep the frame back that they wait for, nor the next key. A page that nobody sees draws nothing; there it runs when the
 * page is seen. Answers how to call it off.
 */
export function afterPaint(run: () => void): () => void {
  let off: (() => void) | undefined;
  const frame = requestAnimationFrame(() => {
    off = idle(run);
  });
  return () => {
    cancelAnimationFrame(frame);
    off?.();
  };
}

let held: Promise<void> | null = null;

const HELD_MS = 300;

/** Requests that are made from here to the next frame wait for it, or for 300 ms: a page that nobody sees has none. */
export function holdRequests(): void {
  held ??= new Promise<void>((go) => {
    afterPaint(go);
    setTimeout(go, HELD_MS);
  }).then(() => {
    held = null;
  });
}

/** What a request waits for before it is sent; null when it need not. */
export const heldBack = (): Promise<void> | null => held;
