import { t } from "@/i18n";

export default function NoChart(_: { spec: Record<string, unknown>; title: string }) {
  return <p className="meta">{t("draft.chartBroken")}</p>;
}
