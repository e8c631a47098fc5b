import { Link } from "@tanstack/react-router";
import { t } from "@/i18n";
import { useTitle } from "@/lib/title";

export function NotFound() {
  useTitle(t("page.notFound"));
  return (
    <main className="inbox screen">
      <div className="wrap">
        <div className="empty">
          <h1>{t("page.notFound")}</h1>
          <p>{t("page.notFoundWords")}</p>
          <div className="acts">
            <Link className="b fill" to="/inbox">
              {t("nav.inbox")}
            </Link>
          </div>
        </div>
      </div>
    </main>
  );
}
