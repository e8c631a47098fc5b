import { tMaybe } from "@/i18n";

/** What a trigger says, in words. Its numbers stay out: a confidence means nothing before it is calibrated. */
export function triggerWords(detail: unknown): string {
  if (typeof detail === "string") return detail;
  if (detail === null || typeof detail !== "object") return "";
  const fields = detail as Record<string, unknown>;
  const said = ["reason", "question", "text", "detail", "why", "message"].map((name) => fields[name]);
  const impact = typeof fields["impact"] === "string" ? tMaybe(`impact.${fields["impact"]}`, fields["impact"]) : null;
  const words = [said.find((value) => typeof value === "string" && value !== ""), impact, fields["title"]];
  return words.filter((value): value is string => typeof value === "string" && value !== "").join(": ");
}
