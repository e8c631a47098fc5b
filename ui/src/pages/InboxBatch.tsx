import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { api } from "@/api/client";
import { batchQuery, keepView, type View } from "@/api/inbox";
import type * as G from "@/api/generated";
import { useOfflineSince } from "@/api/live";
import type { CheckpointItem } from "@/api/types";
import { Mark } from "@/components/Mark";
import { ErrorLine, Kbd, Loading, Problem, problemText } from "@/components/States";
import { t } from "@/i18n";
import { count, projectWords } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { useOnce } from "@/lib/once";
import { agentWord, needOf } from "@/review/Queue";

const MOST = 100;
const UNDO_SECONDS = 6;
const MOST_OTHERS = 20;

interface Kind {
  id: string;
  name: string;
  items: CheckpointItem[];
}

/** What may be signed together, by template, the largest first. */
export function kindsOf(items: CheckpointItem[]): Kind[] {
  const found = new Map<string, Kind>();
  for (const item of items) {
    if (item.template_id === null || item.batch_exceptions.length > 0) continue;
    const kind = found.get(item.template_id) ?? { id: item.template_id, name: item.template_name ?? t("batch.removed"), items: [] };
    kind.items.push(item);
    found.set(kind.id, kind);
  }
  for (const kind of found.values()) kind.items.sort((a, b) => (a.begin_by ?? "").localeCompare(b.begin_by ?? ""));
  return [...found.values()].toSorted((a, b) => b.items.length - a.items.length);
}

/** Seconds until the first of them cannot be taken back any more. */
function secondsLeft(outcomes: G.BatchOutcome[], now: number): number {
  const ends = outcomes.filter((one) => one.done && one.undo_until).map((one) => new Date(one.undo_until ?? 0).getTime());
  return ends.length === 0 ? 0 : Math.max(0, Math.min(...ends) - now) / 1000;
}

