/** Scrolls a box over a table so that its cell to look at is in sight, beside the first column, which stays. */
export function scrollCell(box: HTMLElement): void {
  const cell = box.querySelector<HTMLElement>("[data-look]");
  const label = cell?.parentElement?.firstElementChild;
  if (!cell || !label || cell === label) return;
  const [shown, edge, room] = [cell.getBoundingClientRect(), label.getBoundingClientRect().width, box.clientWidth];
  const left = shown.left - box.getBoundingClientRect().left - box.clientLeft;
  if (left >= edge && left + shown.width <= room) return;
  box.scrollLeft += left - edge - Math.max(0, (room - edge - shown.width) / 2);
}
