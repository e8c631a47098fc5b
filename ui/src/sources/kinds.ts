/** What kind of file a source is. Pure. */

import type { SourceMore } from "@/api/substrate";

export const KINDS = ["pdf", "word", "slides", "sheet", "table", "page", "mail", "markdown", "text", "other"] as const;
export type FileKind = (typeof KINDS)[number];

const BY_TYPE: [RegExp, FileKind][] = [
  [/pdf/, "pdf"],
  [/wordprocessingml|msword/, "word"],
  [/presentationml|powerpoint/, "slides"],
  [/spreadsheetml|ms-excel/, "sheet"],
  [/csv|tab-separated/, "table"],
  [/html/, "page"],
  [/rfc822/, "mail"],
  [/markdown/, "markdown"],
  [/^text\//, "text"],
];
const BY_NAME: Record<string, FileKind> = {
  pdf: "pdf", docx: "word", pptx: "slides", xlsx: "sheet", csv: "table", tsv: "table", html: "page", htm: "page", eml: "mail", md: "markdown", txt: "text",
};

/** The kind as the content says it; a file that is not read yet goes by its name. */
export function kindOf(source: Pick<SourceMore, "content_type" | "filename" | "origin">): FileKind {
  const type = source.content_type?.toLowerCase() ?? "";
  const found = BY_TYPE.find(([pattern]) => pattern.test(type));
  if (found) return found[1];
  const named = BY_NAME[source.filename?.toLowerCase().split(".").pop() ?? ""];
  return named ?? (source.origin === "url" ? "page" : source.origin === "text" ? "text" : "other");
}
