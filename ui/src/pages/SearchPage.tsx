import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { projectQuery } from "@/api/queries";
import { allSourcesQuery, indexQuery, searchQuery, type Hit, type SourceMore } from "@/api/substrate";
import { Mark } from "@/components/Mark";
import { ProjectNav } from "@/components/ProjectNav";
import { Kbd, Loading, Problem } from "@/components/States";
import { t, tMaybe } from "@/i18n";
import { cut } from "@/lib/codepoints";
import { keep } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { useTitle } from "@/lib/title";
import { IndexLine } from "@/pages/ProjectSourcesPage";
import { kindOf, KINDS, type FileKind } from "@/sources/kinds";
import { counted, kindWord, partWord } from "@/sources/words";
import { FEW, MOST, type SearchSearch } from "./asked";
import { askOf, countWords, filtersSet, matchedWords, modeWords } from "./search";

const NONE: SourceMore[] = [];
const WAIT_MS = 180;
const PASSAGE_KINDS = ["paragraph", "heading", "list_item", "table_row", "table_header", "quote", "code"] as const;
const PASSAGE_STATES = ["accepted", "proposed", "locked", "superseded", "rejected"] as const;

/** What is typed, once it rests. */
function useRested(value: string): string {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), WAIT_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}

function Passage({ hit, projectId, source, here, onHere }: { hit: Hit; projectId: string; source: SourceMore | undefined; here: boolean; onHere: () => void }) {
  const pieces = cut(hit.text, (hit.highlights ?? []).map(([start, end]) => ({ start, end })));
  const kind = hit.kind && hit.kind !== "text" && hit.kind !== "paragraph" ? tMaybe(`blockKind.${hit.kind}`, "") : "";
  const state = hit.state && hit.state !== "accepted" ? tMaybe(`blockState.${hit.state}`, "") : "";
  return (
    <li className="hit" aria-current={here ? "true" : undefined} onMouseDown={onHere}>
      <p className="hitsrc">
        <Link
          className="t"
          to="/projects/$projectId/sources/$sourceId"
          params={{ projectId, sourceId: hit.source_id }}
          search={{ version: hit.version, block: hit.block_id, start: hit.char_start, end: hit.char_end }}
        >
          {hit.source_title}
        </Link>
        <span className="meta">
          {[hit.page ? partWord(source ? kindOf(source) : "other", hit.page) : "", hit.heading && hit.heading !== hit.text && hit.heading !== hit.source_title ? hit.heading : "", kind, state].filter(Boolean).join(" · ")}
        </span>
        <span className="meta by nophone">{matchedWords(hit)}</span>
      </p>
      <p className="hittext">{pieces.map((piece, i) => (piece.range >= 0 ? <mark key={i}>{keep(piece.text)}</mark> : keep(piece.text)))}</p>
    </li>
  );
}

