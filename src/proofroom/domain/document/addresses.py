"""Where a link leads, beside what its words say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

_SCHEME = re.compile(r"\A(?:https?://|mailto:)", re.IGNORECASE)
_NAMED = re.compile(r"(://|www\.|@)?((?:[\w-]+\.)+([^\W\d_]{2,}))", re.IGNORECASE)
_ENDINGS = frozenset("app biz com dev edu gov info int invalid mil net org".split())
# Endings of files, too: Node.js and setup.py name no host.
_FILES = frozenset("cc cs go hs js kt md ml mm pl pm ps py rb rs sh so ts vb".split())


def in_sight(words: str, address: str) -> bool:
    """Whether the words of a link are its address; its scheme and a slash at its end may be left out."""
    return _bare(words) == _bare(address)


def leads_elsewhere(words: str, address: str) -> bool:
    """Whether the words of a link name a host, and it is not where the address leads; or the address itself puts a
    name before its host (`https://example.com@example.org`), which reads as one.
    """
    try:
        parts = urlsplit(address)
        host, user = parts.hostname or "", parts.username
    except ValueError:  # brackets that hold no address
        host, user = "", None
    if parts_of_mail := re.match(r"mailto:[^?]*@([^?@]*)", address, re.IGNORECASE):
        host = parts_of_mail.group(1).lower()
    return user is not None or any(not _same(named, host) for named in _hosts(words))


def _bare(text: str) -> str:
    return _SCHEME.sub("", text.strip()).removesuffix("/")


def _hosts(words: str) -> Iterator[str]:
    """The hosts that words name: behind a scheme, `www.` or an @, or by an ending that is one of hosts alone."""
    visible = "".join(c for c in unicodedata.normalize("NFKC", words) if unicodedata.category(c) != "Cf")
    for found in _NAMED.finditer(visible.lower()):
        before, host, ending = found.groups()
        if before or ending in _ENDINGS or (len(ending) == 2 and ending not in _FILES):
            yield _ascii(host)


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _same(named: str, host: str) -> bool:
    """Whether one is the other, or a part of it: docs.example.org is of example.org."""
    named, host = named.removeprefix("www."), host.removeprefix("www.")
    return bool(host) and (named == host or host.endswith(f".{named}") or named.endswith(f".{host}"))
