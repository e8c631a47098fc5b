"""The web page's files, and what is no page."""

from pathlib import Path

import pytest
from starlette.requests import Request

from proofroom.api.static_files import CONTENT_SECURITY_POLICY, NOT_BUILT, Pages


def ask(pages: Pages, path: str, *, accept: str = "*/*", method: str = "GET") -> tuple[int, dict[str, str]]:
    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"", "scheme": "http",
        "server": ("127.0.0.1", 8787), "headers": [(b"accept", accept.encode()), (b"host", b"127.0.0.1")],
    }  # fmt: skip
    answer = pages.answer(Request(scope))
    return answer.status_code, dict(answer.headers)


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    (tmp_path / "secret.txt").write_text("no")
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>")
    (static / "favicon.svg").write_text("<svg/>")
    (static / "assets" / "index-a1.js").write_text("1")
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
        ("/assets/out", "*/*"), ("/\x00", "*/*"), ("/" + "x" * 5_000, "*/*"), ("/assets", "*/*"),
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