export function SearchPage() {
  const { projectId } = useParams({ from: "/projects/$projectId/search" });
  const search = useSearch({ from: "/projects/$projectId/search" });
  const navigate = useNavigate();
  const client = useQueryClient();
  const project = useQuery(projectQuery(projectId));
  const sources = useQuery(allSourcesQuery(client, projectId)).data ?? NONE;
  const index = useQuery(indexQuery(projectId));
  const [typed, setTyped] = useState(search.q ?? "");
  const [at, setAt] = useState(0);
  const [filtering, setFiltering] = useState(filtersSet(search) > 0);
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const rested = useRested(typed);
  const q = typed.trim() === "" ? "" : rested;
  const ask = askOf(search, q, sources);
  const found = useQuery({ ...searchQuery(projectId, ask), placeholderData: keepPreviousData });
  const name = project.data?.name ?? "";
  useTitle(name ? t("search.title", { project: name }) : t("projectNav.search"));

  const go = (values: Partial<SearchSearch>) => {
    setAt(0);
    void navigate({ to: "/projects/$projectId/search", params: { projectId }, replace: true, search: (held) => ({ ...(held as SearchSearch), ...values }) });
  };
  const asked = useRef(search.q ?? "");
  useEffect(() => {
    // The address follows what is typed, so that it can be sent to somebody and is there on the way back.
    if (asked.current === q.trim()) return;
    asked.current = q.trim();
    setAt(0);
    void navigate({ to: "/projects/$projectId/search", params: { projectId }, replace: true, search: (held) => ({ ...(held as SearchSearch), q: q.trim() || undefined, k: undefined }) });
  }, [q, navigate, projectId]);

  const hits = q.trim() === "" ? [] : (found.data?.items ?? []);
  const here = Math.min(at, Math.max(0, hits.length - 1));
  const old = found.isPlaceholderData;
  const move = (to: number) => {
    const next = Math.max(0, Math.min(hits.length - 1, to));
    setAt(next);
    list.current?.children[next]?.scrollIntoView?.({ block: "nearest" });
  };
  const open = () => {
    const hit = hits[here];
    if (hit)
      void navigate({
        to: "/projects/$projectId/sources/$sourceId",
        params: { projectId, sourceId: hit.source_id },
        search: { version: hit.version, block: hit.block_id, start: hit.char_start, end: hit.char_end },
      });
  };
  useKeys({
    j: () => move(here + 1),
    k: () => move(here - 1),
    ArrowDown: () => move(here + 1),
    ArrowUp: () => move(here - 1),
    Enter: open,
    "/": () => field.current?.select(),
    f: () => setFiltering(!filtering),
  });
  const set = filtersSet(search);

  return (
    <main className="keyed screen">
      <div className="inbox">
        <div className="wrap text">
          <ProjectNav projectId={projectId} here="search" />
          <h1 className="sr">{name ? t("search.title", { project: name }) : t("projectNav.search")}</h1>
          <form
            role="search"
            className="seek"
            onSubmit={(event) => {
              event.preventDefault();
              field.current?.blur();
              list.current?.focus();
            }}
          >
            <input
              ref={field}
              className="in"
              type="search"
              autoFocus={!search.q}
              aria-label={t("search.label")}
              placeholder={t("search.placeholder")}
              maxLength={2000}
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === "ArrowDown") {
                  event.preventDefault();
                  list.current?.focus();
                }
              }}
            />
            <button type="button" className="b" aria-expanded={filtering} onClick={() => setFiltering(!filtering)}>
              {set > 0 ? t("search.filtersOn", { count: set }) : t("search.filters")} <Kbd>f</Kbd>
            </button>
          </form>
          {filtering && <Filters search={search} sources={sources} go={go} />}
          {project.error ? (
            <Problem what={t("project.failed")} error={project.error} retry={() => void project.refetch()} />
          ) : q.trim() === "" ? (
            <div className="mt-4">
              <p className="text-ink-2">{project.data && project.data.counts.blocks === 0 ? t("search.nothing") : t("search.hint")}</p>
              {index.data && <IndexLine projectId={projectId} index={index.data} />}
            </div>
          ) : found.error ? (
            <Problem what={t("search.failed")} error={found.error} retry={() => void found.refetch()} />
          ) : found.isPending || !found.data ? (
            <div className="mt-4">
              <Loading words={t("search.loading")} />
            </div>
          ) : (
            <>
              <p className="tallyline" role="status" aria-live="polite">
                <b>{countWords(found.data, ask.k)}</b>
                <span className="meta">{old ? t("search.loading") : modeWords(found.data.index, search.mode)}</span>
              </p>
              {hits.length === 0 ? (
                <div className="mt-2">
                  <p>{t(set > 0 ? "search.noneFilters" : "search.none", { q: ask.q })}</p>
                  <p className="mt-1 text-ink-2">{t("search.noneWords")}</p>
                  {set > 0 && (
                    <p className="mt-3">
                      <button type="button" className="b" onClick={() => go(NO_FILTERS)}>
                        {t("search.clear")}
                      </button>
                    </p>
                  )}
                </div>
              ) : (
                <ol ref={list} className="hits" tabIndex={-1} aria-label={t("search.results")} aria-busy={old}>
                  {hits.map((hit, i) => (
                    <Passage key={hit.block_id} hit={hit} projectId={projectId} source={sources.find((one) => one.id === hit.source_id)} here={i === here} onHere={() => setAt(i)} />
                  ))}
                </ol>
              )}
              {hits.length >= ask.k && ask.k < MOST && (
                <p className="mt-4">
                  <button type="button" className="b" onClick={() => void navigate({ to: "/projects/$projectId/search", params: { projectId }, replace: true, search: { ...search, k: Math.min(MOST, (search.k ?? FEW) + 30) } })}>
                    {t("search.more")}
                  </button>
                </p>
              )}
            </>
          )}
        </div>
      </div>
      <div className="keysbar nophone">
        <span>
          <Kbd>j</Kbd> <Kbd>k</Kbd> {t("search.keys.move")}
        </span>
        <span>
          <Kbd>↵</Kbd> {t("search.keys.open")}
        </span>
        <span>
          <Kbd>/</Kbd> {t("search.keys.field")}
        </span>
        <span>
          <Kbd>f</Kbd> {t("search.keys.filters")}
        </span>
      </div>
    </main>
  );
}

