import { useEffect, useRef } from "react";
import { t } from "@/i18n";

/** A sentence under the pen: plain text only, Enter saves, Escape leaves it as it was. */
export function EditSpan({ text, onDone }: { text: string; onDone: (text: string | null) => void }) {
  const ref = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const span = ref.current;
    if (!span) return;
    span.textContent = text;
    span.focus();
    const range = document.createRange();
    range.selectNodeContents(span);
    range.collapse(false);
    getSelection()?.removeAllRanges();
    getSelection()?.addRange(range);
  }, [text]);
  return (
    <span
      ref={ref}
      className="s editing"
      role="textbox"
      aria-label={t("edit.label")}
      contentEditable="plaintext-only"
      suppressContentEditableWarning
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter" && !event.nativeEvent.isComposing) {
          event.preventDefault();
          onDone((ref.current?.textContent ?? "").replaceAll("\u00a0", " ").trim());
        } else if (event.key === "Escape") {
          event.preventDefault();
          onDone(null);
        }
      }}
    />
  );
}
