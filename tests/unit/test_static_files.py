"""The web page's files, and what is no page."""

import gzip
import re
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from proofroom.api.static_files import CONTENT_SECURITY_POLICY, NOT_BUILT, Pages


def ask(
    pages: Pages, path: str, *, accept: str = "*/*", method: str = "GET", **more: str
) -> tuple[int, dict[str, str]]:
    answer = response(pages, path, accept=accept, method=method, **more)
    return answer.status_code, dict(answer.headers)


def response(pages: Pages, path: str, *, accept: str = "*/*", method: str = "GET", **more: str) -> Response:
    given = [(k.replace("_", "-").encode(), v.encode()) for k, v in more.items()]
    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"", "scheme": "http",
        "server": ("127.0.0.1", 8787), "headers": [(b"accept", accept.encode()), (b"host", b"127.0.0.1"), *given],
    }  # fmt: skip
    return pages.answer(Request(scope))


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    (tmp_path / "secret.txt").write_text("no")
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>")
    (static / "favicon.svg").write_text("<svg/>")
    (static / "assets" / "index-a1.js").write_text("1")
    (static / "assets" / "index-a1.js.br").write_bytes(b"brotli")
    (static / "assets" / "index-a1.js.gz").write_bytes(b"gzip")
    (static / "assets" / "out").symlink_to(tmp_path / "secret.txt")
    return Pages(static)


HTML = "text/html,application/xhtml+xml"


@pytest.mark.parametrize("path", ["/", "/projects/1", "/deep/er/place", "/index.html", "/apiary"])
def test_every_address_is_the_page(pages: Pages, path: str) -> None:
    status, headers = ask(pages, path, accept=HTML)
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-cache", "no-referrer")
    assert headers["x-content-type-options"] == "nosniff"


def test_files_are_cached_by_their_name(pages: Pages) -> None:
    status, headers = ask(pages, "/assets/index-a1.js")
    assert (status, headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert ask(pages, "/favicon.svg")[1]["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/api/nothing", HTML), ("/api", HTML), ("/metrics/x", HTML), ("/mcp", HTML), ("/a2a", HTML),
        ("/.well-known/x", HTML), ("/assets/missing.js", "*/*"), ("/projects/1", "application/json"),
        ("/../secret.txt", "*/*"), ("/assets/../../secret.txt", "*/*"), ("/%2e%2e/secret.txt", "*/*"),
        ("/assets/out", "*/*"), ("/assets/index-a1.js.br", "*/*"),
        ("/\x00", "*/*"), ("/" + "x" * 5_000, "*/*"), ("/assets", "*/*"),
    ],
)  # fmt: skip
def test_what_is_no_page_is_not_found(pages: Pages, path: str, accept: str) -> None:
    status, headers = ask(pages, path, accept=accept)
    assert (status, headers["content-type"]) == (404, "application/problem+json")


def test_only_looking(pages: Pages) -> None:
    assert ask(pages, "/", accept=HTML, method="POST")[0] == 404
    assert ask(pages, "/", accept=HTML, method="HEAD")[0] == 200


def test_a_page_that_was_not_built_says_how(tmp_path: Path) -> None:
    pages = Pages(tmp_path / "none")
    status, headers = ask(pages, "/", accept=HTML)
    assert (status, headers["content-security-policy"]) == (200, CONTENT_SECURITY_POLICY)
    assert "python3 dev.py" in NOT_BUILT
    assert int(headers["content-length"]) == len(NOT_BUILT)


@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [
        ("gzip, deflate, br", "br", b"brotli"), ("gzip", "gzip", b"gzip"), ("br;q=0, gzip;q=0.5", "gzip", b"gzip"),
        ("br;q=0.0", None, b"1"), ("identity", None, b"1"), ("", None, b"1"),
    ],
)  # fmt: skip
def test_what_was_packed_beforehand_is_sent_so(
    pages: Pages, accepted: str, coding: str | None, body: bytes
) -> None:
    answer = response(pages, "/assets/index-a1.js", accept_encoding=accepted)
    assert (answer.body, answer.headers.get("content-encoding")) == (body, coding)
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    same = response(
        pages, "/assets/index-a1.js", accept_encoding=accepted, if_none_match=answer.headers["etag"]
    )
    assert (same.status_code, same.body) == (304, b"")


def test_a_page_that_the_browser_has_is_not_sent_again(pages: Pages, tmp_path: Path) -> None:
    _, headers = ask(pages, "/", accept=HTML)
    assert ask(pages, "/inbox", accept=HTML, if_none_match=f'"other", W/{headers["etag"]}')[0] == 304
    assert ask(pages, "/", accept=HTML, if_none_match='"other"')[0] == 200
    (tmp_path / "static" / "index.html").write_text("<!doctype html><p>")
    assert ask(Pages(tmp_path / "static"), "/", accept=HTML)[1]["etag"] != headers["etag"]


def test_files_are_read_once(pages: Pages, tmp_path: Path) -> None:
    (tmp_path / "static" / "assets" / "index-a1.js").unlink()
    assert ask(pages, "/assets/index-a1.js")[0] == 200


def test_the_built_page_names_files_by_their_content_and_comes_packed() -> None:
    pages = Pages()
    page = bytes(response(pages, "/", accept=HTML).body).decode()
    named = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
    assert named
    for path in named:
        assert re.fullmatch(r"/assets/[\w-]+-[\w-]{8}\.(?:js|css)", path)
        plain = bytes(response(pages, path).body)
        answer = response(pages, path, accept_encoding="gzip")
        if len(gzip.compress(plain, 9)) >= len(plain):  # a file of a line gains nothing
            assert (answer.headers.get("content-encoding"), bytes(answer.body)) == (None, plain)
            continue
        assert gzip.decompress(bytes(answer.body)) == plain
        brotli = response(pages, path, accept_encoding="br, gzip")
        assert brotli.headers["content-encoding"] == "br"
        assert len(brotli.body) < len(answer.body) < len(plain)
