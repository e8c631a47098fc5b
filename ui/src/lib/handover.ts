/** A draft or files carried from one screen to the form that takes them; kept in this tab's memory only. */

export interface Carried {
  draft: string;
  files: File[];
}

let carried: Carried | null = null;

export function handOver(what: Carried): void {
  carried = what;
}

export function takeOver(): Carried | null {
  const what = carried;
  carried = null;
  return what;
}
