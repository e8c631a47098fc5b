import type { Checkpoint, Effect } from "@/api/types";
import { ErrorLine } from "@/components/States";
import { t } from "@/i18n";

/** Why an effect could not be made as things stand; it can be signed all the same. */
function hindrance(checkpoint: Checkpoint, effect: Effect): string | null {
  const target = (effect.target ?? {}) as Record<string, unknown>;
  const found = checkpoint.undeliverable.find((one) => one.path === target["path"]);
  return found ? t("effect.hindered", { why: found.why }) : null;
}

/** What a signature releases, and what stands in its way. */
export function Released({ checkpoint, mark = "", className }: { checkpoint: Checkpoint; mark?: string; className?: string }) {
  return checkpoint.effects.map((effect, i) => {
    const why = hindrance(checkpoint, effect);
    return (
      <li className={className} key={i}>
        {mark}
        {effect.label}
        {why && <ErrorLine>{why}</ErrorLine>}
      </li>
    );
  });
}
