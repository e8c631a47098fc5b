import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { agentsQuery, sessionQuery } from "@/api/queries";
import { givenQuery, type GivenReceipt, type Read } from "@/api/substrate";
import type { Envelope, WorkSession } from "@/api/types";
import { ProjectNav } from "@/components/ProjectNav";
import { Loading, Problem } from "@/components/States";
import { leftGroups, searchWords, weightWords } from "@/given/given";
import { Contradictions, Passages } from "@/given/Passages";
import { Rebuild } from "@/given/Rebuild";
import { t, tMaybe } from "@/i18n";
import { count, exact, when } from "@/lib/format";
import { runtimeWords } from "@/lib/runtime";
import { useTitle } from "@/lib/title";
import { agentWord } from "@/review/Queue";

export function EnvelopePage() {
  const { projectId, sessionId } = useParams({ from: "/projects/$projectId/sessions/$sessionId/envelope" });
  const place = { projectId, sessionId };
  const session = useQuery(sessionQuery(place));
  const given = useQuery(givenQuery(place));
  useTitle(session.data ? `${t("given.title")}: ${session.data.title}` : t("given.title"));
  const error = session.error ?? given.error;
  return (
    <main className="inbox screen given">
      <div className="wrap text">
        <ProjectNav projectId={projectId} here="work" />
        <p className="meta noprint">
          <Link className="link" to="/projects/$projectId/sessions/$sessionId" params={place}>
            {t("given.back")}
          </Link>
        </p>
        <h1 className="doctitle">{t("given.title")}</h1>
        {error ? (
          <Problem
            what={t("given.failed")}
            error={error}
            retry={() => {
              void session.refetch();
              void given.refetch();
            }}
          />
        ) : !session.data || given.data === undefined ? (
          <Loading words={t("given.loading")} />
        ) : given.data === null ? (
          <p className="mt-2 text-ink-2">{t(session.data.agent_type === "check" ? "given.noneCheck" : "given.none")}</p>
        ) : (
          <Given session={session.data} envelope={given.data} />
        )}
      </div>
    </main>
  );
}

function Given({ session, envelope }: { session: WorkSession; envelope: Omit<Envelope, "receipt"> & { receipt: GivenReceipt } }) {
  const { receipt } = envelope;
  const projectId = session.project_id;
  const weights = weightWords(receipt.weights);
  return (
    <>
      <p className="mt-1">
        {session.title} <span className="meta">{[agentWord(session.agent_type, session.agent_title), runtimeWords(session.runtime)].filter(Boolean).join(" · ")}</span>
      </p>
      <p className="meta" title={exact(envelope.created_at)}>
        {t("given.words", { when: when(envelope.created_at), n: envelope.iteration })}
      </p>
      <div className="givenhead">
        <Budget used={receipt.tokens} all={receipt.token_budget} />
        <div>
          <p>{searchWords(receipt)}</p>
          {weights.length > 0 && (
            <p className="meta">
              {t("given.weights")}: {weights.join(", ")}
            </p>
          )}
          {receipt.flags.map((flag) => (
            <p className="meta" key={flag}>
              {tMaybe(`envelopeFlag.${flag}`, flag)}
            </p>
          ))}
        </div>
      </div>
      <div className="line noprint mt-3">
        <Rebuild place={{ projectId, sessionId: session.id }} body={envelope.body} />
        <button type="button" className="b small ml-auto" onClick={() => print()}>
          {t("given.print")}
        </button>
      </div>
      <section className="sect">
        <h2>{t("given.task")}</h2>
        <p className="gtext whitespace-pre-line">{receipt.task ?? session.task_description}</p>
      </section>
      <Settings session={session} settings={(receipt as { settings?: Record<string, unknown> }).settings} />
      <Notes receipt={receipt} projectId={projectId} />
      {(receipt.obligations ?? []).length > 0 && (
        <section className="sect">
          <h2>{t("given.obligations")}</h2>
          <ol className="plainlist">
            {receipt.obligations?.map((one, i) => (
              <li key={i}>
                <p className="gtext">{one.comment}</p>
                {one.about && <p className="meta">{t("given.on", { text: one.about })}</p>}
              </li>
            ))}
          </ol>
        </section>
      )}
      <Contradictions receipt={receipt} projectId={projectId} />
      <Passages receipt={receipt} projectId={projectId} />
      <Tables receipt={receipt} projectId={projectId} />
      <LeftOut receipt={receipt} />
      <Reads receipt={receipt} />
      {envelope.body && (
        <details className="sect asent noprint">
          <summary>{t("given.body")}</summary>
          <p className="meta mt-1">{t("given.bodyWords")}</p>
          <pre tabIndex={0}>{envelope.body}</pre>
        </details>
      )}
    </>
  );
}

function Budget({ used, all }: { used: number; all: number }) {
  const share = all > 0 ? Math.min(1, used / all) : 0;
  return (
    <div>
      <p>{t("given.budget", { used: count(used), all: count(all) })}</p>
      <div className="bar-line" role="progressbar" aria-label={t("given.budgetLabel")} aria-valuenow={used} aria-valuemin={0} aria-valuemax={all}>
        <i style={{ transform: `scaleX(${share})` }} />
      </div>
      <p className="meta">{t("given.room", { left: count(Math.max(0, all - used)) })}</p>
    </div>
  );
}

