/**
 * The JSON of the HTTP API, from its committed description, narrowed where that leaves a shape open (documents,
 * packets, schemas). All `*_at` are ISO 8601 in UTC; all `char_*` count Unicode code points.
 */

import type * as G from "./generated";

export type Me = G.Me;
export type Project = G.Project;
export type Source = G.Source;
export type SourceBlock = G.SourceBlock;
export type SourceTable = G.SourceTable;
export type SourceContent = G.SourceContent;
export type Agent = Omit<G.Agent, "config_schema"> & { config_schema: JsonSchema };
export type Runtime = G.Runtime;
export type Usage = G.Usage;
export type Repair = Pick<G.Repair, "before" | "state"> & Partial<G.Repair>;
export type WorkSession = G.WorkSession;
export type SessionStatus = G.WorkSession["status"];
export type Strategy = G.WorkSession["approval_strategy"];
export type WorkEvent = G.Event;
export type Anchor = G.Anchor;
export type Check = G.Check;
export type Claim = G.Claim;
export type Verdict = G.Claim["verdict"];
export type Said = G.Said;
export type Summary = G.Summary;
export type Artifact = Omit<G.Artifact, "document"> & { document: ArtifactDocument };
export type Envelope = G.Envelope;
export type ArtifactDiff = G.ArtifactDiff;
export type Effect = G.Effect;
export type Obligation = G.PacketObligation;
export type RevealItem = G.RevealItem;
export type Attention = G.Attention;
export type Comment = G.Comment;
export type Policy = G.Policy;
export type PolicySettings = G.PolicySettings;
export type PolicyExplained = G.PolicyExplained;
export type LookedAt = G.LookedAt;
export type Member = G.Member;
export type Delivery = G.Delivery;
export type DeliveryInFull = G.DeliveryInFull;
export type DeliveryList = G.DeliveryList;


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
  uniqueItems?: boolean;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
}


export type Cell = string | number | null;

/** Addresses that the words of a text do not say, each behind the code point where its words end. */
export type Link = [at: number, address: string];
/** They by the place in their block: "" for its text, "2" for an item, "0/1" for a cell. */
export type Links = Record<string, Link[]>;

export type DocBlock =
  | { type: "heading"; level: number; text: string; plain?: string; links?: Links }
  | { type: "paragraph" | "quote" | "opinion"; text: string; plain?: string; links?: Links }
  | { type: "list"; ordered: boolean; items: string[]; plain_items?: string[]; links?: Links }
  | {
      type: "table";
      caption?: string | null;
      columns: { name: string; unit?: string | null }[];
      rows: Cell[][];
      plain_rows?: string[][];
      plain_caption?: string;
      links?: Links;
      computed?: unknown;
    }
  | {
      type: "chart";
      title: string;
      plain_title?: string;
      spec: Record<string, unknown>;
      computed?: unknown;
      /** What an export writes of it, where no computation bears it out. */
      figures?: { columns: string[]; rows: Cell[][] };
      links?: undefined;
    };

export interface ArtifactDocument {
  version: 1;
  title: string;
  refs: Record<string, { source_id: string; version: number; block_id: string }>;
  blocks: DocBlock[];
}

export interface PacketArtifact {
  artifact_id: string;
  slot: string;
  type: string;
  title: string;
  version: number;
  digest: string;
  claims: Claim[];
  /** Claims that keep the approval of the round before. */
  carried?: string[];
  /** Claims that were kept with a reason when this was last sent back. */
  kept_before?: KeptBefore[];
  summary: Summary;
}

export type KeptBefore = G.KeptBefore;

export interface Packet {
  version: number;
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
  carried_from?: G.CarriedFrom | null;
  reread?: G.Reread | null;
  /** What the turn came to in which the agent set doubted claims right, before anybody saw them. */
  repair?: Repair | null;
  runtime?: string;
  agent_type?: string;
  question: { text: string } | null;
  effects: Effect[];
  policy?: G.PolicyInForce | null;
  signing?: G.Signing | null;
  risk?: G.Risk | null;
  form: JsonSchema | null;
  summary: Summary;
}


/** What changed since the last signed work of the same kind. */
export interface SinceLast {
  previous: { id: string; title: string; settled_at: string | null };
  changes: { kind: "same" | "removed" | "added"; text: string }[];
}

export interface DecisionRecord {
  decision: "approve" | "reject" | "request_changes";
  /** The member's id; null where policy decided. */
  by: string | null;
  name: string;
  at: string;
  /** How it came; "sample": the sample signed its own work, and no person did. */
  via?: string | null;
  reason?: string | null;
  /** Signed unread from the list: how many were chosen to be signed with it, as the page said, and in whose place. */
  batch?: { announced?: number; instead_of?: { id: string; name: string; as: "assignee" | "reader" }[] };
  acknowledged?: { claim_id: string; reason: string; kind?: "accepted" | "check_was_wrong" }[];
}

interface Narrowed {
  form: JsonSchema | null;
  decision: DecisionRecord | null;
}

export type CheckpointItem = Omit<G.InboxItem, keyof Narrowed> & Narrowed;
export type Checkpoint = Omit<G.Checkpoint, keyof Narrowed | "packet"> & Narrowed & { packet: Packet };

export interface DecisionAnswer {
  checkpoint: Checkpoint;
  session_id: string;
  status: SessionStatus;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}
