"""The built web page: files of one folder, and the page itself for every address that a browser asks for."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from proofroom.api import problems

FOLDER = Path(__file__).parent / "static"

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_PAGE = {**_SAFE, "Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-cache"}
_HASHED = {**_SAFE, "Cache-Control": "public, max-age=31536000, immutable"}
_FILE = {**_SAFE, "Cache-Control": "no-cache"}

NOT_OURS = ("/api", "/metrics", "/mcp", "/a2a", "/.well-known")

NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Proofroom</title></head>
<body><h1>Proofroom is running</h1>
<p>The web page has not been built into this installation. Build it with <code>python3 dev.py sync</code>,
then load this page again.</p>
<p>The API is at <a href="/api/openapi.json">/api/openapi.json</a> and works without it.</p></body></html>
"""


_TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".json": "application/json", ".txt": "text/plain; charset=utf-8", ".png": "image/png",
    ".ico": "image/x-icon", ".woff2": "font/woff2", ".webmanifest": "application/manifest+json",
}  # fmt: skip
_PACKED = (("br", ".br"), ("gzip", ".gz"))
"""Content codings, best first, and the suffix of the file beside it that the build made in each."""


@dataclass(frozen=True, slots=True)
class _File:
    """`bodies`: by content coding, the empty one being the file itself."""

    media_type: str
    headers: Mapping[str, str]
    bodies: Mapping[str, bytes]
    etags: Mapping[str, str]

    def answer(self, request: Request) -> Response:
        coding = next((c for c, _ in _PACKED if c in self.bodies and _takes(request, c)), "")
        etag = self.etags[coding]
        sent = {**self.headers, "ETag": etag}
        if len(self.bodies) > 1:
            sent["Vary"] = "Accept-Encoding"
        if etag in listed(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=sent)
        if coding:
            sent["Content-Encoding"] = coding
        return Response(self.bodies[coding], media_type=self.media_type, headers=sent)


class Pages:
    """ASGI application for what no route matches: a file, the page, or 404.

    All of it, three megabytes with what is packed, is read once and answered from memory: no request waits for a disk.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = _read_all(folder.resolve())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        await self.answer(request)(scope, receive, send)

    def answer(self, request: Request) -> Response:
        path = request.url.path
        if request.method not in ("GET", "HEAD") or _is_not_ours(path):
            return problems.respond(problems.not_found(path), problems.request_id(request))
        found = self._files.get(unquote(path))
        if found is not None and not path.endswith(".html"):
            return found.answer(request)
        if "text/html" not in request.headers.get("accept", ""):
            return problems.respond(problems.not_found(path), problems.request_id(request))
        page = self._files.get("/index.html")
        return HTMLResponse(NOT_BUILT, headers=_PAGE) if page is None else page.answer(request)


def _read_all(folder: Path) -> dict[str, _File]:
    """Files by their address. A link that leads out of the folder is none of them."""
    there = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.resolve().is_relative_to(folder)]
    packed = tuple(suffix for _, suffix in _PACKED)
    return {f"/{p.relative_to(folder).as_posix()}": _read(p) for p in there if p.suffix not in packed}


def _read(path: Path) -> _File:
    bodies = {"": path.read_bytes()}
    for coding, suffix in _PACKED:
        beside = path.with_name(path.name + suffix)
        if beside.is_file():
            bodies[coding] = beside.read_bytes()
    name = hashlib.sha256(bodies[""]).hexdigest()[:20]
    return _File(
        media_type=_TYPES.get(path.suffix, "application/octet-stream"),
        headers=_PAGE if path.suffix == ".html" else _HASHED if path.parent.name == "assets" else _FILE,
        bodies=bodies,
        etags={coding: f'"{name}{coding and "-" + coding}"' for coding in bodies},
    )


def _takes(request: Request, coding: str) -> bool:
    """Whether `Accept-Encoding` names the coding, and not with a quality of zero (RFC 9110, 12.5.3)."""
    for one in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, quality = one.partition(";")
        if name.strip() == coding:
            return quality.replace(" ", "").rstrip("0.") != "q="
    return False


def listed(header: str) -> set[str]:
    """The entity tags of an `If-None-Match`, compared weakly (RFC 9110, 13.1.2)."""
    return {one.strip().removeprefix("W/") for one in header.split(",")}


def _is_not_ours(path: str) -> bool:
    return any(path == prefix or path.startswith(prefix + "/") for prefix in NOT_OURS)
