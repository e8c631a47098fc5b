import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useRef, useState } from "react";
import { inboxQuery } from "@/api/queries";
import type { CheckpointItem } from "@/api/types";
import { Mark } from "@/components/Mark";
import { Kbd, Loading, Problem } from "@/components/States";
import { t } from "@/i18n";
import { exact, when } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { useTitle } from "@/lib/title";
import { agentWord, needOf } from "@/review/Queue";
import { EmptyInbox } from "./EmptyInbox";

export function matchesText(item: CheckpointItem, find: string): boolean {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${item.session_title} ${item.project_name} ${item.headline} ${agentWord(item.agent_type)}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

export function InboxPage() {
  useTitle(t("page.inbox"));
  const inbox = useQuery(inboxQuery);
  const navigate = useNavigate();
  const [find, setFind] = useState("");
  const [at, setAt] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const items = useMemo(() => (inbox.data ?? []).filter((item) => matchesText(item, find)), [inbox.data, find]);
  const index = Math.min(at, Math.max(0, items.length - 1));
  const open = (item: CheckpointItem | undefined) =>
    item && void navigate({ to: "/review/$checkpointId", params: { checkpointId: item.id } });

  useKeys(
    {
      j: () => setAt(Math.min(index + 1, items.length - 1)),
      k: () => setAt(Math.max(index - 1, 0)),
      ArrowDown: () => setAt(Math.min(index + 1, items.length - 1)),
      ArrowUp: () => setAt(Math.max(index - 1, 0)),
      Enter: () => open(items[index]),
      "/": () => field.current?.focus(),
      Escape: () => {
        setFind("");
        field.current?.blur();
      },
    },
    inbox.isSuccess,
  );

  if (inbox.isPending || inbox.error) {
    return (
      <main className="inbox screen">
        <div className="wrap">
          <h1 className="sr">{t("page.inbox")}</h1>
          {inbox.error ? (
            <Problem what={t("inbox.failed")} error={inbox.error} retry={() => void inbox.refetch()} />
          ) : (
            <Loading words={t("inbox.loading")} />
          )}
        </div>
      </main>
    );
  }
  if (inbox.data.length === 0) {
    return (
      <main className="inbox screen">
        <EmptyInbox />
      </main>
    );
  }
  return (
    <div className="keyed screen">
      <main className="inbox">
        <div className="wrap">
          <div className="ihead">
            <h1 className="doctitle">{t("inbox.title", { count: inbox.data.length })}</h1>
            <input
              ref={field}
              className="in"
              type="search"
              placeholder={t("inbox.find")}
              aria-label={t("inbox.find")}
              value={find}
              onChange={(event) => {
                setFind(event.target.value);
                setAt(0);
              }}
              onKeyDown={(event) => {
                if (event.key === "Enter") open(items[0]);
              }}
            />
          </div>
          {items.length === 0 ? (
            <p className="text-ink-2">
              {t("inbox.noMatch", { find })}{" "}
              <button type="button" className="link" onClick={() => setFind("")}>
                {t("inbox.showAll")}
              </button>
            </p>
          ) : (
            <table className="list">
              <thead>
                <tr>
                  <th scope="col">{t("inbox.need")}</th>
                  <th scope="col">{t("inbox.work")}</th>
                  <th scope="col">{t("inbox.why")}</th>
                  <th scope="col" className="num">
                    {t("inbox.since")}
                  </th>
                  <th scope="col" className="num">
                    {t("inbox.due")}
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map((item, i) => {
                  const need = needOf(item);
                  return (
                    <tr key={item.id} aria-current={i === index ? "true" : undefined} onMouseDown={() => setAt(i)}>
                      <td className="tight">
                        <Mark shape={need.shape} className={need.className} />
                        &ensp;{need.words}
                      </td>
                      <td>
                        <Link className="t" to="/review/$checkpointId" params={{ checkpointId: item.id }}>
                          {item.session_title}
                        </Link>
                        <span className="sub">
                          {agentWord(item.agent_type)} · {item.project_name}
                          {item.iteration > 1 ? ` · ${t("review.round", { n: item.iteration, max: item.max_iterations })}` : ""}
                        </span>
                      </td>
                      <td className="why2">{item.headline}</td>
                      <td className="num nophone" title={exact(item.opened_at)}>
                        {when(item.opened_at)}
                      </td>
                      <td className="num" title={exact(item.due_at)}>
                        {when(item.due_at)}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          )}
        </div>
      </main>
      <footer className="keysbar nophone">
        <span>
          <Kbd>j</Kbd> <Kbd>k</Kbd> {t("keys.move")}
        </span>
        <span>
          <Kbd>↵</Kbd> {t("keys.open")}
        </span>
        <span>
          <Kbd>/</Kbd> {t("keys.find")}
        </span>
      </footer>
    </div>
  );
}
