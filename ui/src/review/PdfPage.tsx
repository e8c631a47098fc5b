import { useState } from "react";
import type { Anchor, Source } from "@/api/types";
import { ErrorLine } from "@/components/States";
import { t } from "@/i18n";

export function isPdf(source: Pick<Source, "content_type" | "filename">): boolean {
  return source.content_type === "application/pdf" || (source.filename ?? "").toLowerCase().endsWith(".pdf");
}

/** The page as it looks, with the words marked; the text stays the first view, and nothing is drawn before it is asked for. */
export function PdfPage({ projectId, anchor, page }: { projectId: string; anchor: Anchor; page: number }) {
  const [shown, setShown] = useState<"no" | "yes" | "failed">("no");
  const address = `/api/projects/${projectId}/sources/${anchor.source_id}/pages/${page}?version=${anchor.version}&start=${anchor.char_start}&end=${anchor.char_end}`;
  return (
    <>
      <button type="button" className="link" aria-expanded={shown === "yes"} onClick={() => setShown(shown === "no" ? "yes" : "no")}>
        {t(shown === "no" ? "pdf.show" : "pdf.hide", { n: page })}
      </button>
      {shown === "yes" && (
        <a href={address} target="_blank" rel="noreferrer">
          <img src={address} alt={t("pdf.alt", { n: page, title: anchor.source_title })} onError={() => setShown("failed")} />
        </a>
      )}
      {shown === "failed" && <ErrorLine>{t("pdf.failed")}</ErrorLine>}
    </>
  );
}
