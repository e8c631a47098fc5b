import "@/i18n/keys";
import "@/i18n/rest";
import "@/styles/overview.css";
import { useRouterState } from "@tanstack/react-router";
import { Kbd } from "@/components/States";
import { t } from "@/i18n";
import { useModal } from "./modal";
import { ANYWHERE, keysOfPage, type Line } from "./keysOfPage";

function Lines({ lines }: { lines: readonly Line[] }) {
  return (
    <dl>
      {lines.map(([keys, words]) => (
        <div key={words} className="contents">
          <dt>
            {keys.split(" ").map((key) => (
              <span key={key}>
                <Kbd>{key}</Kbd>{" "}
              </span>
            ))}
            <span className="sr">{keys}</span>
          </dt>
          <dd>{t(words)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The keys of the page below and those of every page: the only list of them. */
export function KeysHelp({ onClose }: { onClose: () => void }) {
  const modal = useModal(onClose);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const here = keysOfPage(path);
  return (
    <dialog className="palette" aria-label={t("keysHelp.title")} {...modal}>
      <div className="keys">
        <div className="between">
          <h2>{t("keysHelp.title")}</h2>
          <button type="button" className="b small" data-first onClick={onClose}>
            {t("keysHelp.close")}
          </button>
        </div>
        {here && (
          <>
            <h3 className="quiet">{t(here.title)}</h3>
            <Lines lines={here.lines} />
          </>
        )}
        <h3 className="quiet mt-3">{t("keysHelp.anywhere")}</h3>
        <Lines lines={ANYWHERE} />
        <p className="meta mt-3">{t("keysHelp.off")}</p>
      </div>
    </dialog>
  );
}
