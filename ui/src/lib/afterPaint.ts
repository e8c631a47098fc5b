/**
 * Runs once what was just drawn is on the screen: what a reader does not wait for must not keep the frame back that they
 * wait for. A page that nobody sees draws nothing; there it runs when the page is seen. Answers how to call it off.
 */
export function afterPaint(run: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const frame = requestAnimationFrame(() => {
    timer = setTimeout(run);
  });
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}
