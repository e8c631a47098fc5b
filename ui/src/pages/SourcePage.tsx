import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useDeferredValue, useMemo, useRef, useState } from "react";
import { contentQuery, sourceQuery } from "@/api/queries";
import type { SourceMore } from "@/api/substrate";
import type { SourceContent } from "@/api/types";
import { ProjectNav } from "@/components/ProjectNav";
import { Kbd, Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { bytes, count, exact, when } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { rowAt } from "@/lib/tableRow";
import { useTitle } from "@/lib/title";
import { matchesOf, MOST_MATCHES, partAt, partsOf, rangeOf } from "@/reader/parts";
import { ReaderText } from "@/reader/ReaderText";
import { TableView } from "@/reader/TableView";
import { Elsewhere } from "@/sources/Elsewhere";
import { failureOf, ProgressLine } from "@/sources/SourceTable";
import { kindOf } from "@/sources/kinds";
import { figures, kindWord, noteWords, partWord } from "@/sources/words";

export function SourcePage() {
  const { projectId, sourceId } = useParams({ from: "/projects/$projectId/sources/$sourceId" });
  const search = useSearch({ from: "/projects/$projectId/sources/$sourceId" });
  const source = useQuery(sourceQuery(projectId, sourceId));
  const s = source.data as SourceMore | undefined;
  const unread = s !== undefined && s.version === 0;
  const content = useQuery({ ...contentQuery(projectId, sourceId, search.version), enabled: s !== undefined && !unread });
  useTitle(s?.title ?? t("page.sources"));
  const error = source.error ?? content.error;
  if (unread && !source.error) return <Unread source={s} />;
  if (error || !s || !content.data) {
    return (
      <main className="inbox screen">
        <div className="wrap">
          <h1 className="sr">{t("page.sources")}</h1>
          {error ? (
            <Problem
              what={t("reader.failed")}
              error={error}
              retry={() => {
                void source.refetch();
                void content.refetch();
              }}
            />
          ) : (
            <Loading words={t("sheet.opening")} />
          )}
        </div>
      </main>
    );
  }
  return <Reader key={`${sourceId}-${content.data.version}`} source={s} content={content.data} />;
}

/** No version of it could be read yet. */
function Unread({ source }: { source: SourceMore }) {
  return (
    <main className="inbox screen">
      <div className="wrap text">
        <ProjectNav projectId={source.project_id} here="sources" />
        <h1 className="doctitle">{source.title}</h1>
        {source.status === "failed" ? (
          <div className="problem mt-4" role="alert">
            <h2>{t("reader.unread")}</h2>
            <p>{failureOf(source)}</p>
          </div>
        ) : (
          <div className="mt-3 max-w-[420px]" role="status">
            <ProgressLine source={source} />
            <p className="meta mt-1">{t("reader.notYet")}</p>
          </div>
        )}
      </div>
    </main>
  );
}

function Reader({ source: s, content }: { source: SourceMore; content: SourceContent }) {
  const search = useSearch({ from: "/projects/$projectId/sources/$sourceId" });
  const parts = useMemo(() => partsOf(content), [content]);
  const range = useMemo(() => rangeOf(content, search), [content, search]);
  const here = useMemo(() => {
    const part = range ? parts[partAt(parts, range.start)] : undefined;
    if (!range || part?.kind !== "table_row") return null;
    return rowAt(content.tables, part.text, [{ start: range.start - part.start, end: range.end - part.start }]);
  }, [content, parts, range]);
  const [find, setFind] = useState("");
  const wanted = useDeferredValue(find);
  const matches = useMemo(() => matchesOf(parts, wanted), [parts, wanted]);
  const [nth, setNth] = useState(0);
  const [jump, setJump] = useState<{ part: number } | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const kind = kindOf(s);
  const current = matches[Math.min(nth, matches.length - 1)];
  const goal = useMemo(
    () => (current ? { part: current.part } : (jump ?? (range ? { part: partAt(parts, range.start) } : null))),
    [current, jump, range, parts],
  );
  const step = (by: number) => matches.length > 0 && setNth((n) => (n + by + matches.length) % matches.length);
  useKeys({ "/": () => field.current?.select(), n: () => step(1), p: () => step(-1) });
  const go = (part: number) => {
    setFind("");
    setJump({ part });
  };
  const old = content.version !== s.version;
  return (
    <div className="page plain reading screen">
      <main className="main">
        <div className="reader !mb-6 !font-sans">
          <ProjectNav projectId={s.project_id} here="sources" />
          <h1 className="doctitle mt-1">{s.title}</h1>
          <p className="meta" title={exact(s.created_at)}>
            {[t("sheet.version", { n: content.version, when: when(s.created_at) }), kindWord(kind), figures(s), bytes(s.byte_size), s.retracted_at ? t("sheet.retracted") : ""]
              .filter(Boolean)
              .join(" · ")}
          </p>
          {s.url && <p className="meta break-all">{s.url}</p>}
          {s.retracted_at && (
            <p className="mt-2 text-ink-2">{s.retract_reason ? t("reader.retracted", { reason: s.retract_reason }) : t("reader.retractedOnly")}</p>
          )}
          {old && (
            <p className="mt-2 text-[13px] leading-5 text-ink-2">
              {t("reader.old", { n: s.version })}{" "}
              <Link className="link" to="/projects/$projectId/sources/$sourceId" params={{ projectId: s.project_id, sourceId: s.id }} search={{}}>
                {t("reader.newest")}
              </Link>
            </p>
          )}
          {s.status === "processing" && <p className="mt-2 text-ink-2">{t("reader.processing")}</p>}
        </div>
        {content.tables.map((table, i) => (
          <TableView key={i} table={table} id={`table-${i}`} here={here?.table === table ? here : undefined} />
        ))}
        <ReaderText content={content} parts={parts} kind={kind} range={range} matches={matches} current={current} goal={goal} />
        {!old && !s.retracted_at && <Elsewhere source={s} below />}
      </main>
      <aside className="rail" aria-label={t("reader.contents")}>
        <section>
          <label className="sr" htmlFor="find-here">
            {t("reader.find")}
          </label>
          <input
            id="find-here"
            ref={field}
            className="in"
            type="search"
            placeholder={t("reader.find")}
            value={find}
            onChange={(event) => {
              setFind(event.target.value);
              setNth(0);
            }}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              event.preventDefault();
              step(event.shiftKey ? -1 : 1);
            }}
          />
          <p className="meta between mt-1" role="status">
            <span>
              {wanted.trim().length < 2
                ? ""
                : matches.length === 0
                  ? t("reader.foundNone")
                  : t(matches.length >= MOST_MATCHES ? "reader.foundMany" : "reader.found", { n: Math.min(nth, matches.length - 1) + 1, all: count(matches.length) })}
            </span>
            {matches.length > 1 && (
              <span className="ends">
                <button type="button" className="link" onClick={() => step(-1)}>
                  {t("reader.previous")} <Kbd>p</Kbd>
                </button>
                <button type="button" className="link" onClick={() => step(1)}>
                  {t("reader.next")} <Kbd>n</Kbd>
                </button>
              </span>
            )}
          </p>
        </section>
        <Contents source={s} content={content} go={(place) => go(partAt(parts, place))} />
        {!old && !s.retracted_at && <Elsewhere source={s} />}
      </aside>
    </div>
  );
}

