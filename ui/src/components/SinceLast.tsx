import { Link } from "@tanstack/react-router";
import { useState } from "react";
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
export function SinceLastPanel({ since, projectId, className }: { since: SinceLast; projectId: string; className: string }) {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const { previous, changes } = since;
  const changed = changes.filter((change) => change.kind !== "same").length;
  return (
    <section className={className} aria-label={t("since.title")}>
      <div className="between">
        <h2 className="h3">{t("since.title")}</h2>
        <span className="meta">
          <Link
            className="hover:underline"
            to="/projects/$projectId/sessions/$sessionId"
            params={{ projectId, sessionId: previous.id }}
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
