import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Kbd, problemText } from "@/components/States";
import { t } from "@/i18n";
import { useKeys } from "@/lib/keys";
import { dropFormer, useFormers } from "./former";
import { useSecondsLeft } from "./Dock";

/** One line above the decision: what was done with the items before, the last of them first, while it can be taken back. `here`: this page's own item. */
export function FormerLine({ here, keyOn }: { here: string; keyOn: boolean }) {
  const [former = null, ...others] = useFormers();
  const navigate = useNavigate();
  const left = useSecondsLeft(former?.until ?? null);
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<{ id: string; words: string } | null>(null);
  const over = former !== null && left === 0 && new Date(former.until).getTime() <= Date.now() && !busy;
  const id = former?.id;
  useEffect(() => {
    if (over && id !== undefined) dropFormer(id);
  }, [over, id]);
  const undo = () => {
    if (!former?.undo || busy) return;
    const { id, returns } = former;
    setBusy(true);
    former
      .undo()
      .then(() => {
        dropFormer(id);
        setSaid({ id, words: t("former.undone") });
        if (returns && id !== here) void navigate({ to: "/review/$checkpointId", params: { checkpointId: id } });
      })
      .catch((problem: unknown) => setSaid({ id, words: t("former.failed", { why: problemText(problem).title }) }))
      .finally(() => setBusy(false));
  };
  useKeys({ u: undo }, keyOn && former?.undo != null);
  // Of those before, time may be over for some: they are counted as it runs.
  const more = others.filter((one) => one.undo !== null && new Date(one.until).getTime() > Date.now()).length;
  const told = said && (!former || former.id === said.id) ? said.words : null;
  const words = told ?? former?.words;
  return (
    <div className="former" role="status" aria-label={t("former.label")}>
      {words && (
        <>
          <span>
            {words}
            {former?.held && left > 0 && !told && ` ${t("former.takes", { count: left })}`}
            {more > 0 && !told && ` ${t("former.more", { count: more })}`}
          </span>
          {former?.undo && left > 0 && (
            <button type="button" className="b small" onClick={undo} disabled={busy}>
              {t("former.undo")} {keyOn && <Kbd>u</Kbd>}
            </button>
          )}
        </>
      )}
    </div>
  );
}
