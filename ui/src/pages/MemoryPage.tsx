import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { api, ApiError, newKey } from "@/api/client";
import { meQuery, projectQuery } from "@/api/queries";
import { memoryQuery, type MemoryItem, type MemoryKind } from "@/api/substrate";
import type { Project } from "@/api/types";
import { ProjectNav } from "@/components/ProjectNav";
import { ErrorLine, Kbd, Loading, Problem, problemText } from "@/components/States";
import { t } from "@/i18n";
import { useKeys } from "@/lib/keys";
import { useTitle } from "@/lib/title";
import { chosen, pastWords, scopeWords, sectionsOf } from "@/memory/memory";
import { MemoryForm, type Words } from "@/memory/MemoryForm";
import { MemoryRow } from "@/memory/MemoryRow";

/** As many as the server decides in one go. */
const AT_ONCE = 200;

type Decision = "accept" | "reject" | "retire";
interface Decided {
  items: MemoryItem[];
  decision: Decision;
  reason?: string;
}

/** Decisions and changes; each ends with what was done in one line. */
function useMemoryActs(projectId: string) {
  const client = useQueryClient();
  const path = `/projects/${projectId}/memory`;
  const settled = () => {
    void client.invalidateQueries({ queryKey: ["memory", projectId] });
    void client.invalidateQueries({ queryKey: ["index", projectId] });
  };
  const decide = useMutation({
    mutationFn: ({ items, decision, reason }: Decided) =>
      api(`${path}/decisions`, { method: "POST", json: { items: items.map(({ id, version }) => ({ id, decision, ...(reason ? { reason } : {}), ...(version === undefined ? {} : { version }) })) }, idempotencyKey: newKey() }),
    onSettled: settled,
  });
  const save = useMutation({
    mutationFn: ({ item, kind, words }: { item?: MemoryItem; kind: MemoryKind; words: Words }) =>
      item ? api(`${path}/${item.id}`, { method: "PATCH", json: item.version === undefined ? words : { ...words, version: item.version } }) : api(path, { method: "POST", json: { kind, ...words }, idempotencyKey: newKey() }),
    onSuccess: settled,
  });
  return { decide, save };
}

export function MemoryPage() {
  const { projectId } = useParams({ from: "/projects/$projectId/memory" });
  const project = useQuery(projectQuery(projectId));
  const memory = useInfiniteQuery(memoryQuery(projectId));
  const { hasNextPage, isFetching, fetchNextPage } = memory;
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const name = project.data?.name ?? "";
  useTitle(name ? t("memory.title", { project: name }) : t("projectNav.memory"));
  const items = useMemo(() => memory.data?.pages.flatMap((page) => page.items) ?? [], [memory.data]);
  const error = project.error ?? memory.error;
  const missing = memory.error instanceof ApiError && memory.error.status === 404 && !project.error;
  return (
    <main className="keyed screen">
      <div className="inbox">
        <div className="wrap text">
          <ProjectNav projectId={projectId} here="memory" />
          <h1 className="doctitle">{t("projectNav.memory")}</h1>
          <p className="mt-1 max-w-[72ch] text-ink-2">{t("memory.words")}</p>
          {missing ? (
            <p className="mt-4">{t("memory.off")}</p>
          ) : error ? (
            <Problem what={t("memory.failed")} error={error} retry={() => void memory.refetch()} />
          ) : memory.isPending ? (
            <div className="mt-4">
              <Loading words={t("memory.loading")} />
            </div>
          ) : (
            <Memory items={items} project={project.data} projectId={projectId} />
          )}
        </div>
      </div>
      <div className="keysbar nophone">
        {(["move", "select", "accept", "reject", "open"] as const).map((what, i) => (
          <span key={what}>
            {what === "move" ? (
              <>
                <Kbd>j</Kbd> <Kbd>k</Kbd>
              </>
            ) : (
              <Kbd>{["", "x", "a", "r", "o"][i]}</Kbd>
            )}{" "}
            {t(`memory.keys.${what}`)}
          </span>
        ))}
      </div>
    </main>
  );
}

