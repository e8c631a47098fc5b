/** What all pages share that are not part of the first load. */
import "@/i18n/rest";
import "@/styles/later.css";

import type { ReactNode } from "react";
import { Loading } from "@/components/States";
import { t } from "@/i18n";
import { useKnown } from "@/lib/may";

/** A page that begins when it is known who reads it; its own parts are fetched meanwhile. */
export function whenKnown(Page: () => ReactNode): () => ReactNode {
  return function WhenKnown() {
    if (useKnown()) return <Page />;
    return (
      <main className="inbox screen">
        <div className="wrap">
          <Loading words={t("opening.page")} />
        </div>
      </main>
    );
  };
}
