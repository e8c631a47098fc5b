import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Shell } from "@/components/Shell";
import { t } from "@/i18n";
import { HomePage } from "@/pages/HomePage";
import { NotFound } from "@/pages/NotFound";
import { readOverview } from "@/overview/range";
import { readSearch } from "@/pages/search";
import { OpenReview } from "@/review/OpenReview";
import { Problem } from "@/components/States";

export interface SourceSearch {
  block?: string;
  start?: number;
  end?: number;
  version?: number;
  table?: number;
}
export interface NewWorkSearch {
  agent?: string;
}

const whole = (value: unknown): number | undefined => {
  const n = Number(value);
  return value !== undefined && Number.isInteger(n) && n >= 0 ? n : undefined;
};

function Broken({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <main className="inbox screen">
      <div className="wrap">
        <Problem what={t("error.page")} error={error} retry={reset} />
      </div>
    </main>
  );
}

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: Broken,
});
const routes = [
  createRoute({ getParentRoute: () => root, path: "/", component: HomePage }),
  createRoute({ getParentRoute: () => root, path: "/inbox", component: lazyRouteComponent(() => import("@/pages/InboxPage"), "InboxPage") }),
  createRoute({ getParentRoute: () => root, path: "/review/$checkpointId", component: OpenReview }),
  createRoute({ getParentRoute: () => root, path: "/work", component: lazyRouteComponent(() => import("@/pages/WorkPage"), "WorkPage") }),
  createRoute({ getParentRoute: () => root, path: "/sources", component: lazyRouteComponent(() => import("@/pages/SourcesPage"), "SourcesPage") }),
  createRoute({
    getParentRoute: () => root,
    path: "/overview",
    validateSearch: readOverview,
    component: lazyRouteComponent(() => import("@/overview/OverviewPage"), "OverviewPage"),
  }),
  createRoute({ getParentRoute: () => root, path: "/settings", component: lazyRouteComponent(() => import("@/settings/SettingsPage"), "SettingsPage") }),
  createRoute({ getParentRoute: () => root, path: "/settings/$area", component: lazyRouteComponent(() => import("@/settings/SettingsPage"), "SettingsPage") }),
  createRoute({ getParentRoute: () => root, path: "/projects/$projectId", component: lazyRouteComponent(() => import("@/pages/ProjectPage"), "ProjectPage") }),
  createRoute({
    getParentRoute: () => root,
    path: "/projects/$projectId/new",
    validateSearch: (search: Record<string, unknown>): NewWorkSearch =>
      typeof search["agent"] === "string" ? { agent: search["agent"] } : {},
    component: lazyRouteComponent(() => import("@/pages/NewWorkPage"), "NewWorkPage"),
  }),
  createRoute({ getParentRoute: () => root, path: "/projects/$projectId/agents", component: lazyRouteComponent(() => import("@/pages/AgentsPage"), "AgentsPage") }),
  createRoute({ getParentRoute: () => root, path: "/projects/$projectId/policy", component: lazyRouteComponent(() => import("@/pages/PolicyPage"), "PolicyPage") }),
  createRoute({ getParentRoute: () => root, path: "/projects/$projectId/sources", component: lazyRouteComponent(() => import("@/pages/ProjectSourcesPage"), "ProjectSourcesPage") }),
  createRoute({
    getParentRoute: () => root,
    path: "/projects/$projectId/search",
    validateSearch: readSearch,
    component: lazyRouteComponent(() => import("@/pages/SearchPage"), "SearchPage"),
  }),
  createRoute({ getParentRoute: () => root, path: "/projects/$projectId/memory", component: lazyRouteComponent(() => import("@/pages/MemoryPage"), "MemoryPage") }),
  createRoute({ getParentRoute: () => root, path: "/projects/$projectId/sessions/$sessionId/envelope", component: lazyRouteComponent(() => import("@/pages/EnvelopePage"), "EnvelopePage") }),
  createRoute({ getParentRoute: () => root, path: "/projects/$projectId/sessions/$sessionId", component: lazyRouteComponent(() => import("@/pages/SessionPage"), "SessionPage") }),
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
    component: lazyRouteComponent(() => import("@/pages/SourcePage"), "SourcePage"),
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
