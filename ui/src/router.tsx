import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { readView } from "@/api/inbox";
import { Shell } from "@/components/Shell";
import { t } from "@/i18n";
import { HomePage } from "@/pages/HomePage";
import { NotFound } from "@/pages/NotFound";
import { readOverview } from "@/overview/range";
import { readSearch } from "@/pages/asked";
import { OpenReview } from "@/review/OpenReview";
import { Problem } from "@/components/States";

export interface SourceSearch {
  block?: string;
  start?: number;
  end?: number;
  version?: number;
  table?: number;
}
export interface SourcesSearch {
  view?: "contradictions";
}
export interface NewWorkSearch {
  agent?: string;
  /** The template that the form starts from. */
  template?: string;
  /** The session whose request the form starts from. */
  from?: string;
}

const whole = (value: unknown): number | undefined => {
  const n = Number(value);
  return value !== undefined && Number.isInteger(n) && n >= 0 ? n : undefined;
};

/** What browsers say of a part of the page that did not arrive, each in its own words. */
const NOT_FETCHED = /dynamically imported module|preload CSS|importing a module script/i;

function Broken({ error, reset }: { error: unknown; reset: () => void }) {
  const fetched = !(error instanceof Error && NOT_FETCHED.test(error.message));
  // A part that did not arrive is not asked for again before the page is loaded anew; without a server that would lose it.
  const again = () => void fetch("/api/health").then((answer) => answer.ok && location.reload(), () => undefined);
  return (
    <main className="inbox screen">
      <div className="wrap">
        <Problem what={t("error.page")} error={fetched ? error : new Error(t("error.notFetched"))} retry={fetched ? reset : again} />
      </div>
    </main>
  );
}

/**
 * A page that is fetched when somebody goes there, and the words and looks of such pages with it. It begins when it is known
 * who reads it, unless it sees to that itself (`asks`), and asks for what it shows meanwhile.
 */
function page<N extends string>(load: () => Promise<Record<N, () => ReactNode>>, name: N, asks = false) {
  return lazyRouteComponent(async () => {
    const [part, later] = await Promise.all([load(), import("@/later")]);
    return { page: asks ? part[name] : later.whenKnown(part[name]) };
  }, "page");
}

const inbox = () => import("@/pages/InboxPage");
/** Where a reader goes next is here before they do, once nothing else is to be fetched: it opens without a server, too. */
export const fetchNext = () => Promise.all([inbox(), import("@/later")]);

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: Broken,
});
const routes = [
  createRoute({ getParentRoute: () => root, path: "/", component: HomePage }),
  createRoute({ getParentRoute: () => root, path: "/inbox", validateSearch: readView, component: page(inbox, "InboxPage", true) }),
  createRoute({ getParentRoute: () => root, path: "/review/$checkpointId", component: OpenReview }),
  createRoute({ getParentRoute: () => root, path: "/work", component: page(() => import("@/pages/WorkPage"), "WorkPage") }),
  createRoute({ getParentRoute: () => root, path: "/sources", component: page(() => import("@/pages/SourcesPage"), "SourcesPage") }),
  createRoute({
    getParentRoute: () => root,
    path: "/overview",
    validateSearch: readOverview,
    component: page(() => import("@/overview/OverviewPage"), "OverviewPage"),
  }),
  createRoute({ getParentRoute: () => root, path: "/settings", component: page(() => import("@/settings/SettingsPage"), "SettingsPage") }),
  createRoute({ getParentRoute: () => root, path: "/settings/$area", component: page(() => import("@/settings/SettingsPage"), "SettingsPage") }),
  createRoute({ getParentRoute: () => root, path: "/projects/$projectId", component: page(() => import("@/pages/ProjectPage"), "ProjectPage") }),
  createRoute({
    getParentRoute: () => root,
    path: "/projects/$projectId/new",
    validateSearch: (search: Record<string, unknown>): NewWorkSearch =>
      Object.fromEntries(["agent", "template", "from"].flatMap((name) => (typeof search[name] === "string" ? [[name, search[name]]] : []))),
    component: page(() => import("@/pages/NewWorkPage"), "NewWorkPage"),
  }),
  createRoute({ getParentRoute: () => root, path: "/projects/$projectId/agents", component: page(() => import("@/pages/AgentsPage"), "AgentsPage") }),
  createRoute({ getParentRoute: () => root, path: "/projects/$projectId/policy", component: page(() => import("@/pages/PolicyPage"), "PolicyPage") }),
  createRoute({ getParentRoute: () => root, path: "/projects/$projectId/sources", validateSearch: (search: Record<string, unknown>): SourcesSearch => (search["view"] === "contradictions" ? { view: "contradictions" } : {}), component: page(() => import("@/pages/ProjectSourcesPage"), "ProjectSourcesPage") }),
  createRoute({
    getParentRoute: () => root,
    path: "/projects/$projectId/search",
    validateSearch: readSearch,
    component: page(() => import("@/pages/SearchPage"), "SearchPage"),
  }),
  createRoute({ getParentRoute: () => root, path: "/projects/$projectId/memory", component: page(() => import("@/pages/MemoryPage"), "MemoryPage") }),
  createRoute({ getParentRoute: () => root, path: "/projects/$projectId/sessions/$sessionId/envelope", component: page(() => import("@/pages/EnvelopePage"), "EnvelopePage") }),
  createRoute({ getParentRoute: () => root, path: "/projects/$projectId/sessions/$sessionId", component: page(() => import("@/pages/SessionPage"), "SessionPage") }),
  createRoute({
    getParentRoute: () => root,
    path: "/projects/$projectId/sources/$sourceId",
    validateSearch: (search: Record<string, unknown>): SourceSearch => ({
      block: typeof search["block"] === "string" ? search["block"] : undefined,
      start: whole(search["start"]),
      end: whole(search["end"]),
      version: whole(search["version"]),
      table: whole(search["table"]),
    }),
    component: page(() => import("@/pages/SourcePage"), "SourcePage"),
  }),
] as const;

export const routeTree = root.addChildren(routes);

export function makeRouter() {
  return createRouter({
    routeTree,
    defaultPreload: false,
    scrollRestoration: false,
    defaultErrorComponent: Broken,
    defaultNotFoundComponent: NotFound,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