const NO_FILTERS: Partial<SearchSearch> = { source: undefined, file: undefined, kind: undefined, state: undefined, from: undefined, to: undefined, mode: undefined };

function Filters({ search, sources, go }: { search: SearchSearch; sources: SourceMore[]; go: (values: Partial<SearchSearch>) => void }) {
  const kinds = counted(sources, kindOf);
  const sorted = sources.filter((source) => source.version > 0).toSorted((a, b) => a.title.localeCompare(b.title));
  return (
    <div className="seekfilters">
      <Choice label={t("search.source")} value={search.source} any={t("search.anySource")} set={(source) => go({ source })}>
        {sorted.map((source) => (
          <option value={source.id} key={source.id}>
            {source.title}
          </option>
        ))}
      </Choice>
      <Choice label={t("search.fileKind")} value={search.file} any={t("source.anyKind")} set={(file) => go({ file: file as FileKind | undefined })}>
        {KINDS.filter((kind) => kinds.has(kind)).map((kind) => (
          <option value={kind} key={kind}>
            {kindWord(kind)}
          </option>
        ))}
      </Choice>
      <Choice label={t("search.passageKind")} value={search.kind} any={t("search.anyPassage")} set={(kind) => go({ kind })}>
        {PASSAGE_KINDS.map((kind) => (
          <option value={kind} key={kind}>
            {t(`blockKind.${kind}`)}
          </option>
        ))}
      </Choice>
      <Choice label={t("search.state")} value={search.state} any={t("search.anyState")} set={(state) => go({ state })}>
        {PASSAGE_STATES.map((state) => (
          <option value={state} key={state}>
            {t(`blockState.${state}`)}
          </option>
        ))}
      </Choice>
      <Choice label={t("search.mode")} value={search.mode} any={t("search.modes.hybrid")} set={(mode) => go({ mode: mode as SearchSearch["mode"] })}>
        <option value="text">{t("search.modes.text")}</option>
        <option value="vector">{t("search.modes.vector")}</option>
      </Choice>
      <label>
        <span>{t("search.from")}</span>
        <input className="in" type="date" value={search.from ?? ""} max={search.to} onChange={(event) => go({ from: event.target.value || undefined })} />
      </label>
      <label>
        <span className="cap">{t("search.to")}</span>
        <input className="in" type="date" value={search.to ?? ""} min={search.from} onChange={(event) => go({ to: event.target.value || undefined })} />
      </label>
      {filtersSet(search) > 0 && (
        <button type="button" className="link" onClick={() => go(NO_FILTERS)}>
          <Mark shape="none" /> {t("search.clear")}
        </button>
      )}
    </div>
  );
}

function Choice({ label, value, any, set, children }: { label: string; value: string | undefined; any: string; set: (value: string | undefined) => void; children: ReactNode }) {
  return (
    <label>
      <span>{label}</span>
      <select className="in" value={value ?? ""} onChange={(event) => set(event.target.value || undefined)}>
        <option value="">{any}</option>
        {children}
      </select>
    </label>
  );
}
