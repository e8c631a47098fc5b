import "@/i18n/overview";
import "@/i18n/rest";
import "@/i18n/settings";
import "@/styles/overview.css";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useRouter, useRouterState } from "@tanstack/react-router";
import { useEffect, useId, useState } from "react";
import { findQuery } from "@/api/overview";
import { projectsQuery } from "@/api/queries";
import { problemText } from "@/components/States";
import { t } from "@/i18n";
import { useModal } from "./modal";
import { entryOf, matching, onceEach, pages, projectOf, type Entry } from "./places";

const PAUSE_MS = 150;

function useLater(value: string): string {
  const [later, setLater] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLater(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return later;
}

/** Opens anything by words of its name. It never decides: signing is done where the work is seen. */
export function Palette({ onClose }: { onClose: () => void }) {
  const modal = useModal(onClose);
  const router = useRouter();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const list = useId();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const words = useLater(typed).trim();
  const projects = useQuery(projectsQuery).data ?? [];
  const here = projects.find((one) => one.id === projectOf(path)) ?? null;
  const found = useQuery({ ...findQuery(words), placeholderData: keepPreviousData });
  const asked = typed.trim() !== "";
  const local = matching(pages(here), typed);
  const items = asked && words !== "" ? matching(onceEach(found.data ?? []).map(entryOf), typed) : [];
  const projectEntries: Entry[] = asked ? [] : projects.slice(0, 6).map((one) => entryOf({ kind: "project", id: one.id, project: { ...one, archived: false }, title: one.name, status: null, session_id: null }));
  const entries = asked ? [...items, ...local] : [...local, ...projectEntries];
  const chosen = Math.min(at, entries.length - 1);
  const open = (entry: Entry) => {
    onClose();
    void router.navigate({ to: entry.to });
  };
  useEffect(() => {
    document.getElementById(`${list}-${chosen}`)?.scrollIntoView?.({ block: "nearest" });
  }, [list, chosen]);
  const busy = asked && (words !== typed.trim() || found.isFetching);
  const said = found.error && asked
    ? t("palette.failed", { why: problemText(found.error).title })
    : busy
      ? t("palette.looking")
      : asked && entries.length === 0
        ? t("palette.none")
        : asked
          ? t("palette.results", { count: entries.length })
          : t("palette.hint");
  return (
    <dialog className="palette" aria-label={t("palette.label")} {...modal}>
      <input
        className="ask"
        role="combobox"
        aria-expanded="true"
        aria-autocomplete="list"
        aria-controls={list}
        aria-activedescendant={entries.length > 0 ? `${list}-${chosen}` : undefined}
        aria-label={t("palette.label")}
        placeholder={t("palette.placeholder")}
        autoComplete="off"
        spellCheck={false}
        data-first
        maxLength={200}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (step !== 0 && entries.length > 0) {
            event.preventDefault();
            setAt((chosen + step + entries.length) % entries.length);
          } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
            event.preventDefault();
            const entry = entries[chosen];
            if (entry) open(entry);
          }
        }}
      />
      <ul role="listbox" id={list} aria-label={t("palette.label")}>
        {entries.map((entry, i) => (
          <li key={entry.id} id={`${list}-${i}`} role="option" aria-selected={i === chosen} onMouseMove={() => setAt(i)} onClick={() => open(entry)}>
            <span className="t">{entry.title}</span>
            <span className="k">{entry.where}</span>
          </li>
        ))}
      </ul>
      <p className="say" role="status">
        {said}
      </p>
    </dialog>
  );
}
