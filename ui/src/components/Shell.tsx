import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { waitingQuery } from "@/api/inbox";
import { meQuery } from "@/api/queries";
import { useOfflineSince } from "@/api/live";
import { t } from "@/i18n";
import { clock, count } from "@/lib/format";
import { setTheme, useTheme, type Theme } from "@/lib/theme";
import { Mark } from "./Mark";
import { RuntimeNotice } from "./RuntimeNotice";

function ThemeChoice() {
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

export function Shell() {
  const inbox = useQuery(waitingQuery);
  const me = useQuery(meQuery);
  const offline = useOfflineSince();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const here = /\/(sources|search|memory)(\/|$)/.test(path) ? "sources" : path.startsWith("/work") || path.startsWith("/projects") ? "work" : "inbox";
  const current = (name: string) => (here === name ? ("page" as const) : undefined);
  return (
    <div className="app">
      <header className="top">
        <Link className="brand" to="/" aria-label="Proofroom" activeOptions={{ exact: true }}>
          <Mark shape="brand" />
          <span>Proofroom</span>
        </Link>
        <nav className="nav" aria-label={t("nav.label")}>
          <Link to="/inbox" aria-current={current("inbox")}>
            {t("nav.inbox")} {inbox.data && inbox.data.total > 0 ? <span className="quiet">{count(inbox.data.total)}</span> : null}
          </Link>
          <Link to="/work" aria-current={current("work")}>
            {t("nav.work")}
          </Link>
          <Link to="/sources" aria-current={current("sources")}>
            {t("nav.sources")}
          </Link>
        </nav>
        <div className="end">
          <ThemeChoice />
          <span className="nophone">{me.data?.name}</span>
        </div>
      </header>
      <div className="body">
        {offline !== null ? (
          <div className="banner" role="status">
            <Mark shape="warn" className="v-accent" />
            <span>
              <b>{t("offline.since", { at: clock(new Date(offline).toISOString()) })}</b> {t("offline.words")}
            </span>
          </div>
        ) : (
          (here === "inbox" || path.startsWith("/work")) && <RuntimeNotice />
        )}
        <Outlet />
      </div>
    </div>
  );
}
