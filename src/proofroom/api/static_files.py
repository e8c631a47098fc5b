"""The built web page: files of one folder, and the page itself for every address that a browser asks for."""

from pathlib import Path
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
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


class Pages:
    """ASGI application for what no route matches: a file, the page, or 404."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder.resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        await self.answer(request)(scope, receive, send)

    def answer(self, request: Request) -> Response:
        path = request.url.path
        if request.method not in ("GET", "HEAD") or _is_not_ours(path):
            return problems.respond(problems.not_found(path), problems.request_id(request))
        found = self._file(path)
        if found is not None and found.suffix != ".html":
            return FileResponse(found, headers=_HASHED if found.parent.name == "assets" else _FILE)
        if "text/html" not in request.headers.get("accept", ""):
            return problems.respond(problems.not_found(path), problems.request_id(request))
        page = self._folder / "index.html"
        if not page.is_file():
            return HTMLResponse(NOT_BUILT, headers=_PAGE)
        return FileResponse(page, headers=_PAGE, media_type="text/html")

    def _file(self, path: str) -> Path | None:
        """The file of that name, if it lies in the folder, links followed."""
        try:
            found = (self._folder / unquote(path).lstrip("/")).resolve()
            return found if found.is_relative_to(self._folder) and found.is_file() else None
        except (ValueError, OSError):  # a NUL, or a name longer than names can be
            return None


def _is_not_ours(path: str) -> bool:
    return any(path == prefix or path.startswith(prefix + "/") for prefix in NOT_OURS)
