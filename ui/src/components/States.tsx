import type { ReactNode } from "react";
import { ApiError } from "@/api/client";
import { t } from "@/i18n";
import { Mark } from "./Mark";

/** Words first; the grey lines come 150 ms later and stand still. */
export function Loading({ words }: { words: string }) {
  return (
    <div role="status" className="max-w-[640px]">
      <p className="quiet">{words}</p>
      <div className="ghost w-[94%]" />
      <div className="ghost w-[88%]" />
      <div className="ghost w-[61%]" />
    </div>
  );
}

export function problemText(error: unknown): { title: string; hint: string | null } {
  if (error instanceof ApiError) {
    // What the API tells of headers is for programs.
    const wait = error.code === "rate_limited" && error.retryAfter !== null;
    return { title: error.message, hint: wait ? t("error.wait", { count: error.retryAfter }) : error.hint };
  }
  return { title: error instanceof Error ? error.message : t("error.unknown"), hint: null };
}

/** What happened, to what, and what to do next. */
export function Problem({
  what,
  error,
  retry,
  children,
}: {
  what: string;
  error: unknown;
  retry?: () => void;
  children?: ReactNode;
}) {
  const { title, hint } = problemText(error);
  return (
    <div className="problem" role="alert">
      <h2>
        <Mark shape="warn" className="text-error" />
        {what}
      </h2>
      <p>{title}</p>
      {hint && <p>{hint}</p>}
      {(retry || children) && (
        <div className="acts">
          {retry && (
            <button type="button" className="b" onClick={retry}>
              {t("action.again")}
            </button>
          )}
          {children}
        </div>
      )}
    </div>
  );
}

export function ErrorLine({ id, children }: { id?: string; children: ReactNode }) {
  return (
    <div className="error-line" id={id} role="alert">
      <Mark shape="warn" />
      <span>{children}</span>
    </div>
  );
}

export function Kbd({ children }: { children: ReactNode }) {
  return <kbd aria-hidden="true">{children}</kbd>;
}
