import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { MemoryItem } from "@/api/substrate";
import { Mark } from "@/components/Mark";
import { t, tMaybe } from "@/i18n";
import { exact, keep, when } from "@/lib/format";
import { nameOf } from "./memory";

/** Where an item came from: signed work, or a person. */
function Origin({ item, projectId }: { item: MemoryItem; projectId: string }) {
  const by = nameOf(item.created_by);
  const { origin } = item;
  return (
    <>
      {origin?.session_id ? (
        <Link className="link" to="/projects/$projectId/sessions/$sessionId" params={{ projectId: origin.project_id ?? projectId, sessionId: origin.session_id }}>
          {origin.title ?? t(origin.from === "change_request" ? "memory.fromRequest" : origin.from === "check_was_wrong" ? "memory.fromCheck" : "memory.fromWork")}
          {origin.version ? `, ${t("review.version", { n: origin.version })}` : ""}
        </Link>
      ) : (
        by && t("memory.writtenBy", { name: by })
      )}
      {item.created_at && <span title={exact(item.created_at)}> · {when(item.created_at)}</span>}
    </>
  );
}

/** One remembered thing: its words, where it came from, what it rests on. */
export function MemoryRow({ item, projectId, words, lead, children }: { item: MemoryItem; projectId: string; words?: string; lead?: ReactNode; children?: ReactNode }) {
  const anchors = item.anchors ?? [];
  return (
    <>
      {lead}
      <div className="min-w-0">
        <p className="gtext">
          {item.source_id && typeof item.char_start === "number" && typeof item.char_end === "number" ? (
            <Link
              className="hover:underline"
              to="/projects/$projectId/sources/$sourceId"
              params={{ projectId, sourceId: item.source_id }}
              search={{ start: item.char_start, end: item.char_end }}
            >
              {keep(item.text)}
            </Link>
          ) : (
            keep(item.text)
          )}
        </p>
        <p className="meta">
          {words ? `${words} · ` : ""}
          <Origin item={item} projectId={projectId} />
        </p>
        {(item.claims ?? []).some((claim) => claim.needs_you) && (
          <p className="meta flagged">
            <Mark shape="warn" /> {t("memory.signedOver")}
          </p>
        )}
        {(item.in_question ?? []).map((one, i) => (
          <p className="meta flagged" key={i}>
            <Mark shape="warn" /> {tMaybe(`memory.inQuestion.${one.why}`, one.title, { title: one.title })} {one.reason}
          </p>
        ))}
        {anchors.length > 0 && (
          <ul className="anchors">
            {anchors.slice(0, 3).map((anchor, i) => (
              <li key={i} className="meta">
                <Link
                  className="hover:underline"
                  to="/projects/$projectId/sources/$sourceId"
                  params={{ projectId, sourceId: anchor.source_id }}
                  search={{ version: anchor.version, start: anchor.char_start, end: anchor.char_end }}
                >
                  {anchor.source_title && anchor.quote ? `${anchor.source_title}: ` : anchor.source_title}
                  {anchor.quote && t("memory.quote", { quote: keep(anchor.quote.length > 160 ? `${anchor.quote.slice(0, 160)} …` : anchor.quote) })}
                </Link>
              </li>
            ))}
            {anchors.length > 3 && <li className="meta">{t("rest.more", { count: anchors.length - 3 })}</li>}
          </ul>
        )}
        {children}
      </div>
    </>
  );
}