/** Signs routine work of one template together, one record each; everything else says why it is read by itself. */
export function InboxBatch({ view, onClose }: { view: View; onClose: () => void }) {
  const client = useQueryClient();
  const offline = useOfflineSince() !== null;
  const found = useQuery(batchQuery(view));
  const items = useMemo(() => found.data?.items ?? [], [found.data]);
  const kinds = useMemo(() => kindsOf(items), [items]);
  const [picked, setPicked] = useState<string | null>(null);
  const kind = kinds.find((one) => one.id === picked) ?? kinds[0];
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [at, setAt] = useState(0);
  const rows = (kind?.items ?? []).slice(0, MOST);
  const chosen = rows.filter((item) => !left.has(item.id));
  const others = items.filter((item) => item.batch_exceptions.length > 0 || item.template_id === null);

  // Whoever comes again finds what waits then.
  useEffect(() => () => client.removeQueries({ queryKey: ["inbox-batch"] }), [client]);

  const once = useOnce();
  const settle = () => void client.invalidateQueries({ queryKey: ["inbox"] });
  const sign = useMutation({
    mutationFn: (batch: { template: string; items: CheckpointItem[] }) => {
      const json = {
        template_id: batch.template,
        items: batch.items.map((item) => ({ checkpoint_id: item.id, packet_digest: item.packet_digest })),
        undo_seconds: UNDO_SECONDS,
      };
      return once(json, (idempotencyKey) => api<G.BatchDone>("/checkpoints/approve-batch", { method: "POST", idempotencyKey, json }));
    },
    onSettled: settle,
  });
  const back = useMutation({
    mutationFn: (ids: string[]) =>
      once(ids, (idempotencyKey) => api<G.BatchDone>("/checkpoints/withdraw-batch", { method: "POST", idempotencyKey, json: { checkpoint_ids: ids } })),
    onSettled: settle,
  });
  const outcomes = sign.data?.items ?? [];
  const signed = outcomes.filter((one) => one.done);
  const taken = new Set((back.data?.items ?? []).filter((one) => one.done).map((one) => one.checkpoint_id));

  const [now, setNow] = useState(() => Date.now());
  const seconds = secondsLeft(outcomes, now);
  const mayUndo = sign.isSuccess && seconds > 0 && !back.isPending && !back.isSuccess;
  useEffect(() => {
    if (!sign.isSuccess) return;
    setNow(Date.now());
    const wait = secondsLeft(sign.data.items, Date.now());
    const timer = setTimeout(() => setNow(Date.now()), wait * 1000 + 50);
    return () => clearTimeout(timer);
  }, [sign.isSuccess, sign.data]);

  const open = !sign.isPending && !sign.isSuccess;
  // Some of them may be signed though the answer was lost: the same ones are sent again, and each says what became of it.
  const choosing = open && !sign.isError;
  const toggle = (item: CheckpointItem | undefined) => {
    if (!item || !choosing) return;
    setLeft((before) => {
      const next = new Set(before);
      if (!next.delete(item.id)) next.add(item.id);
      return next;
    });
  };
  const act = () => {
    if (!open || offline || !kind || chosen.length === 0) return;
    sign.mutate({ template: kind.id, items: chosen });
  };
  const undo = () => {
    if (mayUndo) back.mutate(signed.map((one) => one.checkpoint_id));
  };
  const list = useRef<HTMLUListElement>(null);
  const go = (index: number) => {
    const next = Math.min(rows.length - 1, Math.max(0, index));
    setAt(next);
    list.current?.children[next]?.scrollIntoView?.({ block: "nearest" });
  };
  useKeys({
    j: () => go(at + 1),
    k: () => go(at - 1),
    ArrowDown: () => go(at + 1),
    ArrowUp: () => go(at - 1),
    " ": () => toggle(rows[at]),
    "Ctrl+Enter": act,
    u: undo,
    Escape: () => {
      if (!sign.isPending) onClose();
    },
  });

  const all = chosen.length === rows.length;
  const words = t("batch.sign", { count: chosen.length });
  const failed = sign.error ?? back.error;
  return (
    <div className="keyed screen">
      <main className="inbox">
        <div className="wrap">
          <div className="ihead">
            <h1 className="doctitle">{t("batch.title")}</h1>
            <button type="button" className="link" onClick={onClose} disabled={sign.isPending}>
              {t("batch.close")} <Kbd>Esc</Kbd>
            </button>
          </div>
          <p className="batchwords">{t("batch.words")}</p>
          {found.isPending && <Loading words={t("batch.loading")} />}
          {found.error && <Problem what={t("home.failed")} error={found.error} retry={() => void found.refetch()} />}
          {found.data && kinds.length === 0 && <p className="text-ink-2">{t("batch.none")}</p>}
          {kinds.length > 0 && (
            <div className="filters">
              <span className="seg" role="radiogroup" aria-label={t("batch.template")}>
                {kinds.map((one) => (
                  <label key={one.id}>
                    <input
                      type="radio"
                      name="template"
                      checked={one.id === kind?.id}
                      disabled={!choosing}
                      onChange={() => {
                        setPicked(one.id);
                        setLeft(new Set());
                        setAt(0);
                      }}
                    />
                    {one.name} <span className="quiet">{one.items.length}</span>
                  </label>
                ))}
              </span>
              {choosing && (
                <button type="button" className="link" onClick={() => setLeft(all ? new Set(rows.map((item) => item.id)) : new Set())}>
                  {all ? t("batch.noneOf") : t("batch.allOf", { n: rows.length })}
                </button>
              )}
            </div>
          )}
          {rows.length > 0 && (
            <ul className="batch" ref={list} aria-label={t("batch.list")}>
              {rows.map((item, index) => {
                const outcome = outcomes.find((one) => one.checkpoint_id === item.id);
                return (
                  <li key={item.id} aria-current={index === at ? "true" : undefined} onMouseDown={() => setAt(index)} data-bad={outcome && !outcome.done ? true : undefined}>
                    <label>
                      <input type="checkbox" checked={!left.has(item.id)} disabled={!choosing} onChange={() => toggle(item)} />
                      <span className="t">{item.session_title}</span>
                      <span className="sub">
                        {agentWord(item.agent_type, item.agent_title)} · {projectWords(item.project_name, item.project_archived)} · {needOf(item).words}
                      </span>
                    </label>
                    <span className="became">
                      {outcome ? (
                        outcome.done ? (
                          <>
                            <Mark shape="own" /> {taken.has(item.id) ? t("batch.takenBack") : t("batch.signed")}
                          </>
                        ) : (
                          <>
                            <Mark shape="warn" className="text-error" /> {[outcome.problem?.detail, outcome.problem?.hint].filter(Boolean).join(" ")}
                          </>
                        )
                      ) : (
                        <Link to="/review/$checkpointId" params={{ checkpointId: item.id }} className="link quiet" onClick={() => keepView(view)}>
                          {t("batch.open")}
                        </Link>
                      )}
                    </span>
                  </li>
                );
              })}
            </ul>
          )}
          {(kind?.items.length ?? 0) > MOST && <p className="meta mt-2">{t("batch.most", { n: MOST })}</p>}
          {others.length > 0 && (
            <section className="batchrest">
              <h2 className="h3">{t("batch.rest", { count: others.length })}</h2>
              <ul>
                {others.slice(0, MOST_OTHERS).map((item) => (
                  <li key={item.id}>
                    <Link to="/review/$checkpointId" params={{ checkpointId: item.id }} onClick={() => keepView(view)}>
                      {item.session_title}
                    </Link>
                    <span className="meta">{item.batch_exceptions.join(" ")}</span>
                  </li>
                ))}
              </ul>
              {others.length > MOST_OTHERS && <p className="meta">{t("batch.andMore", { n: count(others.length - MOST_OTHERS) })}</p>}
            </section>
          )}
        </div>
      </main>
      <footer className="dock" aria-label={t("dock.label")}>
        {mayUndo && <span className="fuse" key={sign.submittedAt} style={{ "--fuse": `${secondsLeft(outcomes, now)}s` } as React.CSSProperties} />}
        <div className="st" role="status">
          {sign.isPending ? (
            <>
              <b>{t("batch.busy", { count: sign.variables.items.length })}</b>
              <span>{t("batch.busyWords")}</span>
            </>
          ) : sign.isSuccess ? (
            <>
              <b>{taken.size > 0 ? t("batch.back", { count: taken.size }) : t("batch.done", { count: signed.length })}</b>
              <span>{taken.size > 0 ? t("batch.backWords") : outcomes.length > signed.length ? t("batch.refused", { count: outcomes.length - signed.length }) : t("batch.record", { n: outcomes.length })}</span>
            </>
          ) : (
            <>
              <b>{kind ? t("batch.ready", { count: chosen.length, template: kind.name }) : t("batch.nothing")}</b>
              <span>{offline ? t("batch.offline") : t("batch.readyWords")}</span>
            </>
          )}
          {failed && (
            <ErrorLine>
              {t("inbox.notDone")}: {[problemText(failed).title, problemText(failed).hint].filter(Boolean).join(" ")}
            </ErrorLine>
          )}
        </div>
        {mayUndo && (
          <button type="button" className="b" onClick={undo}>
            {t("batch.undo")} <Kbd>u</Kbd>
          </button>
        )}
        {sign.isSuccess ? (
          <button type="button" className={`b ${mayUndo ? "" : "fill"}`} onClick={onClose} disabled={back.isPending}>
            {t("batch.close")} <Kbd>Esc</Kbd>
          </button>
        ) : (
          kind && (
            <button type="button" className="b fill" disabled={!open || offline || chosen.length === 0} onClick={act}>
              {words} <Kbd>Ctrl+Enter</Kbd>
            </button>
          )
        )}
      </footer>
    </div>
  );
}
