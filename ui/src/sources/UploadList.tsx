import { Mark, type Shape } from "@/components/Mark";
import { problemText } from "@/components/States";
import { t } from "@/i18n";
import { bytes, count } from "@/lib/format";
import { uploads, useUploads, type Upload } from "./uploads";

const SHAPE: Record<Upload["state"], Shape> = { waiting: "dot", sending: "run", done: "supported", here: "supported", refused: "warn", stopped: "none" };
const LIVE = new Set<Upload["state"]>(["waiting", "sending"]);
const MOST_SHOWN = 40;

/** Those that say something: what goes now, what was refused, what was here. What is done stands in the list of sources. */
export function worthShowing(items: Upload[]): { shown: Upload[]; waiting: number } {
  const order: Upload["state"][] = ["sending", "refused", "stopped", "here"];
  const said = items.filter((item) => item.state !== "done" && item.state !== "waiting");
  said.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.id - b.id);
  const waiting = items.filter((item) => item.state === "waiting");
  const room = Math.max(0, Math.min(MOST_SHOWN - said.length, 3));
  return { shown: [...said.slice(0, MOST_SHOWN), ...waiting.slice(0, room)], waiting: Math.max(0, waiting.length - room) };
}

function refusal(error: unknown): string {
  const { title, hint } = problemText(error);
  return [title, hint].filter(Boolean).join(" ");
}

function Row({ item }: { item: Upload }) {
  const { id, name, projectId, state } = item;
  return (
    <li>
      <Mark shape={SHAPE[state]} className={state === "refused" ? "text-error" : state === "sending" ? "v-accent" : ""} />
      <span className="min-w-0 break-words">
        {name}
        {state === "refused" && (
          <span className="error-line" role="alert">
            {refusal(item.error)}
          </span>
        )}
        {state === "sending" && item.size > 0 && (
          <span className="bar-line" role="progressbar" aria-label={name} aria-valuenow={item.sent} aria-valuemin={0} aria-valuemax={item.size}>
            <i style={{ transform: `scaleX(${item.sent / item.size})` }} />
          </span>
        )}
      </span>
      <span className="meta ends">
        {state === "sending" && item.size > 0 && t("upload.of", { sent: bytes(item.sent), all: bytes(item.size) })}
        {state === "waiting" && t("upload.waiting")}
        {state === "here" && t("upload.isHere")}
        {state === "stopped" && t("upload.isStopped")}
        {LIVE.has(state) ? (
          <button type="button" className="link" aria-label={t("upload.stopOne", { name })} onClick={() => uploads.stop(id)}>
            {t("upload.stop")}
          </button>
        ) : (
          <>
            {state !== "here" && (
              <button type="button" className="link" aria-label={t("upload.againOne", { name })} onClick={() => uploads.again(projectId, id)}>
                {t("upload.again")}
              </button>
            )}
            <button type="button" className="link" aria-label={t("upload.dismiss", { name })} onClick={() => uploads.clear(projectId, id)}>
              {t("action.close")}
            </button>
          </>
        )}
      </span>
    </li>
  );
}

/** What is being sent to a project, and what became of it. */
export function UploadList({ projectId }: { projectId: string }) {
  const items = useUploads(projectId);
  if (items.length === 0) return null;
  const n = (state: Upload["state"]) => items.filter((item) => item.state === state).length;
  const open = n("waiting") + n("sending");
  const again = n("refused") + n("stopped");
  const { shown, waiting } = worthShowing(items);
  const words = [
    open > 0 ? t("upload.sum", { done: count(items.length - open), all: count(items.length) }) : t("upload.ended", { done: count(n("done")) }),
    n("here") > 0 ? t("upload.here", { count: n("here") }) : "",
    n("refused") > 0 ? t("upload.refused", { count: n("refused") }) : "",
    n("stopped") > 0 ? t("upload.stopped", { count: n("stopped") }) : "",
  ];
  return (
    <section className="uploads whole" aria-label={t("upload.title")}>
      <p className="between">
        <span role="status">{words.filter(Boolean).join(" · ")}</span>
        <span className="ends meta">
          {open > 1 && (
            <button type="button" className="link" onClick={() => uploads.stopAll(projectId)}>
              {t("upload.stopAll")}
            </button>
          )}
          {again > 1 && open === 0 && (
            <button type="button" className="link" onClick={() => uploads.again(projectId)}>
              {t("upload.againAll")}
            </button>
          )}
          {open === 0 && (
            <button type="button" className="link" onClick={() => uploads.clear(projectId)}>
              {t("upload.clear")}
            </button>
          )}
        </span>
      </p>
      {shown.length > 0 && (
        <ul>
          {shown.map((item) => (
            <Row key={item.id} item={item} />
          ))}
        </ul>
      )}
      {waiting > 0 && <p className="meta">{t("upload.more", { count: waiting })}</p>}
    </section>
  );
}
