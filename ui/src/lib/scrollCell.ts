/**
 * Scrolls a box over a table sideways, no further than it must, so that what is marked in the row is in sight beside the
 * first column, which stays; where all of it has no room, the cell to look at.
 */
export function scrollCell(box: HTMLElement): void {
  const cell = box.querySelector<HTMLElement>("[data-look]");
  const label = cell?.parentElement?.firstElementChild;
  if (!cell || !label || cell === label) return;
  const edge = box.getBoundingClientRect().left + box.clientLeft;
  const [from, to] = [edge + label.getBoundingClientRect().width, edge + box.clientWidth];
  const look = (cell.querySelector("mark") ?? cell).getBoundingClientRect();
  const marks = [...(cell.parentElement?.querySelectorAll("mark") ?? [])].filter((mark) => !label.contains(mark)).map((mark) => mark.getBoundingClientRect());
  const all = { left: Math.min(look.left, ...marks.map((mark) => mark.left)), right: Math.max(look.right, ...marks.map((mark) => mark.right)) };
  const { left, right } = all.right - all.left <= to - from ? all : look;
  if (left < from || right - left > to - from) box.scrollLeft += left - from;
  else if (right > to) box.scrollLeft += right - to;
}
