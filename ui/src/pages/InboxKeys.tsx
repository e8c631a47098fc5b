import type { ReactNode } from "react";
import { Kbd } from "@/components/States";
import { t } from "@/i18n";

/** One key or several, and what they do. */
export function Key({ keys, words }: { keys: string[]; words: string }) {
  return (
    <span>
      {keys.map((key) => (
        <span key={key}>
          <Kbd>{key}</Kbd>{" "}
        </span>
      ))}
      {words}
    </span>
  );
}

/** The keys of a list of reviews, at its foot; the keys of the filters stand at the filters. */
export function InboxKeys({ children }: { children?: ReactNode }) {
  return (
    <footer className="keysbar nophone">
      <Key keys={["j", "k"]} words={t("keys.move")} />
      <Key keys={["↵"]} words={t("keys.open")} />
      <Key keys={["/"]} words={t("keys.find")} />
      {children}
    </footer>
  );
}
