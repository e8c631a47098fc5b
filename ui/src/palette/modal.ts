import { useEffect, useRef, useState } from "react";

/** A dialog over the page: the rest of the page is not reached by keys or readers while it is open, and what had the focus gets it back. */
export function useModal(onClose: () => void) {
  const box = useRef<HTMLDialogElement>(null);
  const [before] = useState(() => document.activeElement); // as it is drawn: afterwards it is in the dialog
  useEffect(() => {
    const dialog = box.current;
    if (!dialog) return;
    if (typeof dialog.showModal === "function") dialog.showModal();
    else dialog.setAttribute("open", "");
    dialog.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => {
      if (typeof dialog.close === "function") dialog.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [before]);
  return {
    ref: box,
    onCancel: (event: React.SyntheticEvent) => {
      event.preventDefault();
      onClose();
    },
    onKeyDown: (event: React.KeyboardEvent) => {
      event.stopPropagation(); // keys of the page below are not meant
      if (event.key === "Escape") {
        event.preventDefault();
        onClose();
      }
    },
    onClick: (event: React.MouseEvent) => {
      if (event.target === box.current) onClose();
    },
  };
}
