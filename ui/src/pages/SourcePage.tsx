import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";
import { contentQuery, sourceQuery } from "@/api/queries";
import type { SourceContent, SourceTable } from "@/api/types";
import { Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { cut, unitOffsets } from "@/lib/codepoints";
import { bytes, count, exact, keep, when } from "@/lib/format";
import { useTitle } from "@/lib/title";
import { sizeWords } from "@/components/Sources";

export interface Part {
  key: string;
  text: string;
  n: number | null;
  start: number;
  end: number;
  page: number | null;
  heading: boolean;
}

/** The whole text as parts: the blocks, and whatever stands between them, so that nothing is left out. */
export function partsOf(content: SourceContent): Part[] {
  const at = unitOffsets(content.text);
  const parts: Part[] = [];
  const total = [...content.text].length;
  let done = 0;
  const between = (to: number) => {
    const text = content.text.slice(at(done), at(to));
    if (to > done && text.trim() !== "")
      parts.push({ key: `gap-${done}`, text: text.trim(), n: null, start: done, end: to, page: null, heading: false });
  };
  for (const block of [...content.blocks].sort((a, b) => a.char_start - b.char_start)) {
    const start = Math.max(block.char_start, done);
    if (block.char_end <= start) continue;
    between(start);
    parts.push({
      key: block.block_id,
      text: content.text.slice(at(start), at(block.char_end)),
      n: block.ordinal + 1,
      start,
      end: block.char_end,
      page: block.page ?? content.pages.find((p) => p.char_start <= start && start < p.char_end)?.page ?? null,
      heading: block.kind === "heading",
    });
    done = block.char_end;
  }
  between(total);
  return parts;
}

export function SourcePage() {
  const { projectId, sourceId } = useParams({ from: "/projects/$projectId/sources/$sourceId" });
  const search = useSearch({ from: "/projects/$projectId/sources/$sourceId" });
  const source = useQuery(sourceQuery(projectId, sourceId));
  const content = useQuery(contentQuery(projectId, sourceId, search.version));
  useTitle(source.data?.title ?? t("page.sources"));
  const error = source.error ?? content.error;
  if (error || !source.data || !content.data) {
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
  const s = source.data;
  const old = content.data.version !== s.version;
  return (
    <main className="inbox screen">
      <div className="wrap">
        <div className="reader !mb-6 !font-sans">
          <p className="meta">
            <Link className="link" to="/projects/$projectId" params={{ projectId }}>
              {t("reader.project")}
            </Link>
          </p>
          <h1 className="doctitle mt-1">{s.title}</h1>
          <p className="meta" title={exact(s.created_at)}>
            {[
              t("sheet.version", { n: content.data.version, when: when(s.created_at) }),
              s.page_count ? t("reader.pages", { count: s.page_count }) : "",
              sizeWords(s),
              bytes(s.byte_size),
              s.retracted_at ? t("sheet.retracted") : "",
            ]
              .filter(Boolean)
              .join(" · ")}
          </p>
          {s.url && <p className="meta break-all">{s.url}</p>}
          {old && (
            <p className="mt-2 text-[13px] leading-5 text-ink-2">
              {t("reader.old", { n: s.version })}{" "}
              <Link className="link" to="/projects/$projectId/sources/$sourceId" params={{ projectId, sourceId }} search={{}}>
                {t("reader.newest")}
              </Link>
            </p>
          )}
        </div>
        {content.data.tables.map((table, i) => (
          <TableView key={i} table={table} />
        ))}
        <Text content={content.data} start={search.start} end={search.end} />
      </div>
    </main>
  );
}

const ROWS_SHOWN = 500;

function TableView({ table }: { table: SourceTable }) {
  return (
    <section className="reader !mb-8">
      <h2 className="h3 font-sans">{table.name}</h2>
      <div className="scrollx mt-2 max-h-[60vh] overflow-auto" tabIndex={0} role="group" aria-label={table.name}>
        <table className="grid-table">
          <thead>
            <tr>
              {table.columns.map((column, c) => (
                <th scope="col" key={c} className={table.types[c] === "number" ? "n" : undefined}>
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.slice(0, ROWS_SHOWN).map((row, r) => (
              <tr key={r}>
                {row.map((cell, c) => (
                  <td key={c} className={table.types[c] === "number" ? "n" : undefined}>
                    {cell === null || cell === undefined ? "–" : String(cell)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {table.rows.length > ROWS_SHOWN && (
        <p className="meta mt-1 font-sans">{t("reader.rows", { shown: ROWS_SHOWN, all: count(table.rows.length) })}</p>
      )}
    </section>
  );
}

function Text({ content, start, end }: { content: SourceContent; start?: number; end?: number }) {
  const parts = useMemo(() => partsOf(content), [content]);
  const box = useRef<HTMLDivElement>(null);
  const marked = start !== undefined && end !== undefined && end > start;
  useEffect(() => {
    if (marked) box.current?.querySelector("mark")?.scrollIntoView?.({ block: "center" });
  }, [marked, start, end, content]);
  let page: number | null = null;
  return (
    <div className="reader" ref={box}>
      {parts.map((part) => {
        const turn = part.page !== null && part.page !== page && content.pages.length > 1;
        if (part.page !== null) page = part.page;
        const here = marked && start < part.end && end > part.start;
        return (
          <div key={part.key}>
            {turn && <div className="pagebreak">{t("reader.page", { n: part.page ?? 0 })}</div>}
            <div className={`blk ${here ? "at" : ""} ${part.heading ? "heading" : ""}`} data-p={part.n ?? ""}>
              {here
                ? cut(part.text, [{ start: start - part.start, end: end - part.start }]).map((piece, i) =>
                    piece.range === 0 ? <mark key={i}>{keep(piece.text)}</mark> : keep(piece.text),
                  )
                : keep(part.text)}
            </div>
          </div>
        );
      })}
      {parts.length === 0 && <p className="quiet">{t("reader.empty")}</p>}
    </div>
  );
}
