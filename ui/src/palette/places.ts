/** What can be opened by its name without asking the server: pages, and what the project in focus holds. Nothing here decides. */

import type { Found } from "@/api/overview";
import { t } from "@/i18n";
import { projectWords } from "@/lib/format";

export interface Entry {
  id: string;
  kind: string;
  title: string;
  /** Beside the title: what kind of thing it is, and where. */
  where: string;
  to: string;
}

const PAGES = [
  ["nav.inbox", "/inbox"],
  ["nav.work", "/work"],
  ["nav.sources", "/sources"],
  ["nav.overview", "/overview"],
] as const;
const AREAS = ["members", "projects", "agents", "templates", "policies", "budgets", "appearance"] as const;
const TABS = [
  ["work", ""],
  ["sources", "/sources"],
  ["search", "/search"],
  ["memory", "/memory"],
  ["agents", "/agents"],
  ["policy", "/policy"],
] as const;

export { projectOf } from "@/lib/lastProject";

export function pages(project: { id: string; name: string } | null): Entry[] {
  const page = (title: string, to: string, where: string): Entry => ({ id: `page ${to}`, kind: "page", title, where, to });
  const here = project
    ? [
        page(t("palette.new", { project: project.name }), `/projects/${project.id}/new`, project.name),
        ...TABS.map(([tab, end]) =>
          page(t("palette.inProject", { page: t(`projectNav.${tab}`), project: project.name }), `/projects/${project.id}${end}`, t("palette.kind.page")),
        ),
      ]
    : [];
  return [
    ...here,
    ...PAGES.map(([title, to]) => page(t(title), to, t("palette.kind.page"))),
    ...AREAS.map((area) => page(`${t("nav.settings")}: ${t(`settings.areas.${area}`)}`, `/settings/${area}`, t("palette.kind.page"))),
  ];
}

/** Those in which every word stands somewhere, in their order. */
export function matching(entries: Entry[], words: string): Entry[] {
  const asked = words.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter((entry) => asked.every((word) => entry.title.toLowerCase().includes(word)));
}

/** One line for a piece of work: where it waits for a person, its review. */
export function onceEach(items: Found[]): Found[] {
  const reviewed = new Set(items.filter((item) => item.kind === "review").map((item) => item.session_id));
  return items.filter((item) => item.kind !== "session" || !reviewed.has(item.id));
}

export function entryOf(item: Found): Entry {
  const project = `/projects/${item.project.id}`;
  const to = {
    project,
    review: `/review/${item.id}`,
    session: `${project}/sessions/${item.id}`,
    source: `${project}/sources/${item.id}`,
  }[item.kind];
  const kind = t(`palette.kind.${item.kind}`);
  return {
    id: `${item.kind} ${item.id}`,
    kind: item.kind,
    title: item.title,
    where: item.kind === "project" ? kind : `${kind} · ${projectWords(item.project.name ?? "", item.project.archived)}`,
    to,
  };
}
