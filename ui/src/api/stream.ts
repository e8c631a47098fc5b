/**
 * One stream of events for all tabs of a browser. It takes a connection for as long as it stands, and a browser has six
 * to a server: with a stream each, the sixth tab would load nothing.
 */

export type Kind = "session" | "source";
export interface Hears {
  /** It stands, or stands again: what happened before may be missing. */
  opened: () => void;
  /** It broke, and is opened again as soon as that can be. */
  lost: () => void;
  told: (kind: Kind, data: string) => void;
}
type Message = { what: "opened" | "lost"; to?: string } | { what: "told"; kind: Kind; data: string } | { what: "who"; me: string };

const RETRY_MS = 4000;
const NAME = "proofroom-events";

function ownStream({ opened, lost, told }: Hears): () => void {
  let source: EventSource;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const connect = () => {
    source = new EventSource("/api/events");
    for (const kind of ["session", "source"] as const) source.addEventListener(kind, (event: MessageEvent<string>) => told(kind, event.data));
    source.onopen = opened;
    source.onerror = () => {
      lost();
      // The browser reconnects by itself unless the answer was not a stream.
      if (source.readyState !== EventSource.CLOSED) return;
      source.close();
      clearTimeout(retry);
      retry = setTimeout(connect, RETRY_MS);
    };
  };
  connect();
  return () => {
    clearTimeout(retry);
    source.close();
  };
}

/** Where tabs cannot agree on one of them, each that is seen has a stream of its own, and the others have none. */
function streamWhileSeen(hears: Hears): () => void {
  let close: (() => void) | null = null;
  const look = () => {
    if (document.visibilityState === "hidden") {
      close?.();
      close = null;
    } else close ??= ownStream(hears);
  };
  look();
  document.addEventListener("visibilitychange", look);
  return () => {
    document.removeEventListener("visibilitychange", look);
    close?.();
  };
}

/** The tab that has the lock has the stream and tells the others; when it goes, the next one has both. */
export function openStream(hears: Hears): () => void {
  const locks = (navigator as { locks?: LockManager }).locks; // not on pages that came unencrypted from another machine
  if (!locks || typeof BroadcastChannel === "undefined") return streamWhileSeen(hears);
  const me = crypto.randomUUID();
  const channel = new BroadcastChannel(NAME);
  const over = new AbortController();
  let close: (() => void) | null = null;
  let open = false;
  const hear = (message: Message) => {
    if (message.what === "told") hears.told(message.kind, message.data);
    else if (message.what !== "who" && (message.to ?? me) === me) hears[message.what]();
  };
  const tell = (message: Message) => {
    hear(message);
    channel.postMessage(message);
  };
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (!close) hear(data);
    else if (data.what === "who" && open) channel.postMessage({ what: "opened", to: data.me } satisfies Message);
  };
  const lead = () =>
    new Promise<void>((done) => {
      over.signal.addEventListener("abort", () => done());
      close = ownStream({
        opened: () => {
          open = true;
          tell({ what: "opened" });
        },
        lost: () => {
          open = false;
          tell({ what: "lost" });
        },
        told: (kind, data) => tell({ what: "told", kind, data }),
      });
    });
  locks.request(NAME, { signal: over.signal }, lead).catch(() => undefined); // called off
  channel.postMessage({ what: "who", me } satisfies Message);
  return () => {
    over.abort();
    close?.();
    channel.close();
  };
}
