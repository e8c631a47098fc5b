/** Which keys there are where, and what they do. */

import type { Key } from "@/i18n";

/** Keys, a space between them, and the words for what they do. */
export type Line = readonly [string, Key];

export const ANYWHERE: readonly Line[] = [
  ["Ctrl+K", "keysHelp.open"],
  ["?", "keysHelp.help"],
  ["Esc", "keysHelp.escape"],
];

const REVIEW: readonly Line[] = [
  ["j k", "keysHelp.item"],
  ["n p", "keysHelp.flag"],
  ["↓ ↑", "keysHelp.claim"],
  ["e", "keysHelp.use"],
  ["r", "keysHelp.keep"],
  ["f", "keysHelp.meaning"],
  ["c", "keysHelp.ask"],
  ["x 1–9", "keysHelp.reject"],
  ["a", "keysHelp.sign"],
  ["Ctrl+↵", "keysHelp.complete"],
  ["u", "keysHelp.undo"],
  ["t", "keysHelp.words"],
  ["o", "keysHelp.source"],
  ["h", "keysHelp.history"],
  ["v", "keysHelp.view"],
  ["s", "keysHelp.snooze"],
  ["m", "keysHelp.assign"],
];

const INBOX: readonly Line[] = [
  ["j k", "keysHelp.row"],
  ["PgDn PgUp", "keysHelp.rows"],
  ["Home End", "keysHelp.ends"],
  ["↵", "keysHelp.read"],
  ["s", "keysHelp.snooze"],
  ["m", "keysHelp.assign"],
  ["u", "keysHelp.undoRow"],
  ["/", "keysHelp.find"],
  ["1–5", "keysHelp.tabs"],
  ["f", "keysHelp.filters"],
  ["Esc", "keysHelp.clear"],
  [".", "keysHelp.fresh"],
  ["b", "keysHelp.batch"],
  ["x", "keysHelp.choose"],
  ["Ctrl+↵", "keysHelp.signAll"],
];

/** What a page has of its own, by its path; null where it has none. */
export function keysOfPage(path: string): { title: Key; lines: readonly Line[] } | null {
  if (path.startsWith("/review/")) return { title: "keysHelp.review", lines: REVIEW };
  if (path === "/inbox") return { title: "keysHelp.inbox", lines: INBOX };
  return null;
}