/** Whether signed work proposes anything; shown where the server says so. */
function Remember({ project, may }: { project: Project | undefined; may: boolean }) {
  const client = useQueryClient();
  const on = (project as { remember_approved?: boolean } | undefined)?.remember_approved;
  const set = useMutation({
    mutationFn: (remember_approved: boolean) => api<Project>(`/projects/${project?.id}`, { method: "PATCH", json: { remember_approved } }),
    onSuccess: (now) => client.setQueryData(["project", now.id], now),
  });
  if (on === undefined) return null;
  return (
    <>
      <label className="tick meta">
        <input type="checkbox" checked={set.isPending ? set.variables : on} disabled={!may || set.isPending} onChange={(event) => set.mutate(event.target.checked)} />
        {t("memory.remember")}
      </label>
      {set.error && <ErrorLine>{[problemText(set.error).title, problemText(set.error).hint].filter(Boolean).join(" ")}</ErrorLine>}
    </>
  );
}

function Memory({ items, project, projectId }: { items: MemoryItem[]; project: Project | undefined; projectId: string }) {
  const sections = useMemo(() => sectionsOf(items), [items]);
  const role = useQuery(meQuery).data?.role ?? "viewer";
  const may = role === "reviewer" || role === "admin";
  const acts = useMemoryActs(projectId);
  const navigate = useNavigate();
  const [at, setAt] = useState(0);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState<{ items: MemoryItem[]; decision: Decision } | null>(null);
  const [editing, setEditing] = useState<{ kind: MemoryKind; item?: MemoryItem } | null>(null);
  const [notice, setNotice] = useState("");
  const list = useRef<HTMLOListElement>(null);
  const { proposed } = sections;
  const here = Math.min(at, Math.max(0, proposed.length - 1));
  const targets = chosen(proposed, selected, here);
  const picked = proposed.filter((item) => selected.has(item.id)).length;
  const decide = (what: Decided) => {
    if (acts.decide.isPending || what.items.length === 0) return;
    setNotice("");
    acts.decide.mutate(what, {
      onSuccess: () => {
        setAsking(null);
        setSelected(new Set());
        const key = ({ accept: "memory.accepted", reject: "memory.rejected", retire: "memory.retired" } as const)[what.decision];
        setNotice(t(key, { count: what.items.length }));
      },
    });
  };
  /** What rests on something that is gone or changed is accepted for a reason only. */
  const accept = (which: MemoryItem[]) =>
    which.some((item) => item.rests_on_retracted) ? setAsking({ items: which, decision: "accept" }) : decide({ items: which, decision: "accept" });
  const toggle = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    setSelected(next);
  };
  const move = (to: number) => {
    const next = Math.max(0, Math.min(proposed.length - 1, to));
    setAt(next);
    list.current?.children[next]?.scrollIntoView?.({ block: "nearest" });
  };
  useKeys(
    {
      j: () => move(here + 1),
      k: () => move(here - 1),
      x: () => proposed[here] && toggle(proposed[here].id),
      a: () => may && accept(targets),
      r: () => may && targets.length > 0 && setAsking({ items: targets, decision: "reject" }),
      o: () => {
        const origin = proposed[here]?.origin;
        if (origin) void navigate({ to: "/projects/$projectId/sessions/$sessionId", params: { projectId: origin.project_id ?? projectId, sessionId: origin.session_id } });
      },
      Escape: () => (asking ? setAsking(null) : setSelected(new Set())),
    },
    editing === null,
  );
  const reason = (
    <Reason
      key={asking?.items.map((item) => item.id).join()}
      asking={asking}
      busy={acts.decide.isPending}
      onSay={(words) => asking && decide({ ...asking, reason: words })}
      onClose={() => setAsking(null)}
    />
  );
  const asked = (item: MemoryItem) => asking?.decision === "retire" && asking.items[0]?.id === item.id;
  const standing = (title: string, words: string, none: string, kind: "instruction" | "lesson", rows: MemoryItem[], addWords: string) => (
    <section className="sect memsect">
      <div className="between">
        <h2>{title}</h2>
        {may && (
          <button type="button" className="b small" onClick={() => setEditing({ kind })}>
            {addWords}
          </button>
        )}
      </div>
      <p className="meta">{words}</p>
      {editing?.kind === kind && !editing.item && <Form {...{ editing, projectId, acts, setEditing }} />}
      {rows.length === 0 && <p className="mt-2 text-ink-2">{none}</p>}
      <ul className="memlist">
        {rows.map((item) => (
          <li key={item.id}>
            {editing?.item?.id === item.id ? (
              <Form {...{ editing, projectId, acts, setEditing }} />
            ) : (
              <MemoryRow item={item} projectId={projectId} words={scopeWords(item)}>
                {may && (
                  <p className="ends meta">
                    <button type="button" className="link" aria-label={`${t("memory.edit")}: ${item.text}`} onClick={() => setEditing({ kind, item })}>
                      {t("memory.edit")}
                    </button>
                    <button type="button" className="link" aria-label={`${t("memory.retire")}: ${item.text}`} onClick={() => setAsking({ items: [item], decision: "retire" })}>
                      {t("memory.retire")}
                    </button>
                  </p>
                )}
                {asked(item) && reason}
              </MemoryRow>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
  const failed = acts.decide.error ? problemText(acts.decide.error) : null;
  return (
    <>
      <p className="memnotice" role="status">
        {acts.decide.isPending ? t("memory.busy") : notice}
      </p>
      {failed && <ErrorLine>{[failed.title, failed.hint].filter(Boolean).join(" ")}</ErrorLine>}
      <section className="memsect">
        <div className="between">
          <h2>
            {t("memory.proposed")} {proposed.length > 0 && <span className="quiet">{proposed.length}</span>}
          </h2>
          {may && proposed.length > 1 && (
            <label className="tick !pt-0 meta">
              <input type="checkbox" checked={picked === Math.min(AT_ONCE, proposed.length)} onChange={() => setSelected(picked > 0 ? new Set() : new Set(proposed.slice(0, AT_ONCE).map((item) => item.id)))} />
              {picked > 0 ? t("memory.selected", { count: picked }) : t("memory.selectAll")}
            </label>
          )}
        </div>
        <p className="meta">{t(proposed.length > 0 ? "memory.proposedWords" : "memory.proposedNone")}</p>
        <Remember project={project} may={may} />
        <ol className="memlist" ref={list}>
          {proposed.map((item, i) => (
            <li key={item.id} aria-current={i === here ? "true" : undefined} onMouseDown={() => setAt(i)}>
              <MemoryRow
                item={item}
                projectId={projectId}
                words={item.kind === "block" ? undefined : `${t(`envelopeNote.${item.kind}`)}, ${scopeWords(item)}`}
                lead={
                  may && (
                    <input
                      type="checkbox"
                      className="pick"
                      aria-label={t("memory.selectOne", { text: item.text.slice(0, 80) })}
                      checked={selected.has(item.id)}
                      onChange={() => toggle(item.id)}
                    />
                  )
                }
              >
                {may && i === here && picked === 0 && !asking && (
                  <div className="acts">
                    <button type="button" className="b small" disabled={acts.decide.isPending} onClick={() => accept([item])}>
                      {t("memory.accept")} <Kbd>a</Kbd>
                    </button>
                    <button type="button" className="b small" disabled={acts.decide.isPending} onClick={() => setAsking({ items: [item], decision: "reject" })}>
                      {t("memory.reject")} <Kbd>r</Kbd>
                    </button>
                  </div>
                )}
                {asking && asking.decision !== "retire" && picked === 0 && asking.items[0]?.id === item.id && reason}
              </MemoryRow>
            </li>
          ))}
        </ol>
        {may && picked > 0 && (
          <div className="membulk">
            {asking && asking.decision !== "retire" ? (
              reason
            ) : (
              <div className="line">
                <button type="button" className="b" disabled={acts.decide.isPending} onClick={() => accept(targets)}>
                  {t("memory.acceptMany", { count: picked })} <Kbd>a</Kbd>
                </button>
                <button type="button" className="b" disabled={acts.decide.isPending} onClick={() => setAsking({ items: targets, decision: "reject" })}>
                  {t("memory.rejectMany", { count: picked })} <Kbd>r</Kbd>
                </button>
              </div>
            )}
          </div>
        )}
      </section>
      {standing(t("memory.instructions"), t("memory.instructionsWords"), t("memory.instructionsNone"), "instruction", sections.instructions, t("memory.addInstruction"))}
      {standing(t("memory.lessons"), t("memory.lessonsWords"), t("memory.lessonsNone"), "lesson", sections.lessons, t("memory.addLesson"))}
      <section className="sect memsect">
        <h2>{t("memory.accepted")}</h2>
        {sections.blocks.length === 0 && <p className="text-ink-2">{t("memory.acceptedNone")}</p>}
        <ul className="memlist">
          {sections.blocks.map((item) => (
            <li key={item.id}>
              <MemoryRow item={item} projectId={projectId}>
                {may && (
                  <p className="ends meta">
                    <button type="button" className="link" aria-label={`${t("memory.retire")}: ${item.text}`} onClick={() => setAsking({ items: [item], decision: "retire" })}>
                      {t("memory.retire")}
                    </button>
                  </p>
                )}
                {asked(item) && reason}
              </MemoryRow>
            </li>
          ))}
        </ul>
      </section>
      {sections.past.length > 0 && (
        <details className="sect memsect">
          <summary>
            {t("memory.past")} <span className="quiet">{sections.past.length}</span>
          </summary>
          <ul className="memlist">
            {sections.past.map((item) => (
              <li key={item.id}>
                <MemoryRow item={item} projectId={projectId} words={pastWords(item)} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function Form({
  editing,
  projectId,
  acts,
  setEditing,
}: {
  editing: { kind: MemoryKind; item?: MemoryItem };
  projectId: string;
  acts: ReturnType<typeof useMemoryActs>;
  setEditing: (to: null) => void;
}) {
  const { kind, item } = editing;
  return (
    <MemoryForm
      kind={kind}
      item={item}
      projectId={projectId}
      busy={acts.save.isPending}
      error={acts.save.error}
      onSave={(words) => acts.save.mutate({ item, kind, words }, { onSuccess: () => setEditing(null) })}
      onClose={() => {
        acts.save.reset();
        setEditing(null);
      }}
    />
  );
}

function Reason({ asking, busy, onSay, onClose }: { asking: { items: MemoryItem[]; decision: Decision } | null; busy: boolean; onSay: (reason: string) => void; onClose: () => void }) {
  const [words, setWords] = useState("");
  if (!asking) return null;
  const label = t(({ accept: "memory.acceptWhy", reject: "memory.rejectWhy", retire: "memory.retireWhy" } as const)[asking.decision]);
  return (
    <form
      className="line mt-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (words.trim() && !busy) onSay(words.trim());
      }}
    >
      <input className="in !w-[320px]" aria-label={label} placeholder={label} autoFocus value={words} onChange={(event) => setWords(event.target.value)} />
      <button type="submit" className="b" disabled={!words.trim() || busy}>
        {asking.decision === "retire" ? t("memory.retireDo") : t(asking.decision === "accept" ? "memory.acceptDo" : "memory.rejectDo", { count: asking.items.length })}
      </button>
      <button type="button" className="b bare" onClick={onClose}>
        {t("action.back")} <Kbd>Esc</Kbd>
      </button>
    </form>
  );
}
