/** The one stretch in which two texts differ, widened to whole words: [start, end) in each, in UTF-16 units. */
export function changedSpan(before: string, after: string): { before: [number, number]; after: [number, number] } {
  let start = 0;
  const most = Math.min(before.length, after.length);
  while (start < most && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  const word = /[\p{L}\p{N}.,%’'-]/u;
  while (start > 0 && word.test(before[start - 1] ?? "")) start -= 1;
  while (end > 0 && word.test(before[before.length - end] ?? "")) end -= 1;
  // A full stop or comma that stands in both ends the sentence, not the word.
  while (end === 0 && /[.,]/.test(before.at(-1) ?? "") && before.at(-1) === after.at(-1)) end = 1;
  return { before: [start, Math.max(start, before.length - end)], after: [start, Math.max(start, after.length - end)] };
}
