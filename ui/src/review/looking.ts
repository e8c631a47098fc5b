import { useCallback, useEffect, useRef, useState } from "react";
import { api, ApiError } from "@/api/client";
import type { CheckpointItem, LookedAt } from "@/api/types";
import { afterPaint } from "@/lib/afterPaint";

const BEAT_MS = 20_000;

export interface Onlooker {
  id: string;
  name: string | null;
}

/** Who else looks at it now, by what the list says: a look that has run out counts no more. */
export function onlooker(item: Pick<CheckpointItem, "looking"> | undefined, me: string | undefined): Onlooker | null {
  const looking = item?.looking;
  if (!looking || me === undefined || looking.id === me || new Date(looking.until).getTime() <= Date.now()) return null;
  return looking;
}

/**
 * Says every 20 seconds that this review is being read, while its page is open and visible, and stops saying so when
 * the reader leaves. Answers who else reads it; nobody is kept from deciding. Nothing is fetched again for it, and the
 * page is drawn again only when somebody comes or goes.
 *
 * `rival`: the id of whoever the list says is there; when that changes the question is asked again at once.
 */
export function useLooking(id: string, on: boolean, rival: string | null): { other: Onlooker | null; takeOver: () => void } {
  const [other, setOther] = useState<Onlooker | null>(null);
  const beat = useRef<(take: boolean) => void>(() => {});

  useEffect(() => {
    if (!on) return;
    let gone = false;
    let held = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const path = `/checkpoints/${id}/lease`;
    const show = (next: Onlooker | null) => {
      if (!gone) setOther((now) => (now?.id === next?.id ? now : next));
    };
    const say = async (take: boolean) => {
      clearTimeout(timer);
      if (gone || document.visibilityState === "hidden") return;
      timer = setTimeout(() => void say(false), BEAT_MS);
      try {
        await api<LookedAt>(path, { method: "POST", json: { take } });
        held = true;
        show(null);
        if (gone) leave();
      } catch (problem) {
        if (problem instanceof ApiError && problem.code === "being_reviewed") {
          held = false;
          show((problem.body["looking"] as Onlooker | null | undefined) ?? null);
        }
        // Anything else: nobody is told, and the next beat tries again.
      }
    };
    const leave = () => {
      if (!held) return;
      held = false;
      // The page may be closing: the request outlives it.
      void api(path, { method: "DELETE", keepalive: true }).catch(() => undefined);
    };
    const seen = () => {
      if (document.visibilityState === "visible") void say(false);
      else clearTimeout(timer);
    };
    beat.current = (take) => void say(take);
    const later = afterPaint(() => void say(false));
    document.addEventListener("visibilitychange", seen);
    window.addEventListener("pagehide", leave);
    return () => {
      gone = true;
      later();
      clearTimeout(timer);
      beat.current = () => {};
      document.removeEventListener("visibilitychange", seen);
      window.removeEventListener("pagehide", leave);
      leave();
      setOther(null);
    };
  }, [id, on]);

  const before = useRef(rival);
  useEffect(() => {
    if (before.current !== rival) beat.current(false);
    before.current = rival;
  }, [rival]);

  const takeOver = useCallback(() => beat.current(true), []);
  return { other: on ? other : null, takeOver };
}
