import { forwardRef, useImperativeHandle, useRef } from "react";
import { t } from "@/i18n";
import { spanOf } from "./agents";

const LINE = 20; // px, as .yaml sets it

export interface YamlHandle {
  /** Puts the cursor on a line and brings it into view. */
  goTo: (line: number) => void;
}

/** A plain text field with the number of each line beside it; the lines never wrap, so the numbers stay true. */
export const YamlField = forwardRef<
  YamlHandle,
  { id: string; value: string; bad: number | null; readOnly: boolean; describedBy?: string; onChange: (text: string) => void }
>(function YamlField({ id, value, bad, readOnly, describedBy, onChange }, handle) {
  const area = useRef<HTMLTextAreaElement>(null);
  const numbers = useRef<HTMLOListElement>(null);
  const lines = value.split("\n").length;
  useImperativeHandle(handle, () => ({
    goTo: (line) => {
      const field = area.current;
      if (!field) return;
      const { start, end } = spanOf(field.value, line);
      field.focus();
      field.setSelectionRange(start, end);
      field.scrollTop = Math.max(0, (line - 4) * LINE);
      field.scrollLeft = 0;
    },
  }));
  return (
    <div className="yaml">
      <ol ref={numbers} aria-hidden="true">
        {Array.from({ length: lines }, (_, i) => (
          <li key={i} className={bad === i + 1 ? "bad" : undefined}>
            {i + 1}
          </li>
        ))}
      </ol>
      <textarea
        ref={area}
        autoFocus
        id={id}
        value={value}
        readOnly={readOnly}
        rows={Math.min(20, Math.max(12, lines))}
        wrap="off"
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        placeholder={t("agents.placeholder")}
        aria-invalid={bad !== null ? true : undefined}
        aria-describedby={describedBy}
        onChange={(event) => onChange(event.target.value)}
        onScroll={(event) => {
          if (numbers.current) numbers.current.scrollTop = event.currentTarget.scrollTop;
        }}
      />
    </div>
  );
});
