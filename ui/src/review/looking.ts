import { useEffect, useState } from "react";
import { api } from "@/api/client";
import type { CheckpointItem, LookedAt } from "@/api/types";
import { onLooks } from "@/api/waiting";
import { t } from "@/i18n";
import { afterPaint } from "@/lib/afterPaint";

const BEAT_MS = 20_000;

export type Onlooker = LookedAt["lookers"][number];

const NOBODY: Onlooker[] = [];

/** Who else looks at it now, by what the list says: a look that has run out counts no more. */
export function onlookers(item: Pick<CheckpointItem, "lookers"> | undefined, me: string | undefined): Onlooker[] {
  if (me === undefined || !item || item.lookers.length === 0) return NOBODY;
  return item.lookers.filter((one) => one.id !== me && new Date(one.until).getTime() > Date.now());
}

/** "Ana is looking", "Ana, Ben and Cleo are looking at this just now." */
export function lookWords(others: Onlooker[], say: "look.at" | "look.is"): string {
  const names = others.map((one) => one.name ?? t("look.somebody"));
  const last = names.at(-1) ?? "";
  return t(say, { count: names.length, name: names.length > 1 ? t("decided.and", { first: names.slice(0, -1).join(", "), last }) : last });
}

/**
 * Says every 20 seconds that this review is being read, while its page is open and visible, and stops saying so when
 * the reader leaves. Answers who else reads it, and is asked again at once when somebody comes or goes; nobody is kept
 * from deciding. Nothing is fetched again for it, and the page is drawn again only when it is somebody else who reads.
 *
 * `me`: the reader's id; undefined while this is not to be said.
 */
export function useLooking({ id, session_id }: Pick<CheckpointItem, "id" | "session_id">, me: string | undefined): Onlooker[] {
  const [others, setOthers] = useState(NOBODY);

  useEffect(() => {
    if (me === undefined) return;
    let gone = false;
    let held = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const path = `/checkpoints/${id}/lease`;
    const say = async () => {
      clearTimeout(timer);
      if (gone || document.visibilityState === "hidden") return;
      timer = setTimeout(() => void say(), BEAT_MS);
      try {
        const { lookers } = await api<LookedAt>(path, { method: "POST", json: {} });
        held = true;
        if (gone) leave();
        else {
          const next = lookers.filter((one) => one.id !== me);
          setOthers((now) => (now.map((one) => one.id).join() === next.map((one) => one.id).join() ? now : next));
        }
      } catch {
        // Nobody is told, and the next beat tries again.
      }
    };
    const leave = () => {
      if (!held) return;
      held = false;
      // The page may be closing: the request outlives it.
      void api(path, { method: "DELETE", keepalive: true }).catch(() => undefined);
    };
    const seen = () => {
      if (document.visibilityState === "visible") void say();
      else clearTimeout(timer);
    };
    const later = afterPaint(() => void say());
    const deaf = onLooks((session) => {
      if (session === session_id) void say();
    });
    document.addEventListener("visibilitychange", seen);
    window.addEventListener("pagehide", leave);
    return () => {
      gone = true;
      later();
      deaf();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      window.removeEventListener("pagehide", leave);
      leave();
      setOthers(NOBODY);
    };
  }, [id, session_id, me]);

  return me === undefined ? NOBODY : others;
}
