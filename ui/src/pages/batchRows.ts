/** What may be signed together, by template, and who has it in hand; told of anew as others act. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { batchQuery, whatBecame, type View } from "@/api/inbox";
import { onWaiting } from "@/api/waiting";
import type { CheckpointItem } from "@/api/types";
import { t } from "@/i18n";
import { onlookers } from "@/review/looking";

export interface Kind {
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

export interface Hands {
  /** Ids of the colleagues who have it in hand. */
  ids: string[];
  /** "Ana is reading it", "assigned to Ana". */
  words: string;
}

/** Who else has taken a review on: its assignee, and who reads it just now; null where nobody has. */
export function handsOf(item: Pick<CheckpointItem, "assignee" | "lookers">, me: string | undefined): Hands | null {
  const reads = onlookers(item, me);
  const owner = item.assignee !== null && item.assignee.id !== me ? item.assignee : null;
  const said = [
    ...reads.map((one) => t("batch.reads", { name: one.name ?? t("look.somebody") })),
    ...(owner ? [t("batch.assigned", { name: owner.name ?? t("look.somebody") })] : []),
  ];
  if (said.length === 0) return null;
  return { ids: [...new Set([...(owner ? [owner.id] : []), ...reads.map((one) => one.id)])], words: said.join(", ") };
}

const GLANCE_MS = 10_000;

/** The routine work of a view, page after page, each row as it stands now. */
export function useRoutine(view: View) {
  const found = useInfiniteQuery(batchQuery(view));
  const [now, setNow] = useState<ReadonlyMap<string, CheckpointItem>>(new Map());
  const listed = useMemo(() => found.data?.pages.flatMap((page) => page.items) ?? [], [found.data]);
  useEffect(
    () =>
      onWaiting((sessions) => {
        const ours = new Set(listed.map((item) => item.session_id));
        const told = (sessions.length === 0 ? [...ours] : sessions.filter((id) => ours.has(id))).slice(0, 200);
        if (told.length === 0) return;
        whatBecame(told).then(
          (items) => setNow((before) => new Map([...before, ...items.map((item) => [item.id, item] as const)])),
          () => undefined, // what is signed meanwhile is refused one by one, and says why
        );
      }),
    [listed],
  );
  // A look that nobody renews runs out by itself.
  const items = listed.map((item) => now.get(item.id) ?? item);
  const watched = items.some((item) => item.lookers.length > 0);
  const [, glance] = useState(0);
  useEffect(() => {
    if (!watched) return;
    const timer = setInterval(() => glance((n) => n + 1), GLANCE_MS);
    return () => clearInterval(timer);
  }, [watched]);
  // What is signed is what was listed: a packet that came later is another review.
  return { found, listed, stands: (id: string) => now.get(id), total: found.data?.pages[0]?.total, most: found.data?.pages[0]?.batch_most ?? 1 };
}
