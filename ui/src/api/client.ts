/** A thin fetch: JSON in and out, problems (RFC 9457) as typed errors. */

import { heldBack } from "@/lib/afterPaint";
import type { Page } from "./types";

export interface ProblemBody {
  type?: string;
  title?: string;
  status?: number;
  code?: string;
  detail?: string;
  hint?: string | null;
  field?: string | null;
  [extra: string]: unknown;
}

/** Something the server refused, or the network did not carry. `code` is stable. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | null;
  readonly field: string | null;
  readonly body: ProblemBody;
  /** In how many seconds the server takes another request, where it said so. */
  readonly retryAfter: number | null;

  constructor(status: number, body: ProblemBody, retryAfter: number | null = null) {
    super(body.detail ?? body.title ?? `The server answered ${status}.`);
    this.name = "ApiError";
    this.status = status;
    this.code = body.code ?? (status === 0 ? "offline" : "unknown");
    this.hint = body.hint ?? null;
    this.field = body.field ?? null;
    this.body = body;
    this.retryAfter = retryAfter;
  }
}

export interface RequestOptions {
  method?: string;
  json?: unknown;
  form?: FormData;
  /** A list is sent as the same name several times. */
  query?: Record<string, string | number | undefined | null | readonly string[]>;
  /** Makes a repeated send answer the same; pass one key for one intention. */
  idempotencyKey?: string;
  signal?: AbortSignal;
  headers?: Record<string, string>;
  /** Sent even when the page closes meanwhile. */
  keepalive?: boolean;
}

export async function api<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const url = new URL(`/api${path}`, location.origin);
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (Array.isArray(value)) for (const one of value) url.searchParams.append(name, String(one));
    else if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, String(value));
  }
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  if (options.json !== undefined) headers["Content-Type"] = "application/json";
  if (options.idempotencyKey) headers["Idempotency-Key"] = options.idempotencyKey;
  const wait = options.keepalive ? null : heldBack();
  if (wait) await wait;
  let response: Response;
  try {
    response = await fetch(url, {
      method: options.method ?? "GET",
      headers,
      body: options.form ?? (options.json === undefined ? undefined : JSON.stringify(options.json)),
      signal: options.signal,
      credentials: "same-origin",
      ...(options.keepalive ? { keepalive: true } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw offline();
  }
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  const body: unknown = text ? safeJson(text) : undefined;
  if (!response.ok) throw new ApiError(response.status, (body ?? {}) as ProblemBody, seconds(response.headers.get("Retry-After")));
  return body as T;
}

function seconds(header: string | null): number | null {
  const said = Number(header);
  return header && Number.isFinite(said) && said >= 0 ? said : null;
}

/** The network did not carry it. */
export function offline(): ApiError {
  return new ApiError(0, {
    code: "offline",
    title: "No connection",
    detail: "The server could not be reached.",
    hint: "Check that Proofroom is running, then try again. Nothing you typed is lost.",
  });
}

export function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { detail: text.slice(0, 300) };
  }
}

/** Every item of a cursor-paged list, at most `limit`. */
export async function all<T>(
  path: string,
  query: RequestOptions["query"] = {},
  signal?: AbortSignal,
  limit = 1000,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await api<Page<T>>(path, { query: { limit: 200, ...query, cursor }, signal });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor && items.length < limit);
  return items;
}

/** A key for one intention of the person, kept over retries of the same press. */
export function newKey(): string {
  return crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
}
