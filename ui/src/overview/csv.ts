import type { Figures, Series } from "@/api/overview";

const COLUMNS: [string, (f: Figures) => number | null | undefined][] = [
  ["sessions_created", (f) => f.sessions.created],
  ["sessions_completed", (f) => f.sessions.completed],
  ["sessions_rejected", (f) => f.sessions.rejected],
  ["sessions_expired", (f) => f.sessions.expired],
  ["sessions_failed", (f) => f.sessions.failed],
  ["sessions_cancelled", (f) => f.sessions.cancelled],
  ["decisions_approved", (f) => f.decisions.approved],
  ["decisions_changes_requested", (f) => f.decisions.changes_requested],
  ["decisions_rejected", (f) => f.decisions.rejected],
  ["approval_rate", (f) => f.approval_rate],
  ["waiting_median_seconds", (f) => f.waiting.median_seconds],
  ["waiting_p90_seconds", (f) => f.waiting.p90_seconds],
  ["signed", (f) => f.edits.signed],
  ["edits_compared", (f) => f.edits.compared],
  ["edit_rate", (f) => f.edits.edit_rate],
  ["edit_mean_share", (f) => f.edits.mean_share],
  ["claims", (f) => f.evidence.claims],
  ["claims_needed_a_person", (f) => f.evidence.needs_you],
  ["flags_kept", (f) => f.evidence.kept],
  ["flags_kept_check_was_wrong", (f) => f.evidence.check_was_wrong],
  ["cost_usd", (f) => f.cost.usd],
  ["cost_per_deliverable_usd", (f) => f.cost.per_deliverable_usd],
  ["tokens", (f) => f.cost.tokens],
  ["unpriced_sessions", (f) => f.cost.unpriced_sessions],
];

/** A field of CSV (RFC 4180). What a spreadsheet would take for a formula is put behind an apostrophe. */
export function field(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One row a stretch of time, agent and template. What is undefined is empty, not 0. */
export function toCsv(series: Series): string {
  const row = (kind: string, name: string | null | undefined, start: string, end: string, f: Figures) =>
    [kind, name, start, end, ...COLUMNS.map(([, of]) => of(f))].map(field).join(",");
  const { from, to } = series;
  return [
    ["of", "name", "from", "to", ...COLUMNS.map(([name]) => name)].join(","),
    ...series.buckets.map((b) => row(series.unit, "", b.start, b.end, b)),
    row("all", "", from, to, series.total),
    ...series.agents.map((a) => row("agent", a.agent_type, from, to, a)),
    ...series.templates.map((one) => row("template", one.name ?? one.template_id, from, to, one)),
    "",
  ].join("\r\n");
}

/** Hands a text to the browser as a file. */
export function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
