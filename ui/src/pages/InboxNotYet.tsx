import { Loading, Problem } from "@/components/States";
import { t } from "@/i18n";

/** The inbox before it is there: on its way, or what kept it from coming. */
export function InboxNotYet({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <main className="inbox screen">
      <div className="wrap">
        <h1 className="sr">{t("page.inbox")}</h1>
        {error ? <Problem what={t("home.failed")} error={error} retry={retry} /> : <Loading words={t("home.loading")} />}
      </div>
    </main>
  );
}
