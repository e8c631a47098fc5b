/** The JSON of the HTTP API. All `*_at` are ISO 8601 in UTC; all `char_*` count Unicode code points. */

export type Verdict = "supported" | "partial" | "unsupported" | "uncited" | "conflict";
export type CheckKind =
  | "quote" | "number" | "date" | "name" | "negation" | "direction" | "citation" | "computed" | "meaning";
export type CheckResult = "same" | "differs" | "none" | "not_found" | "conflict" | "not_compared";

export interface Me {
  id: string;
  name: string;
  role: string;
  workspace: { id: string; name: string };
  mode: "local" | "server";
  sample: boolean;
}

export interface Project {
  id: string;
  name: string;
  description: string;
  basket_id: string;
  sample_key: null | "check" | "report" | "yours";
  counts: { sources: number; blocks: number; sessions: number; waiting: number };
  created_at: string;
  updated_at: string;
}

export interface Failure {
  code: string;
  message: string;
  hint?: string | null;
  retryable?: boolean;
}

export interface TableInfo {
  table: number;
  name: string;
  columns: string[];
  types: string[];
  row_count: number;
}

export interface Source {
  id: string;
  project_id: string;
  title: string;
  filename: string | null;
  content_type: string | null;
  origin: "file" | "text" | "url";
  url: string | null;
  status: "processing" | "ready" | "failed";
  failure: Failure | null;
  version: number;
  byte_size: number;
  block_count: number;
  page_count: number | null;
  tables: TableInfo[];
  retracted_at: string | null;
  created_at: string;
  updated_at: string;
}

export interface SourceBlock {
  block_id: string;
  ordinal: number;
  kind: string;
  char_start: number;
  char_end: number;
  page: number | null;
  heading: string | null;
}

export interface SourceTable {
  table?: number;
  name: string;
  columns: string[];
  types: string[];
  rows: (string | number | null)[][];
}

export interface SourceContent {
  source_id: string;
  version: number;
  text: string;
  pages: { page: number; char_start: number; char_end: number }[];
  blocks: SourceBlock[];
  tables: SourceTable[];
}

export interface JsonSchema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: (string | number)[];
  enum_titles?: string[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
}

export interface RuntimeInfo {
  name: string;
  label: string;
  uses_model: boolean;
  available: boolean;
  why_not: string | null;
}

export interface Agent {
  name: string;
  title: string;
  goal: string;
  output_types: string[];
  config_schema: JsonSchema;
  runtimes: RuntimeInfo[];
  default_runtime: string;
}

export type SessionStatus =
  | "initialized" | "queued" | "in_progress" | "pending_review" | "completed" | "failed" | "cancelled";
export type Strategy = "checkpoint_required" | "final_only" | "auto_approve_low_risk";

export interface Budget {
  usd?: number | null;
  tokens?: number | null;
  seconds?: number | null;
}

export interface WorkSession {
  id: string;
  project_id: string;
  project_name: string;
  title: string;
  agent_type: string;
  task_description: string;
  config: Record<string, unknown>;
  approval_strategy: Strategy;
  runtime: string;
  runtime_label: string;
  status: SessionStatus;
  phase: string | null;
  iteration: number;
  leg: number;
  progress: { done: number; total: number; label: string } | null;
  budget: Budget | null;
  usage: { tokens: number; tokens_in: number; tokens_out: number; cost_usd: number; seconds: number };
  artifacts_count: number;
  checkpoint_id: string | null;
  failure: Failure | null;
  task_document_id: string | null;
  deliveries: { id: string; kind: string; target: unknown; status: string; detail: string | null }[];
  approved_by?: string | null;
  created_by: string | null;
  created_at: string;
  updated_at: string;
  settled_at: string | null;
  forked_from: string | null;
}

export interface WorkEvent {
  seq: number;
  type: string;
  at: string;
  data: Record<string, unknown>;
}

export interface Anchor {
  source_id: string;
  version: number;
  block_id: string;
  page: number | null;
  char_start: number;
  char_end: number;
  quote: string;
  source_title: string;
  role: "supports" | "differs" | "conflicts" | "nearest";
}

export interface Check {
  kind: CheckKind;
  result: CheckResult;
  draft: string | null;
  source: string | null;
  note: string | null;
}

export interface Said {
  text: string;
  mark: [number, number] | null;
}

export interface Claim {
  id: string;
  n: number;
  text: string;
  kind: "sentence" | "cell" | "series";
  path: number[];
  char_start: number;
  char_end: number;
  verdict: Verdict;
  opinion: boolean;
  needs_you: boolean;
  headline: string;
  short: string;
  say: { draft: Said; source: Said; labels: [string, string] } | null;
  checks: Check[];
  anchors: Anchor[];
  correction: { label: string; text: string } | null;
}

