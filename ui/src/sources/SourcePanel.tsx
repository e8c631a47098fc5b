import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useId, useRef, useState, type ReactNode } from "react";
import { goesQuery, type SourceMore } from "@/api/substrate";
import { ErrorLine, Kbd } from "@/components/States";
import { t, tMaybe } from "@/i18n";
import { count, exact, when } from "@/lib/format";
import { useSourceActs, type SourceActs } from "./act";
import { RestList, RestsOn } from "./RestsOn";
import { Retract, said } from "./Retract";
import { kindOf } from "./kinds";
import { kindWord, noteWords, sizeOf } from "./words";

type Doing = "none" | "version" | "retract" | "restore" | "remove";

/** "3 versions, 210 passages", of whatever counts the server names. */
export function deletedWords(answer: Record<string, unknown> | undefined): string {
  const counts = typeof answer?.["deleted"] === "object" && answer["deleted"] !== null ? (answer["deleted"] as Record<string, unknown>) : (answer ?? {});
  return Object.entries(counts)
    .filter((entry): entry is [string, number] => typeof entry[1] === "number" && entry[1] > 0)
    .map(([name, n]) => tMaybe(`deleted.${name}`, "", { count: n, n: count(n) }))
    .filter(Boolean)
    .join(", ");
}

/** Everything about one source that its row has no room for, and what can be done with it. */
export function SourcePanel({ source, may, onDeleted }: { source: SourceMore; may: { add: boolean; retract: boolean }; onDeleted: (words: string) => void }) {
  const [doing, setDoing] = useState<Doing>("none");
  const acts = useSourceActs(source);
  const params = { projectId: source.project_id, sourceId: source.id };
  const readable = source.version > 0;
  const toggle = (what: Doing) => setDoing(doing === what ? "none" : what);
  return (
    <div className="srcpanel">
      <dl className="facts">
        <Fact name={t("source.kind")}>{[kindWord(kindOf(source)), source.content_type].filter(Boolean).join(", ")}</Fact>
        {source.filename && source.filename !== source.title && <Fact name={t("origin.file")}>{source.filename}</Fact>}
        {source.url && (
          <Fact name={t("origin.url")}>
            <span className="break-all">{source.url}</span>
          </Fact>
        )}
        <Fact name={t("source.size")}>{sizeOf(source) || "–"}</Fact>
        <Fact name={t("source.addedHead")}>
          <span title={exact(source.created_at)}>
            {when(source.created_at)}
            {source.version > 1 ? `, ${t("review.version", { n: source.version })}` : ""}
          </span>
        </Fact>
        {source.retracted_at && (
          <Fact name={t("sourceState.retracted")}>
            {[when(source.retracted_at), source.retract_reason].filter(Boolean).join(": ")}
          </Fact>
        )}
        {source.notes.length > 0 && (
          <Fact name={t("reader.notes")}>
            {source.notes.map((note, i) => (
              <span className="block" key={i}>
                {noteWords(note)}
              </span>
            ))}
          </Fact>
        )}
      </dl>
      <div className="acts">
        {readable && (
          <Link className="b small" to="/projects/$projectId/sources/$sourceId" params={params} search={{}}>
            {t("source.read")}
          </Link>
        )}
        {(readable || source.byte_size > 0) && (
          <a className="b small" download href={`/api/projects/${source.project_id}/sources/${source.id}/content?raw=1`}>
            {t("source.original")}
          </a>
        )}
        {source.status === "failed" && may.add && (
          <button type="button" className="b small" disabled={acts.again.isPending} onClick={() => acts.again.mutate()}>
            {acts.again.isPending ? t("source.againBusy") : t("source.again")}
          </button>
        )}
        {source.session_id && (
          <Link className="b small" to="/projects/$projectId/sessions/$sessionId" params={{ projectId: source.project_id, sessionId: source.session_id }}>
            {t("action.openWork")}
          </Link>
        )}
        {may.add && !source.retracted_at && source.origin !== "artifact" && (
          <button type="button" className="b small" aria-expanded={doing === "version"} onClick={() => toggle("version")}>
            {t("source.newVersion")}
          </button>
        )}
        {may.retract && !source.retracted_at && source.status !== "processing" && (
          <button type="button" className="b small" aria-expanded={doing === "retract"} onClick={() => toggle("retract")}>
            {t("source.retract")}
          </button>
        )}
        {may.retract && source.retracted_at && (
          <button type="button" className="b small" aria-expanded={doing === "restore"} onClick={() => toggle("restore")}>
            {t("source.restore")}
          </button>
        )}
        {may.retract && (
          <button type="button" className="b small" aria-expanded={doing === "remove"} onClick={() => toggle("remove")}>
            {t("source.remove")}
          </button>
        )}
      </div>
      {acts.again.error && <ErrorLine>{said(acts.again.error)}</ErrorLine>}
      {doing === "version" && <Version source={source} acts={acts} close={() => setDoing("none")} />}
      {doing === "retract" && <Retract source={source} acts={acts} close={() => setDoing("none")} />}
      {doing === "restore" && <Restore acts={acts} close={() => setDoing("none")} />}
      {doing === "remove" && <Remove source={source} acts={acts} close={() => setDoing("none")} onDeleted={onDeleted} />}
      {doing !== "retract" && acts.retract.data && (
        <div className="mt-3">
          <RestList rest={acts.retract.data} projectId={source.project_id} />
        </div>
      )}
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="cap">{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

type Acts = SourceActs;

function Version({ source, acts, close }: { source: SourceMore; acts: Acts; close: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const [text, setText] = useState<string | null>(null);
  const { renew } = acts;
  return (
    <form
      className="doing"
      onSubmit={(event) => {
        event.preventDefault();
        if (text?.trim()) renew.mutate({ text }, { onSuccess: close });
      }}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      <p className="text-ink-2">{t("source.newVersionWords")}</p>
      <input
        ref={input}
        type="file"
        className="sr"
        tabIndex={-1}
        aria-label={t("source.newVersionFile")}
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) renew.mutate({ file }, { onSuccess: close });
          event.target.value = "";
        }}
      />
      {text !== null && <textarea className="in mt-2" id={id} rows={5} autoFocus aria-label={t("source.newVersionText")} value={text} onChange={(e) => setText(e.target.value)} />}
      <div className="acts">
        {text !== null ? (
          <button type="submit" className="b small" disabled={!text.trim() || renew.isPending}>
            {t("source.newVersionDo", { n: source.version + 1 })}
          </button>
        ) : (
          <>
            <button type="button" className="b small" disabled={renew.isPending} onClick={() => input.current?.click()}>
              {t("source.newVersionFile")}
            </button>
            <button type="button" className="b small" disabled={renew.isPending} onClick={() => setText("")}>
              {t("source.newVersionText")}
            </button>
            {source.url && (
              <button type="button" className="b small" disabled={renew.isPending} onClick={() => source.url && renew.mutate({ url: source.url }, { onSuccess: close })}>
                {t("source.newVersionUrl")}
              </button>
            )}
          </>
        )}
        <button type="button" className="b small bare" onClick={close}>
          {t("action.back")} <Kbd>Esc</Kbd>
        </button>
      </div>
      {renew.isPending && (
        <p className="meta mt-2" role="status">
          {t("source.sendingVersion")}
        </p>
      )}
      {renew.error && <ErrorLine>{said(renew.error)}</ErrorLine>}
    </form>
  );
}

function Restore({ acts, close }: { acts: Acts; close: () => void }) {
  const [reason, setReason] = useState("");
  const { restore } = acts;
  return (
    <form
      className="doing"
      onSubmit={(event) => {
        event.preventDefault();
        if (reason.trim()) restore.mutate(reason.trim(), { onSuccess: close });
      }}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      <p className="text-ink-2">{t("source.restoreWords")}</p>
      <div className="line mt-3">
        <input className="in !w-[320px]" aria-label={t("source.restoreWhy")} placeholder={t("source.restoreWhy")} autoFocus value={reason} onChange={(event) => setReason(event.target.value)} />
        <button type="submit" className="b" disabled={!reason.trim() || restore.isPending}>
          {t("source.restoreDo")}
        </button>
        <button type="button" className="b bare" onClick={close}>
          {t("action.back")} <Kbd>Esc</Kbd>
        </button>
      </div>
      {restore.error && <ErrorLine>{said(restore.error)}</ErrorLine>}
    </form>
  );
}

const alike = (text: string) => text.trim().replace(/\s+/g, " ").toLocaleLowerCase();

function Remove({ source, acts, close, onDeleted }: { source: SourceMore; acts: Acts; close: () => void; onDeleted: (words: string) => void }) {
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const id = useId();
  const { remove } = acts;
  const goes = useQuery(goesQuery(source.project_id, source.id));
  const what = deletedWords(goes.data?.goes);
  const ready = reason.trim() !== "" && alike(typed) === alike(source.title);
  const done = (answer: Record<string, unknown> | undefined) => {
    const gone = deletedWords(answer);
    onDeleted(gone ? t("source.removed", { title: source.title, what: gone }) : t("source.removedOnly", { title: source.title }));
    acts.forget();
  };
  return (
    <form
      className="doing"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) remove.mutate(reason.trim(), { onSuccess: done });
      }}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      <p className="text-ink-2">{t("source.removeWords")}</p>
      <p className="mt-2 font-medium">{t("rest.goes")}</p>
      <p className="text-ink-2">{[source.title, sizeOf(source), t("source.passages", { count: source.block_count })].filter(Boolean).join(" · ")}</p>
      {goes.isPending && (
        <p className="meta" role="status">
          {t("rest.counting")}
        </p>
      )}
      {what && <p className="text-ink-2">{t("rest.counted", { what })}</p>}
      {goes.error && <ErrorLine>{said(goes.error)}</ErrorLine>}
      <RestsOn projectId={source.project_id} sourceId={source.id} />
      <div className="mt-3 grid max-w-[420px] gap-2">
        <label htmlFor={`${id}-why`}>{t("source.removeWhy")}</label>
        <input id={`${id}-why`} className="in" autoFocus value={reason} onChange={(event) => setReason(event.target.value)} />
        <label htmlFor={`${id}-name`}>{t("source.removeType", { title: source.title })}</label>
        <input id={`${id}-name`} className="in" autoComplete="off" value={typed} onChange={(event) => setTyped(event.target.value)} />
      </div>
      <div className="acts">
        <button type="submit" className="b danger" disabled={!ready || remove.isPending}>
          {remove.isPending ? t("source.removing") : t("source.removeDo")}
        </button>
        <button type="button" className="b bare" onClick={close}>
          {t("action.back")} <Kbd>Esc</Kbd>
        </button>
      </div>
      {remove.error && <ErrorLine>{said(remove.error)}</ErrorLine>}
    </form>
  );
}
