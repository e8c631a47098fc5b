import { useEffect, useId, useRef, useState } from "react";
import { Kbd } from "@/components/States";
import { t } from "@/i18n";
import type { Why } from "./state";

/** What was being written, by what it is for: closing the form loses nothing. */
const drafts = new Map<string, string>();

/** A line of text with what it is for: a reason, a wish. */
export function Composer({
  label,
  placeholder,
  submit,
  short = false,
  quiet = false,
  above,
  help,
  closed,
  draft,
  onArrow,
  onSubmit,
  onCancel,
  also,
}: {
  label: string;
  placeholder: string;
  submit: string;
  short?: boolean;
  /** Something else is the next best thing to press. */
  quiet?: boolean;
  /** Stands between the label and the field. */
  above?: React.ReactNode;
  /** Stands under the field. */
  help?: string;
  /** Why it cannot be sent any more; what is written stays, to be copied. In place of the help, and as high. */
  closed?: string | undefined;
  /** What it is for, where what is written is kept until the page is closed. */
  draft?: string;
  /** Arrow up and down in a field of one line. */
  onArrow?: () => void;
  /** `advance`: by Ctrl Enter, which goes on to the next item where something is decided. */
  onSubmit: (text: string, advance: boolean) => void;
  onCancel: () => void;
  /** `closed`: why this one cannot be done any more, while the other one can. */
  also?: { label: string; onSubmit: (text: string, advance: boolean) => void; closed?: string | undefined } | undefined;
}) {
  const [text, setText] = useState(draft === undefined ? "" : (drafts.get(draft) ?? ""));
  const write = (next: string) => {
    if (draft !== undefined) drafts.set(draft, next);
    setText(next);
  };
  const why = closed ?? also?.closed;
  const id = useId();
  const field = useRef<HTMLTextAreaElement & HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const done = (act: (text: string, advance: boolean) => void, advance = false) => {
    if (closed === undefined && text.trim()) act(text.trim(), advance);
    else field.current?.focus();
  };
  const common = {
    id,
    className: "in",
    placeholder,
    value: text,
    maxLength: 2000,
    readOnly: closed !== undefined,
    "aria-describedby": help ? `${id}-help` : undefined,
    onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => write(event.target.value),
    onKeyDown: (event: React.KeyboardEvent) => {
      if (event.key === "Escape") {
        event.preventDefault();
        onCancel();
      } else if (onArrow && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
        event.preventDefault();
        onArrow();
      } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        if (also?.closed === undefined) done(also ? also.onSubmit : onSubmit, true);
      } else if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
        event.preventDefault();
        done(onSubmit);
      }
    },
  };
  return (
    <div className="ask">
      <label htmlFor={id}>{label}</label>
      {above}
      {short ? <input ref={field} {...common} /> : <textarea ref={field} rows={2} {...common} />}
      {help && (
        <div className="grid *:[grid-area:1/1]" id={`${id}-help`}>
          <p className={why === undefined ? "meta" : "meta invisible"}>{help}</p>
          {why !== undefined && (
            <p className="meta" role="alert">
              {why}
            </p>
          )}
        </div>
      )}
      <div className="acts">
        <button type="button" className={quiet ? "b" : "b fill"} disabled={closed !== undefined} onClick={() => done(onSubmit)}>
          {submit} <Kbd>↵</Kbd>
        </button>
        {also && (
          <button type="button" className="b" disabled={why !== undefined} onClick={() => done(also.onSubmit)}>
            {also.label} <Kbd>Ctrl ↵</Kbd>
          </button>
        )}
        <button type="button" className="b bare" onClick={onCancel}>
          {t("action.back")} <Kbd>Esc</Kbd>
        </button>
      </div>
    </div>
  );
}

const WHYS = ["accepted", "check_was_wrong"] as const;

/** Keeping a flagged claim: one line of reason, and whether the text or the check is to blame. */
export function KeepComposer({ closed, onKeep, onCancel }: { closed: string | undefined; onKeep: (reason: string, why: Why) => void; onCancel: () => void }) {
  const [why, setWhy] = useState<Why>("accepted");
  const id = useId();
  return (
    <Composer
      label={t("keep.label")}
      placeholder={t(`keep.placeholder.${why}`)}
      submit={t("keep.submit")}
      short
      closed={closed}
      above={
        <span className="seg whys" role="radiogroup" aria-label={t("keep.which")}>
          {WHYS.map((option) => (
            <label key={option}>
              <input type="radio" name={id} checked={why === option} onChange={() => setWhy(option)} />
              {t(`keep.why.${option}`)}
            </label>
          ))}
          <span className="meta nophone">
            <Kbd>↑</Kbd> <Kbd>↓</Kbd>
          </span>
        </span>
      }
      onArrow={() => setWhy(why === "accepted" ? "check_was_wrong" : "accepted")}
      onSubmit={(reason) => onKeep(reason, why)}
      onCancel={onCancel}
    />
  );
}
