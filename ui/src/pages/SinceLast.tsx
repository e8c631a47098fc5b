import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { sinceLastQuery, type Place } from "@/api/queries";
import type { SinceLast } from "@/api/types";
import { t } from "@/i18n";
import { keep, when } from "@/lib/format";

type Change = SinceLast["changes"][number];
export type Run = { same: Change[] } | { change: Change };

/** Runs of unchanged lines fold into one; what was removed or added stands by itself. */
export function folded(changes: Change[]): Run[] {
  const runs: Run[] = [];
  for (const change of changes) {
    const last = runs.at(-1);
    if (change.kind !== "same") runs.push({ change });
    else if (last && "same" in last) last.same.push(change);
    else runs.push({ same: [change] });
  }
  return runs;
}

/** What a signed report says that the one before it did not, and the other way round. */
export function SinceLastPanel({ place }: { place: Place }) {
  const since = useQuery(sinceLastQuery(place));
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  if (!since.data) return null;
  const { previous, changes } = since.data;
  const changed = changes.filter((change) => change.kind !== "same").length;
  return (
    <section className="sect" aria-label={t("since.title")}>
      <div className="between">
        <h2 className="font-semibold">{t("since.title")}</h2>
        <span className="meta">
          <Link
            className="hover:underline"
            to="/projects/$projectId/sessions/$sessionId"
            params={{ projectId: place.projectId, sessionId: previous.id }}
          >
            {previous.title}
          </Link>
          {previous.settled_at ? `, ${when(previous.settled_at)}` : ""}
        </span>
      </div>
      {changed === 0 ? (
        <p className="mt-2 text-ink-2">{t("since.nothing")}</p>
      ) : (
        <div className="since">
          {folded(changes).map((run, i) =>
            "change" in run ? (
              <p key={i}>
                {run.change.kind === "added" ? <ins>{keep(run.change.text)}</ins> : <del>{keep(run.change.text)}</del>}
              </p>
            ) : open.has(i) ? (
              run.same.map((change, j) => <p key={`${i}-${j}`}>{keep(change.text)}</p>)
            ) : (
              <button type="button" className="fold" key={i} onClick={() => setOpen(new Set([...open, i]))}>
                {t("since.same", { count: run.same.length })}
              </button>
            ),
          )}
        </div>
      )}
    </section>
  );
}
