import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { waitingQuery } from "@/api/inbox";
import { meQuery } from "@/api/queries";
import { useOfflineSince } from "@/api/live";
import { t } from "@/i18n";
import { clock, count } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { keepProject } from "@/lib/lastProject";
import { setOver, useOver } from "@/lib/over";
import { setTheme, useTheme, type Theme } from "@/lib/theme";
import { Mark } from "./Mark";
import { RuntimeNotice } from "./RuntimeNotice";
import { Kbd } from "./States";

export function ThemeChoice() {
  const theme = useTheme();
  const options: Theme[] = ["light", "dark", "system"];
  return (
    <span
      className="theme"
      role="radiogroup"
      aria-label={t("theme.label")}
      onKeyDown={(event) => {
        const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
        if (!by) return;
        event.preventDefault();
        const next = options[(options.indexOf(theme) + by + options.length) % options.length];
        if (next) setTheme(next);
        const buttons = event.currentTarget.querySelectorAll("button");
        buttons[options.indexOf(next ?? theme)]?.focus();
      }}
    >
      {options.map((option) => (
        <button
          type="button"
          key={option}
          role="radio"
          aria-checked={theme === option}
          tabIndex={theme === option ? 0 : -1}
          title={t(`theme.${option}`)}
          onClick={() => setTheme(option)}
        >
          <Mark shape={option} label={t(`theme.${option}`)} />
        </button>
      ))}
    </span>
  );
}

const Palette = lazy(() => import("@/palette/Palette").then((part) => ({ default: part.Palette })));
const KeysHelp = lazy(() => import("@/palette/KeysHelp").then((part) => ({ default: part.KeysHelp })));

type Here = "inbox" | "work" | "sources" | "overview" | "settings" | null;

function whereIs(path: string): Here {
  if (/^\/(sources|projects\/[^/]+\/(sources|search|memory))(\/|$)/.test(path)) return "sources";
  if (/^\/(work|projects)(\/|$)/.test(path)) return "work";
  if (/^\/overview(\/|$)/.test(path)) return "overview";
  if (/^\/settings(\/|$)/.test(path)) return "settings";
  return path === "/" || /^\/(inbox|review)(\/|$)/.test(path) ? "inbox" : null;
}

export function Shell() {
  const inbox = useQuery(waitingQuery);
  const me = useQuery(meQuery);
  const offline = useOfflineSince();
  const path = useRouterState({ select: (state) => state.location.pathname });
  keepProject(path);
  const here = whereIs(path);
  const current = (name: Here) => (here === name ? ("page" as const) : undefined);
  const over = useOver();
  useEffect(() => () => setOver(null), []);
  useKeys({ "Ctrl+k": () => setOver("palette"), "?": () => setOver("keys") }, over === null);
  const waiting = inbox.data?.total ?? 0;
  return (
    <div className="app">
      <header className="top">
        <Link className="brand" to="/" aria-label="Proofroom" activeOptions={{ exact: true }}>
          <Mark shape="brand" />
          <span>Proofroom</span>
        </Link>
        <nav className="nav" aria-label={t("nav.label")}>
          <Link to="/inbox" aria-current={current("inbox")}>
            {t("nav.inbox")} {waiting > 0 ? <span className="quiet n">{count(waiting)}</span> : null}
          </Link>
          <Link to="/work" aria-current={current("work")}>
            {t("nav.work")}
          </Link>
          <Link to="/sources" aria-current={current("sources")}>
            {t("nav.sources")}
          </Link>
          <Link to="/overview" search={{}} aria-current={current("overview")}>
            {t("nav.overview")}
          </Link>
          <Link to="/settings" aria-current={current("settings")}>
            {t("nav.settings")}
          </Link>
        </nav>
        {/* Its place is in the bar: what is being read does not move when the connection goes or comes. */}
        <span className="offline" role="status">
          {offline !== null && (
            <span title={`${t("offline.since", { at: clock(new Date(offline).toISOString()) })} ${t("offline.words")}`}>
              <Mark shape="warn" className="v-accent" />
              <b>{t("offline.short")}</b> <span className="nophone">{t("offline.at", { at: clock(new Date(offline).toISOString()) })}</span>{" "}
              <span className="rest">{t("offline.words")}</span>
            </span>
          )}
        </span>
        <div className="end">
          <button type="button" className="open" aria-label={t("nav.openLong")} aria-haspopup="dialog" aria-keyshortcuts="Control+K Meta+K" onClick={() => setOver("palette")}>
            {t("nav.open")} <Kbd>Ctrl+K</Kbd>
          </button>
          <ThemeChoice />
          <span className="who nophone">{me.data?.name}</span>
        </div>
      </header>
      <div className="body">
        {(here === "inbox" || path.startsWith("/work")) && <RuntimeNotice />}
        <Outlet />
      </div>
      <Suspense fallback={null}>
        {over === "palette" && <Palette onClose={() => setOver(null)} />}
        {over === "keys" && <KeysHelp onClose={() => setOver(null)} />}
      </Suspense>
    </div>
  );
}
