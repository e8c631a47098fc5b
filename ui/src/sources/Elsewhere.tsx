import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { ApiError } from "@/api/client";
import { contradictionsQuery, type ContradictingSide, type SourceMore } from "@/api/substrate";
import { problemText } from "@/components/States";
import { t } from "@/i18n";
import { pairsOf } from "./contradictions";

function ToSentence({ projectId, side, children }: { projectId: string; side: ContradictingSide; children: string }) {
  const [start = 0, end = 0] = side.sentence;
  const search = { version: side.version, start: side.char_start + start, end: side.char_start + end };
  return (
    <Link to="/projects/$projectId/sources/$sourceId" params={{ projectId, sourceId: side.source_id }} search={search}>
      {children}
    </Link>
  );
}

/** Where other sources disagree with the one that is read. It stands last, so nothing moves when it comes: beside the text, or `below` it where there is no room beside it. */
export function Elsewhere({ source, below = false }: { source: SourceMore; below?: boolean }) {
  const query = useQuery(contradictionsQuery(source.project_id, `${source.version} ${source.updated_at}`, source.id));
  const [refused, setRefused] = useState<Error | null>(null);
  const why = query.failureReason;
  if (why && why !== refused) setRefused(why);
  const section = useRef<HTMLElement>(null);
  const pressed = useRef(false);
  useEffect(() => {
    if (!query.data || !pressed.current) return;
    pressed.current = false;
    // The button that had the focus is gone.
    if (document.activeElement === document.body) section.current?.focus();
  }, [query.data]);
  const pairs = pairsOf(query.data?.items ?? [], source.id);
  if (pairs.length === 0 && !refused) return null;
  return (
    <section className={below ? "elsewhere below" : "elsewhere"} ref={section} tabIndex={-1}>
      {pairs.length > 0 ? (
        <>
          <h2>{t("apart.elsewhere", { count: pairs.length })}</h2>
          <ul className="toc">
            {pairs.map(({ id, own, other }) => (
              <li key={id}>
                <ToSentence projectId={source.project_id} side={own}>
                  {t("apart.here", { says: own.says })}
                </ToSentence>
                <ToSentence projectId={source.project_id} side={other}>
                  {t("apart.there", { says: other.says, title: other.source_title })}
                </ToSentence>
              </li>
            ))}
          </ul>
        </>
      ) : query.data ? (
        <p className="meta">{t("apart.elsewhereNone")}</p>
      ) : (
        <Refused
          projectId={source.project_id}
          error={refused}
          ended={query.isError}
          busy={query.isFetching}
          again={() => {
            pressed.current = true;
            void query.refetch();
          }}
        />
      )}
    </section>
  );
}

/** Why the passages were not compared, in a quiet line that stays while it is tried again. */
function Refused({ projectId, error, ended, busy, again }: { projectId: string; error: Error | null; ended: boolean; busy: boolean; again: () => void }) {
  const [tried, setTried] = useState(false);
  const { title, hint } = problemText(error);
  const sameAgain = error instanceof ApiError && error.code === "comparing_too_much";
  const says = ended || tried ? hint : t("apart.asksAgain");
  return (
    <p className="meta">
      <span role="status">{[t("apart.unknown"), title, says].filter(Boolean).join(" ")}</span>{" "}
      {sameAgain ? (
        <Link className="link" to="/projects/$projectId/sources" params={{ projectId }}>
          {t("source.open")}
        </Link>
      ) : (
        (ended || tried) && (
          <button
            type="button"
            className="link"
            aria-disabled={busy || undefined}
            onClick={() => {
              if (busy) return;
              setTried(true);
              again();
            }}
          >
            {busy ? t("source.againBusy") : t("action.again")}
          </button>
        )
      )}
    </p>
  );
}
