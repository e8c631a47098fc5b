/**
 * What is being sent, for as long as the tab is open: leaving a page does not stop it. A few go at a time, a refused
 * one does not stop the others, and each can be stopped or sent again.
 */

import { useSyncExternalStore } from "react";
import { ApiError, newKey, offline, safeJson, type ProblemBody } from "@/api/client";
import type { SourceMore } from "@/api/substrate";

export type What = { file: File } | { text: string; title?: string } | { url: string; title?: string };

export interface Upload {
  id: number;
  projectId: string;
  name: string;
  size: number;
  sent: number;
  state: "waiting" | "sending" | "done" | "here" | "refused" | "stopped";
  error: unknown;
  source: SourceMore | null;
}

/** Sends one; `sent` counts bytes. Rejects with ApiError, or AbortError when `signal` says stop. */
export type Send = (
  projectId: string,
  what: What,
  key: string,
  sent: (bytes: number) => void,
  signal: AbortSignal,
) => Promise<SourceMore>;

const AT_ONCE = 3;

/** `fetch` does not say how much of a request has left; this does. */
export const send: Send = (projectId, what, key, sent, signal) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/projects/${projectId}/sources`);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Idempotency-Key", key);
    request.upload.onprogress = (event) => sent(event.loaded);
    request.onload = () => {
      const body = request.responseText ? safeJson(request.responseText) : {};
      if (request.status >= 200 && request.status < 300) resolve(body as SourceMore);
      else reject(new ApiError(request.status, body as ProblemBody));
    };
    request.onerror = () => reject(offline());
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    if ("file" in what) {
      const form = new FormData();
      form.append("file", what.file, what.file.name);
      request.send(form);
    } else {
      request.setRequestHeader("Content-Type", "application/json");
      request.send(JSON.stringify(what));
    }
  });

interface Job {
  what: What;
  key: string;
  stop: AbortController;
  /** Sources that were there before it was sent. */
  held: ReadonlySet<string>;
}

export class Uploads {
  #items: Upload[] = [];
  #jobs = new Map<number, Job>();
  #sent = new Set<string>();
  #listeners = new Set<() => void>();
  #next = 1;
  #send: Send;
  #arrived: (source: SourceMore) => void;

  constructor(how: Send, arrived: (source: SourceMore) => void = () => {}) {
    this.#send = how;
    this.#arrived = arrived;
  }

  get items(): Upload[] {
    return this.#items;
  }

  onArrived(arrived: (source: SourceMore) => void): void {
    this.#arrived = arrived;
  }

  listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** `held` names the sources that are there already: getting one of them back means that nothing new came. */
  add(projectId: string, what: What[], held: Iterable<string> = []): void {
    const before = new Set(held);
    const made = what.map((one): Upload => {
      const id = this.#next++;
      this.#jobs.set(id, { what: one, key: newKey(), stop: new AbortController(), held: before });
      const name = "file" in one ? one.file.name : (one.title ?? ("url" in one ? one.url : one.text.trim().slice(0, 60)));
      const size = "file" in one ? one.file.size : 0;
      return { id, projectId, name, size, sent: 0, state: "waiting", error: null, source: null };
    });
    this.#items = [...this.#items, ...made];
    this.#pump();
  }

  stop(id: number): void {
    const item = this.#items.find((one) => one.id === id);
    if (!item || (item.state !== "waiting" && item.state !== "sending")) return;
    this.#change(id, { state: "stopped" });
    this.#jobs.get(id)?.stop.abort();
    this.#pump();
  }

  stopAll(projectId: string): void {
    for (const item of this.#items) if (item.projectId === projectId) this.stop(item.id);
  }

  /** Sends what was refused or stopped again; without an id, all of it. */
  again(projectId: string, id?: number): void {
    for (const item of this.#items) {
      if (item.projectId !== projectId || (id !== undefined && item.id !== id)) continue;
      if (item.state !== "refused" && item.state !== "stopped") continue;
      const job = this.#jobs.get(item.id);
      if (!job) continue;
      job.stop = new AbortController();
      job.key = newKey();
      this.#change(item.id, { state: "waiting", sent: 0, error: null }, false);
    }
    this.#pump();
  }

  /** Takes what has ended off the list; without an id, all of it. */
  clear(projectId: string, id?: number): void {
    const goes = (item: Upload) =>
      item.projectId === projectId && (id === undefined || item.id === id) && item.state !== "waiting" && item.state !== "sending";
    for (const item of this.#items) if (goes(item)) this.#jobs.delete(item.id);
    this.#items = this.#items.filter((item) => !goes(item));
    this.#tell();
  }

  get busy(): boolean {
    return this.#items.some((item) => item.state === "waiting" || item.state === "sending");
  }

  #pump(): void {
    let free = AT_ONCE - this.#items.filter((item) => item.state === "sending").length;
    for (const item of this.#items) {
      if (free <= 0) break;
      const job = this.#jobs.get(item.id);
      if (item.state !== "waiting" || !job) continue;
      free -= 1;
      this.#change(item.id, { state: "sending" }, false);
      void this.#run(item, job);
    }
    this.#tell();
  }

  async #run(item: Upload, job: Job): Promise<void> {
    const stop = job.stop;
    try {
      const source = await this.#send(item.projectId, job.what, job.key, (sent) => this.#change(item.id, { sent: Math.min(sent, item.size) }), stop.signal);
      if (stop.signal.aborted) return;
      const here = job.held.has(source.id) || this.#sent.has(source.id);
      this.#sent.add(source.id);
      this.#change(item.id, { state: here ? "here" : "done", sent: item.size, source });
      this.#arrived(source);
    } catch (error) {
      if (stop.signal.aborted) return;
      this.#change(item.id, { state: "refused", error });
    }
    this.#pump();
  }

  #change(id: number, values: Partial<Upload>, tell = true): void {
    this.#items = this.#items.map((item) => (item.id === id ? { ...item, ...values } : item));
    if (tell) this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

export const uploads = new Uploads(send);

if (typeof window !== "undefined") {
  window.addEventListener("beforeunload", (event) => {
    if (uploads.busy) event.preventDefault();
  });
}

export function useUploads(projectId: string): Upload[] {
  const items = useSyncExternalStore(uploads.listen, () => uploads.items);
  return items.filter((item) => item.projectId === projectId);
}