function valueWords(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueWords).join(", ");
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

/** What it was set to, by the names that the form of new work has for it. */
function Settings({ session, settings }: { session: WorkSession; settings: Record<string, unknown> | undefined }) {
  const agent = useQuery(agentsQuery(session.project_id)).data?.find((one) => one.name === session.agent_type);
  const named = (name: string) => agent?.config_schema.properties?.[name]?.title ?? name.replaceAll("_", " ");
  const entries = Object.entries(settings ?? {}).filter(([, value]) => value !== "" && value !== null && !(Array.isArray(value) && value.length === 0));
  if (entries.length === 0) return null;
  return (
    <section className="sect">
      <h2>{t("given.settings")}</h2>
      <dl className="facts">
        {entries.map(([name, value]) => (
          <div className="contents" key={name}>
            <dt className="cap">{named(name)}</dt>
            <dd>{valueWords(value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Notes({ receipt, projectId }: { receipt: GivenReceipt; projectId: string }) {
  if (receipt.notes === undefined) return null;
  const left = receipt.notes_left_out?.length ?? 0;
  return (
    <section className="sect">
      <h2>{t("given.notes")}</h2>
      {receipt.notes.length === 0 && <p className="text-ink-2">{t("given.notesNone")}</p>}
      <ul className="plainlist">
        {receipt.notes.map((note) => (
          <li key={note.id}>
            <p className="gtext">{note.text}</p>
            <p className="meta">
              {t(`envelopeNote.${note.kind}`)} ·{" "}
              <Link className="hover:underline" to="/projects/$projectId/memory" params={{ projectId }}>
                {note.scope?.agent_type ? agentWord(note.scope.agent_type) : t("memory.anyAgent")}, {t(note.scope?.project_id ? "memory.scopeHere" : "memory.scopeEverywhere")}
              </Link>
            </p>
          </li>
        ))}
      </ul>
      {left > 0 && <p className="meta mt-1">{t("given.notesLeft", { count: left })}</p>}
    </section>
  );
}

function Tables({ receipt, projectId }: { receipt: GivenReceipt; projectId: string }) {
  const tables = receipt.tables ?? [];
  if (tables.length === 0) return null;
  return (
    <section className="sect">
      <h2>{t("given.tables")}</h2>
      <ul className="plainlist">
        {tables.map((table) => (
          <li key={`${table.source_id}-${table.table}`}>
            <p>
              <Link className="hover:underline" to="/projects/$projectId/sources/$sourceId" params={{ projectId, sourceId: table.source_id }} search={{ version: table.version, table: table.table }}>
                <b>{table.name}</b>
              </Link>{" "}
              <span className="meta">
                {table.source_title} · {t("given.tableRows", { count: table.row_count })}
              </span>
            </p>
            <p className="meta">{table.columns.join(", ")}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

const SHOWN = 5;

function LeftOut({ receipt }: { receipt: GivenReceipt }) {
  const groups = leftGroups(receipt);
  const told = groups.reduce((sum, group) => sum + group.count, 0);
  const more = Math.max(0, (receipt.left_out_count ?? told) - told);
  return (
    <section className="sect">
      <h2>{t("given.left")}</h2>
      {groups.length === 0 && more === 0 && <p className="text-ink-2">{t("given.leftNone")}</p>}
      <dl className="leftout">
        {groups.map((group) => (
          <div key={group.why}>
            <dt>
              <b>{count(group.count)}</b> <span>{group.why}</span>
            </dt>
            <dd className="meta">
              {group.sources.slice(0, SHOWN).map((source) => `${source.title}${source.count > 1 ? ` (${source.count})` : ""}`).join(", ")}
              {group.sources.length > SHOWN ? ` ${t("given.leftMore", { count: group.sources.length - SHOWN })}` : ""}
            </dd>
          </div>
        ))}
      </dl>
      {more > 0 && <p className="meta mt-1">{t("given.leftMore", { count: more })}</p>}
    </section>
  );
}

function readWords(read: Read): string {
  const what = read.query ? t("given.readSearched", { q: read.query }) : tMaybe(`tool.${read.tool}`, read.tool);
  return read.label ? `${what}: ${read.label}` : what;
}

function Reads({ receipt }: { receipt: GivenReceipt }) {
  if (receipt.reads === undefined) return null;
  return (
    <section className="sect">
      <h2>{t("given.reads")}</h2>
      {receipt.reads.length === 0 && <p className="text-ink-2">{t("given.readsNone")}</p>}
      <ol className="plainlist numbered">
        {receipt.reads.map((read, i) => (
          <li key={i}>
            <span>{readWords(read)}</span>{" "}
            {(read.block_ids?.length ?? 0) > 0 && <span className="meta">{t("given.readBlocks", { count: read.block_ids?.length ?? 0 })}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
