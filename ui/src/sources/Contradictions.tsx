import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api, newKey } from "@/api/client";
import { contradictionsQuery, type ContradictingSide, type SourceContradictions, type SourceMore } from "@/api/substrate";
import { Loading, Problem } from "@/components/States";
import { TwoSides } from "@/given/Passages";
import { t } from "@/i18n";
import { count } from "@/lib/format";
import { useSettled } from "@/lib/settled";
import { MemoryForm, type Words } from "@/memory/MemoryForm";
import { useSourceActs } from "./act";
import { held, sideOf, stateOfAll, type Held } from "./contradictions";
import { Retract } from "./Retract";

const QUIET_MS = 1_500;
const LONGEST_MS = 15_000;
const unknown = (state: string) => state === "";

/** What the sources of a project disagree on; asked anew when the sources have changed and stand still again. */
export function useContradictions(projectId: string, sources: SourceMore[]) {
  const now = useMemo(() => stateOfAll(sources), [sources]);
  const state = useSettled(now, unknown, QUIET_MS, LONGEST_MS);
  return useQuery({ ...contradictionsQuery(projectId, state), enabled: state !== "", placeholderData: keepPreviousData });
}

interface Props {
  projectId: string;
  sources: SourceMore[];
  query: ReturnType<typeof useContradictions>;
  may: { retract: boolean };
  onDone: (words: string) => void;
}

export function ContradictionList({ query, sources, ...rest }: Props) {
  if (query.error && !query.data) return <Problem what={t("apart.failed")} error={query.error} retry={() => void query.refetch()} />;
  if (!query.data && query.fetchStatus === "idle") return <p className="mt-4 text-ink-2">{t("apart.unread")}</p>;
  if (!query.data) {
    const passages = sources.reduce((sum, source) => sum + (source.retracted_at ? 0 : source.block_count), 0);
    return <Loading words={t("apart.loading", { count: passages, n: count(passages) })} />;
  }
  return <Listed answer={query.data} sources={sources} {...rest} />;
}

function Listed({ answer, sources, projectId, may, onDone }: Omit<Props, "query"> & { answer: SourceContradictions }) {
  const [seen, setSeen] = useState<{ answer: SourceContradictions | null; rows: Held[] }>({ answer: null, rows: [] });
  const rows = seen.answer === answer ? seen.rows : held(seen.rows, answer.items);
  if (seen.answer !== answer) setSeen({ answer, rows });
  const byId = useMemo(() => new Map(sources.map((source) => [source.id, source])), [sources]);
  return (
    <>
      <p className="max-w-[76ch] text-ink-2">{t("apart.words")}</p>
      <p className="meta mt-1" role="status">
        {[t("apart.compared", { count: answer.compared, n: count(answer.compared) }), answer.message].filter(Boolean).join(" ")}
      </p>
      {rows.length === 0 && <p className="mt-4">{t("apart.none")}</p>}
      <ol className="apart" aria-label={t("apart.title")}>
        {rows.map((row) => (
          <Row key={row.id} row={row} byId={byId} projectId={projectId} may={may} onDone={onDone} />
        ))}
      </ol>
    </>
  );
}

type Which = "a" | "b";
type Doing = { what: "holds" | "retract"; side: Which } | null;

function Row({ row, byId, projectId, may, onDone }: { row: Held; byId: ReadonlyMap<string, SourceMore> } & Pick<Props, "projectId" | "may" | "onDone">) {
  const [doing, setDoing] = useState<Doing>(null);
  const { item, gone } = row;
  const sides = useMemo(() => ({ a: sideOf(item.a), b: sideOf(item.b) }), [item]);
  const source = doing && byId.get(item[doing.side].source_id);
  const toggle = (what: "holds" | "retract", side: Which) => setDoing(doing?.what === what && doing.side === side ? null : { what, side });
  const acts = (side: Which) => {
    const title = item[side].source_title;
    const open = (what: "holds" | "retract") => doing?.what === what && doing.side === side;
    return (
      <p className="ends mt-1">
        <button type="button" className="link" disabled={gone} aria-expanded={open("holds")} aria-label={t("apart.holdsOf", { title })} onClick={() => toggle("holds", side)}>
          {t("apart.holds")}
        </button>
        <button type="button" className="link" disabled={gone || !byId.has(item[side].source_id)} aria-expanded={open("retract")} aria-label={t("apart.retractOf", { title })} onClick={() => toggle("retract", side)}>
          {t("apart.retract")}
        </button>
      </p>
    );
  };
  const below = may.retract ? { a: acts("a"), b: acts("b") } : undefined;
  return (
    <li data-gone={gone || undefined}>
      <TwoSides kind={item.kind} subject={item.subject} a={sides.a} b={sides.b} projectId={projectId} below={below} />
      <p className="meta apartnote">
        {gone ? t("apart.gone") : item.repeated > 0 ? t("apart.repeated", { count: item.repeated }) : ""}
      </p>
      {doing?.what === "holds" && !gone && <Holds projectId={projectId} yes={item[doing.side]} no={item[doing.side === "a" ? "b" : "a"]} subject={item.subject} onDone={onDone} close={() => setDoing(null)} />}
      {doing?.what === "retract" && !gone && source && <RetractOne source={source} onDone={onDone} close={() => setDoing(null)} />}
    </li>
  );
}

function RetractOne({ source, onDone, close }: { source: SourceMore; onDone: (words: string) => void; close: () => void }) {
  const acts = useSourceActs(source);
  const done = () => {
    onDone(t("apart.retracted", { title: source.title }));
    close();
  };
  return (
    <>
      <p className="font-medium">{t("apart.retractOf", { title: source.title })}</p>
      <Retract source={source} acts={acts} close={close} done={done} />
    </>
  );
}

/** Which of the two holds, as a standing instruction that a person words and every agent is told. */
function Holds({ projectId, yes, no, subject, onDone, close }: { projectId: string; yes: ContradictingSide; no: ContradictingSide; subject: string; onDone: (words: string) => void; close: () => void }) {
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: (words: Words) => api(`/projects/${projectId}/memory`, { method: "POST", json: { kind: "instruction", ...words }, idempotencyKey: newKey() }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["memory", projectId] });
      onDone(t("apart.noted"));
      close();
    },
  });
  const text = t("apart.note", { subject, yes: yes.says, source: yes.source_title, no: no.says, other: no.source_title });
  return <MemoryForm kind="instruction" text={text} projectId={projectId} busy={save.isPending} error={save.error} onSave={(words) => save.mutate(words)} onClose={close} />;
}
