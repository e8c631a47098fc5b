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
type Message =
  | { what: "opened" | "lost"; to?: string }
  | { what: "told"; kind: Kind; data: string }
  | { what: "heartbeat"; every: number }
  | { what: "who"; me: string };

const RETRY_MS = 4000;
const NAME = "proofroom-events";
/**
 * A server that is frozen, or a line that is cut without a word, leaves the stream open. So the server says every few
 * seconds that it is there; a stream that has missed two of these, and a little, is broken: with five seconds, after twelve.
 */
const MISSED = 2;
const LATE_MS = 2000;
/** A stream that has not opened by then is asked for again. */
const OPENING_MS = 30_000;

/** Whether anything is heard. `silent` is told once; then nothing is waited for until something is heard again. */
function ears(silent: () => void) {
  let every = 0; // milliseconds from heartbeat to heartbeat; 0: this server has none, and silence says nothing
  let timer: ReturnType<typeof setTimeout> | undefined;
  let slept = false;
  const wait = (ms: number) => {
    clearTimeout(timer);
    const due = Date.now() + ms;
    timer = setTimeout(() => {
      // This page slept, or its timers did: what was said meanwhile may not have been read yet.
      if (!slept && Date.now() > due + LATE_MS) {
        slept = true;
        wait(every + LATE_MS);
      } else silent();
    }, ms);
  };
  const stop = () => clearTimeout(timer);
  return {
    wait,
    stop,
    heard(next?: number): void {
      slept = false;
      every = next ?? every;
      if (every > 0) wait(MISSED * every + LATE_MS);
      else stop();
    },
  };
}

/** Milliseconds from one to the next. */
function everyOf(heartbeat: string): number {
  try {
    return 1000 * (Number((JSON.parse(heartbeat) as { every_seconds: unknown }).every_seconds) || 0);
  } catch {
    return 0;
  }
}

function ownStream({ opened, lost, told, heartbeat }: Hears & { heartbeat?: (every: number) => void }): () => void {
  let source: EventSource;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const connect = () => {
    clearTimeout(retry);
    source = new EventSource("/api/events");
    listen.wait(OPENING_MS);
    for (const kind of ["session", "source"] as const) {
      source.addEventListener(kind, (event: MessageEvent<string>) => {
        listen.heard();
        told(kind, event.data);
      });
    }
    source.addEventListener("index", () => listen.heard());
    source.addEventListener("heartbeat", (event: MessageEvent<string>) => {
      const every = everyOf(event.data);
      listen.heard(every);
      heartbeat?.(every);
    });
    source.onopen = () => {
      listen.heard();
      opened();
    };
    source.onerror = () => {
      listen.wait(OPENING_MS);
      lost();
      // The browser reconnects by itself unless the answer was not a stream.
      if (source.readyState !== EventSource.CLOSED) return;
      source.close();
      clearTimeout(retry);
      retry = setTimeout(connect, RETRY_MS);
    };
  };
  const listen = ears(() => {
    source.close();
    lost();
    connect();
  });
  connect();
  return () => {
    clearTimeout(retry);
    listen.stop();
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
  let deaf = false;
  // The timers of a tab that nobody sees may run once a minute, so each tab listens for itself to what it is told.
  const listen = ears(() => {
    deaf = true;
    hears.lost();
  });
  const hear = (message: Message) => {
    if (message.what === "told") hears.told(message.kind, message.data);
    else if (message.what !== "who" && message.what !== "heartbeat" && (message.to ?? me) === me) hears[message.what]();
  };
  const follow = (message: Message) => {
    if (message.what === "lost") listen.stop();
    else if (message.what !== "who") {
      listen.heard(message.what === "heartbeat" ? message.every : undefined);
      if (deaf && message.what !== "opened") hears.opened();
      deaf = false;
    }
    hear(message);
  };
  const tell = (message: Message) => {
    hear(message);
    channel.postMessage(message);
  };
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (!close) follow(data);
    else if (data.what === "who" && open) channel.postMessage({ what: "opened", to: data.me } satisfies Message);
  };
  const lead = () =>
    new Promise<void>((done) => {
      over.signal.addEventListener("abort", () => done());
      listen.stop();
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
        heartbeat: (every) => tell({ what: "heartbeat", every }),
      });
    });
  locks.request(NAME, { signal: over.signal }, lead).catch(() => undefined); // called off
  channel.postMessage({ what: "who", me } satisfies Message);
  return () => {
    over.abort();
    listen.stop();
    close?.();
    channel.close();
  };
}
