import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { countQuery, keepView, type View } from "@/api/inbox";
import { useOfflineSince } from "@/api/live";
import { meQuery } from "@/api/queries";
import type { CheckpointItem } from "@/api/types";
import { Loading, Problem, Kbd } from "@/components/States";
import { t } from "@/i18n";
import { count, projectWords } from "@/lib/format";
import { MOVES, useKeys } from "@/lib/keys";
import { agentWord, needOf } from "@/review/Queue";
import { BatchDock } from "./BatchDock";
import { handsOf, kindsOf, useRoutine } from "./batchRows";
import { secondsLeft, useBatchRun, type Chosen } from "./batchRun";
import { BatchFate } from "./BatchFate";

const MOST_OTHERS = 20;
const PAGE_ROWS = 10;

/** What the reader said of a row, and who had it in hand then. */
interface Said {
  chosen: boolean;
  past: string[];
}

/** Signs routine work of one template together, one record each; everything else says why it is read by itself. */
export function InboxBatch({ view, onClose }: { view: View; onClose: () => void }) {
  const client = useQueryClient();
  const offline = useOfflineSince() !== null;
  const me = useQuery(meQuery).data?.id;
  const { found, listed, stands, total, most } = useRoutine(view);
  // Counted once, as the rows are listed once: what is signed meanwhile is still among both.
  const counted = countQuery(view);
  const everything = useQuery({ ...counted, queryKey: ["inbox-batch", ...counted.queryKey], staleTime: Infinity }).data;
  const kinds = useMemo(() => kindsOf(listed), [listed]);
  const [picked, setPicked] = useState<string | null>(null);
  const kind = kinds.find((one) => one.id === picked) ?? kinds[0];
  /** What the reader said of rows; the others are chosen when nobody else has them in hand. */
  const [said, setSaid] = useState<ReadonlyMap<string, Said>>(new Map());
  /** Where the keyboard is; null until the rows are here: it begins on the first that would be signed. */
  const [moved, setAt] = useState<number | null>(null);
  const rows = (kind?.items ?? []).slice(0, most);
  const run = useBatchRun();
  const { phase, fates } = run;

  const isGone = (item: CheckpointItem) => {
    const now = stands(item.id);
    return !fates.has(item.id) && now !== undefined && (now.status !== "pending_review" || now.held !== null);
  };
  const handsNow = (item: CheckpointItem) => handsOf(stands(item.id) ?? item, me);
  /** Whoever took it on after the reader chose it is not passed over. */
  const known = (item: CheckpointItem, past: string[]) => (handsNow(item)?.ids ?? []).every((id) => past.includes(id));
  const isChosen = (item: CheckpointItem) => {
    const { chosen, past } = said.get(item.id) ?? { chosen: true, past: [] };
    return !isGone(item) && chosen && known(item, past);
  };
  const say = (items: CheckpointItem[], chosen: boolean) =>
    setSaid((before) => new Map([...before, ...items.map((item) => [item.id, { chosen, past: handsNow(item)?.ids ?? [] }] as const)]));
  const chosen = rows.filter(isChosen);
  const left = chosen.filter((item) => !fates.has(item.id));
  const at = moved ?? 0;
  if (moved === null && rows.length > 0 && me !== undefined) setAt(Math.max(0, rows.findIndex(isChosen)));
  const others = listed.filter((item) => item.batch_exceptions.length > 0 || item.template_id === null);
  const colleagues = rows.filter((item) => !isGone(item) && !isChosen(item) && handsNow(item) !== null).length;
  const elsewhere = everything === undefined || total === undefined ? 0 : everything - total;

  // Whoever comes again finds what waits then.
  useEffect(() => () => client.removeQueries({ queryKey: ["inbox-batch"] }), [client]);

  const [now, setNow] = useState(() => Date.now());
  const rested = phase === "rested";
  useEffect(() => {
    if (!rested) return;
    setNow(Date.now());
    const timer = setTimeout(() => setNow(Date.now()), secondsLeft(fates, Date.now()) * 1000 + 50);
    return () => clearTimeout(timer);
  }, [rested, fates]);
  const mayUndo = rested && secondsLeft(fates, now) > 0 && !run.undoing && run.taken === null;

  const still = phase === "choosing" || (rested && run.taken === null);
  const toggle = (item: CheckpointItem | undefined) => {
    if (!item || !still || fates.has(item.id) || isGone(item)) return;
    say([item], !isChosen(item));
  };
  const unsure = [...fates.values()].some((fate) => fate.state === "unsure");
  const act = () => {
    if (!still || offline || !kind || (left.length === 0 && !unsure)) return;
    run.go(
      kind.id,
      left.map((item): Chosen => ({ item, insteadOf: handsNow(item)?.ids ?? [] })),
    );
  };

  const list = useRef<HTMLUListElement>(null);
  // A colleague may have a screenful of them in hand.
  useEffect(() => {
    if (moved !== null) list.current?.children[moved]?.scrollIntoView?.({ block: "nearest" });
    // Only where it begins: a row that is moved to is shown as it is moved to.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [moved === null, kind?.id]);
  const go = (index: number) => {
    const next = Math.min(rows.length - 1, Math.max(0, index));
    setAt(next);
    const row = list.current?.children[next];
    row?.querySelector("input")?.focus({ preventScroll: true });
    row?.scrollIntoView?.({ block: "nearest" });
  };
  useKeys(
    {
      j: () => go(at + 1),
      k: () => go(at - 1),
      ArrowDown: () => go(at + 1),
      ArrowUp: () => go(at - 1),
      PageDown: () => go(at + PAGE_ROWS),
      PageUp: () => go(at - PAGE_ROWS),
      Home: () => go(0),
      End: () => go(rows.length - 1),
      x: () => toggle(rows[at]),
      " ": () => toggle(rows[at]),
      "Ctrl+Enter": act,
      u: () => mayUndo && run.undo(),
      Escape: () => (phase === "running" || phase === "stopping" ? run.stop() : onClose()),
    },
    true,
    MOVES,
  );

  const free = rows.filter((item) => !isGone(item) && !fates.has(item.id) && handsNow(item) === null);
  const all = free.every(isChosen);
  return (
    <div className="keyed screen">
      <main className="inbox">
        <div className="wrap">
          <div className="ihead">
            <h1 className="doctitle">{t("batch.title")}</h1>
            <button type="button" className="link" onClick={onClose} disabled={phase === "running" || phase === "stopping"}>
              {t("batch.close")} <Kbd>Esc</Kbd>
            </button>
          </div>
          <p className="batchwords">{t("batch.words")}</p>
          {found.isPending && <Loading words={t("batch.loading")} />}
          {found.error && listed.length === 0 && <Problem what={t("home.failed")} error={found.error} retry={() => void found.refetch()} />}
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
                      disabled={phase !== "choosing"}
                      onChange={() => {
                        setPicked(one.id);
                        setSaid(new Map());
                        setAt(null);
                      }}
                    />
                    {one.name} <span className="quiet">{count(one.items.length)}</span>
                  </label>
                ))}
              </span>
              {still && free.length > 0 && (
                <button type="button" className="link" onClick={() => say(free, !all)}>
                  {all ? t("batch.noneOf") : t("batch.allOf", { n: free.length })}
                </button>
              )}
              {found.hasNextPage && (
                <span className="batchmore">
                  {t("batch.listed", { n: count(listed.length), total: count(total ?? listed.length) })}{" "}
                  <button type="button" className="link" disabled={phase !== "choosing" || found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
                    {found.isFetchingNextPage ? t("batch.loadingMore") : t("batch.more")}
                  </button>
                </span>
              )}
            </div>
          )}
          {rows.length > 0 && (
            <ul className="batch" ref={list} aria-label={t("batch.list")}>
              {rows.map((item, index) => {
                const hands = handsNow(item);
                const fate = fates.get(item.id);
                return (
                  <li key={item.id} aria-current={index === at ? "true" : undefined} onMouseDown={() => setAt(index)} data-state={fate?.state}>
                    <label>
                      <input
                        type="checkbox"
                        checked={isChosen(item)}
                        disabled={!still || fate !== undefined || isGone(item)}
                        onFocus={() => setAt(index)}
                        onChange={() => toggle(item)}
                      />
                      <span className="t">{item.session_title}</span>
                      <span className="sub">
                        {agentWord(item.agent_type, item.agent_title)} · {projectWords(item.project_name, item.project_archived)} · {needOf(item).words}
                        {hands && !fate && !isGone(item) && (
                          <>
                            {" · "}
                            <b className="hands">{hands.words}</b>
                            {isChosen(item) && ` · ${t("batch.past")}`}
                          </>
                        )}
                      </span>
                    </label>
                    <BatchFate item={item} fate={fate} gone={isGone(item) ? stands(item.id) : undefined} chosen={isChosen(item)} phase={phase} taken={run.taken} view={view} me={me} />
                  </li>
                );
              })}
            </ul>
          )}
          {(kind?.items.length ?? 0) > most && <p className="meta mt-2">{t("batch.most", { n: most })}</p>}
          {others.length + elsewhere > 0 && (
            <section className="batchrest">
              <h2 className="h3">{t("batch.rest", { count: others.length + elsewhere, n: count(others.length + elsewhere) })}</h2>
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
              {others.length + elsewhere > Math.min(others.length, MOST_OTHERS) && (
                <p className="meta">{t("batch.andMore", { count: others.length + elsewhere - Math.min(others.length, MOST_OTHERS), n: count(others.length + elsewhere - Math.min(others.length, MOST_OTHERS)) })}</p>
              )}
            </section>
          )}
        </div>
      </main>
      <BatchDock run={run} chosen={chosen.length} left={left.length} colleagues={colleagues} past={left.filter((item) => handsNow(item) !== null).length} template={kind?.name ?? null} offline={offline} mayUndo={mayUndo} seconds={secondsLeft(fates, now)} onSign={act} onClose={onClose} />
    </div>
  );
}
