"""Who calls, and from where: checked before anything of the request's body is read.

Local mode has no login, so the Host header must name this machine (a page on the internet could otherwise
reach us through a name that resolves to 127.0.0.1), and what changes something must come from our own page.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from proofroom.db.tx import Database
from proofroom.domain.errors import NotAllowed, UnsupportedMedia
from proofroom.services import access
from proofroom.services.access import Actor
from proofroom.settings import Settings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
OPEN = frozenset({"/api/health", "/api/ready", "/api/openapi.json"})

Headers = Mapping[str, str]


def check_host(headers: Headers, settings: Settings) -> None:
    """Raises NotAllowed (`host_not_allowed`). Any port will do: tunnels change it."""
    host = _host_name(headers.get("host", ""))
    allowed = LOOPBACK | {h.strip().lower() for h in settings.allowed_hosts.split(",") if h.strip()}
    if host not in allowed:
        raise NotAllowed(
            "host_not_allowed",
            f"This server does not answer to the name {host[:100]!r}.",
            hint="Open it as http://127.0.0.1 or localhost, or add the name to PROOFROOM_ALLOWED_HOSTS.",
        )


def check_origin(method: str, headers: Headers) -> None:
    """Raises NotAllowed (`origin_not_allowed`) when another site's page asks to change something."""
    origin = headers.get("origin")
    if method not in CHANGING or origin is None:
        return
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or parts.netloc.lower() != headers.get("host", "").lower():
        raise NotAllowed(
            "origin_not_allowed",
            f"A page of {origin[:100]} may not change anything here.",
            hint="Use Proofroom's own page, or an API key from a program.",
        )


def check_content_type(method: str, path: str, headers: Headers) -> None:
    """Raises UnsupportedMedia (`json_required`) for a body that is not JSON where only JSON is read."""
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if method not in CHANGING or not has_body:
        return
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json")):
        return
    if takes_files(path) and kind == "multipart/form-data":
        return
    wanted = "application/json or multipart/form-data" if takes_files(path) else "application/json"
    raise UnsupportedMedia(
        "json_required" if not takes_files(path) else "unsupported_body",
        f"The body is {kind[:80] or 'of no stated type'}; here it must be {wanted}.",
        hint=f"Send it with Content-Type: {wanted}.",
    )


_AGENT_POSTS = re.compile(r"/api/projects/[^/]+/work-sessions(?:/[^/]+/(?:execute|retry|agent-events))?")
"""What a key of the scope `agent` may POST to. It may look at whatever its member may."""


def check_scope(actor: Actor, method: str, path: str) -> None:
    """Raises NotAllowed (`agent_key`)."""
    looks = method in ("GET", "HEAD", "OPTIONS")
    if actor.scope == "agent" and not looks and not (method == "POST" and _AGENT_POSTS.fullmatch(path)):
        raise access.agent_key()


def takes_files(path: str) -> bool:
    """Whether files may be sent to this path."""
    return path.startswith("/api/projects/") and path.endswith(("/sources", "/content"))


async def authenticate(headers: Headers, db: Database, local_actor: Actor | None) -> Actor:
    """The caller. A key that is sent must be good, also in local mode: it never falls back to the local user.

    Raises NotAllowed (`not_authenticated`).
    """
    sent = headers.get("authorization")
    if sent is None:
        if local_actor is not None:
            return local_actor
        raise _unknown("This server needs to know who you are.")
    scheme, _, key = sent.partition(" ")
    actor = await access.actor_for_key(db, key.strip()) if scheme.lower() == "bearer" else None
    if actor is None:
        raise _unknown("This API key is not known, or it was revoked.")
    return actor


def _unknown(message: str) -> NotAllowed:
    return NotAllowed(
        "not_authenticated",
        message,
        hint="Send Authorization: Bearer with an API key; an admin makes one with `proofroom admin api-key`.",
    )


def _host_name(host: str) -> str:
    """The name in a Host header, lower case, without port; an IPv6 address keeps its brackets."""
    host = host.strip().lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].removesuffix(".")
