import { addWords } from ".";
import { agents } from "./agents";
import { inboxWords } from "./inbox";
import { pages } from "./pages";
import { substrate } from "./substrate";
import { workWords } from "./work";

/** What the pages say that are not part of the first load; the router fetches it with the first of them. */
export const rest = { ...agents, ...inboxWords, ...pages, ...substrate, workArea: workWords };

addWords(rest);