export interface Summary {
  claims: number;
  needs_you: number;
  passed: number;
}

export type Cell = string | number | null;

export type DocBlock =
  | { type: "heading"; level: number; text: string; plain?: string }
  | { type: "paragraph" | "quote" | "opinion"; text: string; plain?: string }
  | { type: "list"; ordered: boolean; items: string[]; plain_items?: string[] }
  | {
      type: "table";
      caption?: string | null;
      columns: { name: string; unit?: string | null }[];
      rows: Cell[][];
      plain_rows?: string[][];
      computed?: unknown;
    }
  | { type: "chart"; title: string; spec: Record<string, unknown>; computed?: unknown };

export interface ArtifactDocument {
  version: 1;
  title: string;
  refs: Record<string, { source_id: string; version: number; block_id: string }>;
  blocks: DocBlock[];
}

export interface Artifact {
  id: string;
  session_id: string;
  slot: string;
  artifact_type: string;
  title: string;
  version: number;
  versions: {
    version: number;
    author: "agent" | "person";
    author_name: string | null;
    iteration: number;
    created_at: string;
    signed: boolean;
  }[];
  document: ArtifactDocument;
  body: string;
  claims: Claim[];
  summary: Summary;
  created_at: string;
}

export interface EnvelopePassage {
  alias: string;
  block_id: string;
  source_id: string;
  source_title: string;
  version: number;
  char_start: number;
  char_end: number;
  page: number | null;
  text: string;
  score: number;
  tokens: number;
  instruction_like: boolean;
}

export interface Envelope {
  id: string;
  session_id: string;
  iteration: number;
  digest: string;
  body: string;
  receipt: {
    included: EnvelopePassage[];
    left_out: { block_id: string; source_title: string; why: string }[];
    token_budget: number;
    tokens: number;
    flags: string[];
  };
  created_at: string;
}

export interface Obligation {
  id: string;
  comment: string;
  state: "met" | "unmet" | "regressed" | "open";
  artifact_slot: string | null;
  claim_text: string | null;
}

export interface PacketArtifact {
  artifact_id: string;
  slot: string;
  type: string;
  title: string;
  version: number;
  digest: string;
  claims: Claim[];
  summary: Summary;
}

export interface Effect {
  kind: string;
  label: string;
}

export interface Packet {
  version: 1;
  session_id: string;
  checkpoint_id: string;
  kind: "plan" | "mid" | "final";
  iteration: number;
  reasons: string[];
  task: string;
  strategy: Strategy;
  plan: { steps: { title: string; detail?: string | null }[] } | null;
  artifacts: PacketArtifact[];
  envelope: { id: string; digest: string } | null;
  triggers: { id: string; kind: string; detail: unknown }[];
  obligations: Obligation[];
  question: { text: string } | null;
  effects: Effect[];
  form: JsonSchema | null;
  summary: Summary;
}

export type CheckpointStatus =
  | "pending_review" | "approved" | "rejected" | "changes_requested" | "expired" | "superseded";

export interface CheckpointItem {
  id: string;
  session_id: string;
  project_id: string;
  project_name: string;
  session_title: string;
  agent_type: string;
  strategy: Strategy;
  kind: "plan" | "mid" | "final";
  reasons: string[];
  status: CheckpointStatus;
  approve_pending: boolean;
  undo_until: string | null;
  packet_digest: string;
  form: JsonSchema | null;
  iteration: number;
  max_iterations: number;
  can_request_changes: boolean;
  assignee: { id: string; name: string | null } | null;
  due_at: string | null;
  snoozed_until: string | null;
  opened_at: string;
  decision: {
    decision: "approve" | "reject" | "request_changes";
    /** The member's id; null where policy decided. */
    by: string | null;
    name: string;
    at: string;
    reason?: string | null;
    acknowledged?: { claim_id: string; reason: string }[];
  } | null;
  superseded_by: string | null;
  consequence: string;
  headline: string;
  effects: Effect[];
  summary: Summary;
  flags: { claim_id: string; n: number; short: string; verdict: Verdict }[];
}

export interface Checkpoint extends Omit<CheckpointItem, "summary" | "flags"> {
  packet: Packet;
}

export interface DecisionAnswer {
  checkpoint: Checkpoint;
  session_id: string;
  status: SessionStatus;
}

export interface RevealItem {
  claim_id: string | null;
  text: string;
  kind: string;
  truth: string;
  explanation: string;
  only_a_reader: boolean;
  flagged?: boolean;
  caught: boolean;
}

/** What changed since the last signed work of the same kind. */
export interface SinceLast {
  previous: { id: string; title: string; settled_at: string | null };
  changes: { kind: "same" | "removed" | "added"; text: string }[];
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}
