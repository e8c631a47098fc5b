import { useEffect, useRef } from "react";
import type { CheckpointItem, Member } from "@/api/types";
import { Kbd } from "@/components/States";
import { t } from "@/i18n";
import { useKeys } from "@/lib/keys";
import { exact } from "@/lib/format";
import { ableTo, SNOOZES, snoozeUntil, type Snooze } from "./handOn";

export type Choosing = { what: "assign" | "snooze"; item: CheckpointItem };

/** The bar under the list: who reviews it, or until when it is put off. Numbers choose, Esc leaves. */
export function InboxDock({
  choosing: { what, item },
  members,
  me,
  onAssign,
  onSnooze,
  onClose,
}: {
  choosing: Choosing;
  members: Member[];
  me: string | undefined;
  onAssign: (member: Member | null) => void;
  onSnooze: (how: Snooze) => void;
  onClose: () => void;
}) {
  const able = ableTo(members, item);
  const options =
    what === "assign"
      ? [
          ...able.map((member, i) => ({
            key: i < 9 ? String(i + 1) : "",
            label: member.id === me ? t("handOn.me") : member.name,
            here: item.assignee?.id === member.id,
            title: undefined as string | undefined,
            act: () => onAssign(member),
          })),
          { key: "0", label: t("handOn.nobody"), here: item.assignee === null, title: undefined, act: () => onAssign(null) },
        ]
      : SNOOZES.map((how, i) => ({
          key: String(i + 1),
          label: t(`handOn.${how}`),
          here: false,
          title: exact(snoozeUntil(how).toISOString()),
          act: () => onSnooze(how),
        }));
  useKeys({ Escape: onClose, ...Object.fromEntries(options.filter((option) => option.key).map((option) => [option.key, option.act])) });

  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    first.current?.focus();
    // The list may have changed meanwhile: what is gone takes no focus.
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [what, item.id]);

  const title = item.session_title;
  return (
    <footer className="dock" aria-label={t(what === "assign" ? "handOn.assignOf" : "handOn.snoozeOf", { title })}>
      <div className="st">
        <b>{t(what === "assign" ? "handOn.assignTo" : "handOn.snoozeUntil", { title })}</b>
        <span>{t(what === "assign" ? "handOn.assignWords" : "handOn.snoozeWords")}</span>
      </div>
      <span className="choices">
        {options.map((option, i) => (
          <button
            type="button"
            className="b"
            key={`${option.key}${option.label}`}
            ref={i === 0 ? first : undefined}
            aria-pressed={what === "assign" ? option.here : undefined}
            title={option.title}
            onClick={option.act}
          >
            {option.label} {option.key && <Kbd>{option.key}</Kbd>}
          </button>
        ))}
        <button type="button" className="b bare" onClick={onClose}>
          {t("action.back")} <Kbd>Esc</Kbd>
        </button>
      </span>
    </footer>
  );
}
