import { addWords } from ".";
import { inboxWords } from "./inbox";
import { substrate } from "./substrate";
import { workWords } from "./work";

/** What the pages say that are not part of the first load; the router fetches it with the first of them. */
export const rest = { ...inboxWords, ...substrate, workArea: workWords };

addWords(rest);