const MOST_LISTED = 200;

/** Where to go in a source: its pages, tables and headings, its versions, and what capture noted. */
function Contents({ source: s, content, go }: { source: SourceMore; content: SourceContent; go: (place: number) => void }) {
  const kind = kindOf(s);
  const headings = content.blocks.filter((block) => block.kind === "heading").slice(0, MOST_LISTED);
  const text = useMemo(() => [...content.text], [content.text]);
  const pages = content.pages;
  return (
    <>
      {pages.length > 1 && (
        <section>
          <h2>{t(`reader.parts.${kind === "slides" ? "slide" : kind === "sheet" ? "sheet" : "page"}`)}</h2>
          <ol className={kind === "sheet" ? "toc" : "pagegrid"}>
            {pages.slice(0, MOST_LISTED * 5).map((page) => (
              <li key={page.page}>
                <button type="button" aria-label={partWord(kind, page.page)} onClick={() => go(page.char_start)}>
                  {kind === "sheet" ? sheetName(content, page.page) : page.page}
                </button>
              </li>
            ))}
          </ol>
        </section>
      )}
      {content.tables.length > 0 && (
        <section>
          <h2>{t("reader.tables")}</h2>
          <ul className="toc">
            {content.tables.map((table, i) => (
              <li key={i}>
                <button type="button" onClick={() => document.getElementById(`table-${i}`)?.scrollIntoView({ block: "start" })}>
                  {table.name} <span className="meta">{t("source.rows", { count: table.row_count })}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {headings.length > 1 && (
        <section>
          <h2>{t("reader.headings")}</h2>
          <ul className="toc">
            {headings.map((block) => (
              <li key={block.block_id}>
                <button type="button" onClick={() => go(block.char_start)}>
                  {text.slice(block.char_start, block.char_end).join("").replace(/^#+\s*/, "").slice(0, 120)}
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {s.notes.length > 0 && (
        <section>
          <h2>{t("reader.notes")}</h2>
          {s.notes.map((note, i) => (
            <p className="text-ink-2" key={i}>
              {noteWords(note)}
            </p>
          ))}
        </section>
      )}
      {s.version > 1 && (
        <section>
          <h2>{t("reader.versions")}</h2>
          <ul className="toc">
            {Array.from({ length: s.version }, (_, i) => s.version - i).map((n) => (
              <li key={n}>
                <Link
                  to="/projects/$projectId/sources/$sourceId"
                  params={{ projectId: s.project_id, sourceId: s.id }}
                  search={n === s.version ? {} : { version: n }}
                  aria-current={n === content.version ? "true" : undefined}
                >
                  {t("reader.version", { n })} {n === s.version && <span className="meta">{t("reader.newestMark")}</span>}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** A sheet goes by the name of its table where it has one. */
function sheetName(content: SourceContent, n: number): string {
  const names = content.tables.map((table) => table.name);
  return names.length === content.pages.length ? (names[n - 1] ?? partWord("sheet", n)) : partWord("sheet", n);
}
