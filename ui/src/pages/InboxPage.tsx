import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { keepView, tidy, type View } from "@/api/inbox";
import { t } from "@/i18n";
import { useTitle } from "@/lib/title";
import { InboxList } from "./InboxList";

const InboxBatch = lazy(() => import("./InboxBatch").then((module) => ({ default: module.InboxBatch })));
const DecidedList = lazy(() => import("./DecidedList").then((module) => ({ default: module.DecidedList })));

/** What waits, what was decided, or routine work to sign together; which of it stands in the address. */
export function InboxPage() {
  useTitle(t("page.inbox"));
  const view: View = useSearch({ from: "/inbox" });
  const navigate = useNavigate();
  const [batch, setBatch] = useState(false);
  useEffect(() => keepView(view), [view]);
  const onView = (next: View, replace?: boolean) => void navigate({ to: "/inbox", search: tidy(next), replace });
  return (
    <Suspense fallback={<main className="inbox screen" />}>
      {view.whose === "decided" ? (
        <DecidedList view={view} onView={onView} />
      ) : batch ? (
        <InboxBatch view={view} onClose={() => setBatch(false)} />
      ) : (
        <InboxList view={view} onView={onView} onBatch={() => setBatch(true)} />
      )}
    </Suspense>
  );
}
