import i18next from "i18next";
import { en } from "./en";
import type { keyWords } from "./keys";
import type { overview } from "./overview";
import type { settings } from "./settings";
import type { rest } from "./rest";

const TURNS = /[\u202a-\u202e\u2066-\u2069]/u;
const ISOLATES = /[\u2066-\u2069]/gu;

/** A name that turns the direction of writing turns itself, not the sentence that it is put into (Unicode Annex 9). */
export const isolated = (value: unknown): string => {
  const text = String(value);
  return TURNS.test(text) ? `\u2068${text.replace(ISOLATES, "")}\u2069` : text;
};

/** Every sentence of the page stands in a catalogue, that of the first load or `rest`; `t` looks it up. */
void i18next.init({
  lng: "en",
  fallbackLng: "en",
  resources: { en: { translation: { ...en } } },
  interpolation: { escape: isolated }, // React escapes
  initAsync: false,
  returnNull: false,
});

type Leaf<T, P extends string = ""> = {
  [K in keyof T & string]: T[K] extends string ? `${P}${K}` : Leaf<T[K], `${P}${K}.`>;
}[keyof T & string];
type Singular<K extends string> = K extends `${infer Base}_one` | `${infer Base}_other` ? Base : K;
/** With the words of pages that are loaded later. */
export type Key = Singular<Leaf<typeof en> | Leaf<typeof rest> | Leaf<typeof overview> | Leaf<typeof settings> | Leaf<typeof keyWords>>;

/** Sentences without values, once they were looked up: a page says hundreds of them each time it is drawn. */
const said = new Map<Key, string>();

export function t(key: Key, values?: Record<string, string | number>): string {
  if (values) return i18next.t(key, values as Record<string, unknown>) as string;
  const known = said.get(key);
  if (known !== undefined) return known;
  const words = i18next.t(key) as string;
  said.set(key, words);
  return words;
}

/** For keys that are put together from what the API says: a missing one falls back to `or`. */
export function tMaybe(key: string, or: string, values?: Record<string, string | number>): string {
  return i18next.exists(key, values) ? (i18next.t(key, values as Record<string, unknown>) as string) : or;
}

/** Adds the words of a part of the page that is loaded later than the rest. */
export function addWords(words: Record<string, unknown>): void {
  i18next.addResourceBundle("en", "translation", words, true, true);
  said.clear();
}
