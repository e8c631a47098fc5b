import "@/i18n/overview";
import "@/i18n/settings";
import "@/styles/overview.css";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useLayoutEffect, useRef } from "react";
import { membersQuery, meQuery } from "@/api/queries";
import { t } from "@/i18n";
import { useTitle } from "@/lib/title";
import { Appearance } from "./Appearance";
import { Budgets } from "./Budgets";
import { Members } from "./Members";
import { ProjectAgentsList, ProjectPolicies, ProjectsList } from "./Projects";
import { Templates } from "./Templates";

const AREAS = {
  members: Members,
  projects: ProjectsList,
  agents: ProjectAgentsList,
  templates: Templates,
  policies: ProjectPolicies,
  budgets: Budgets,
  appearance: Appearance,
};
export type Area = keyof typeof AREAS;

const isArea = (name: string | undefined): name is Area => name !== undefined && name in AREAS;

export function SettingsPage() {
  const { area } = useParams({ strict: false });
  const here: Area = isArea(area) ? area : "members";
  useTitle(`${t("settings.title")}: ${t(`settings.areas.${here}`)}`);
  const Part = AREAS[here];
  const nav = useRef<HTMLElement>(null);
  // On a phone they stand in one line, longer than the screen.
  useLayoutEffect(() => {
    const link = nav.current?.querySelector<HTMLElement>("[aria-current]");
    if (nav.current && link) nav.current.scrollLeft = link.offsetLeft + link.offsetWidth / 2 - nav.current.clientWidth / 2;
  }, [here]);
  return (
    <div className="settings screen">
      <nav aria-label={t("settings.nav")} ref={nav}>
        <h1>{t("settings.title")}</h1>
        {(Object.keys(AREAS) as Area[]).map((name) => (
          <Link key={name} to="/settings/$area" params={{ area: name }} aria-current={here === name ? "page" : undefined}>
            {t(`settings.areas.${name}`)}
          </Link>
        ))}
      </nav>
      <main>
        <h2 className="doctitle">{t(`settings.areas.${here}`)}</h2>
        <Part />
      </main>
    </div>
  );
}

/** Whether the reader may change what admins change, and whom to ask otherwise. */
export function useAdmin(): boolean {
  return useQuery(meQuery).data?.role === "admin";
}

export function ReadOnly() {
  const me = useQuery(meQuery).data;
  const members = useQuery(membersQuery).data ?? [];
  if (!me || me.role === "admin") return null;
  const names = members.filter((one) => one.role === "admin").map((one) => one.name);
  return <p className="readonly">{names.length > 0 ? t("settings.readOnly", { names: names.join(", ") }) : t("settings.readOnlyPlain")}</p>;
}
