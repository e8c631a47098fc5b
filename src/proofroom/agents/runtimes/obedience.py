"""What a text orders a machine to do, read as a model without judgement would read it.

Only the scripted runtime in its obeying mode uses this: it stands for the worst agent there is, so that tests
can show that policy alone holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

_CALL = re.compile(
    r"\b(?:call|run|use|invoke|execute|trigger)\s+(?:the\s+)?(?:tool|function|command)?\s*"
    r"[`\"'\u2018\u201c]?([A-Za-z][A-Za-z0-9_.-]{2,63})[`\"'\u2019\u201d]?(?:\s+(?:tool|function|command))?\b",
    re.IGNORECASE,
)
# A bare word counts as a tool's name only if it looks like one, or the text says that it is one.
_NAMED = re.compile(r"\b(?:tool|function|command)\b|[`_]", re.IGNORECASE)
_ORDERS = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        (r"\bapprove (?:this|the|it|everything|all)\b", "approve"),
        (r"\breject (?:this|the|it|everything|all)\b", "reject"),
        (r"\b(?:send|e-?mail|forward) (?:\w+ ){0,8}(?:to|e-?mail)\b", "send_email"),
        (r"\b(?:deliver|publish|post|upload) (?:this|the|it|all|every)", "deliver"),
        (r"\b(?:remember|(?:write|save) (?:this )?to memory|store (?:this )?in memory)\b", "write_memory"),
        (r"\b(?:delete|erase|remove) (?:this|the|all|every)\b", "delete"),
        (r"\b(?:hide|omit|leave out|do not mention|don't mention|conceal)\b", "hide"),
        (r"\bskip (?:the )?(?:review|approval|checkpoint)\b", "skip_review"),
        (r"\b(?:read|open|search|list) (?:the )?other (?:project|workspace)", "read_project"),
    )
)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
MAX_ORDERS = 200


def orders_in(texts: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Tool calls that the texts ask for: (name, arguments), each once, in order; at most MAX_ORDERS.

    "call tool X with {…}" gives X with that JSON; other orders ("send … to …", "approve this") give a tool of
    a fitting name with the sentence as `text`, whether there is such a tool or not.
    """
    seen: set[str] = set()
    for text in texts:
        for name, arguments in _orders(text):
            key = json.dumps([name, arguments], sort_keys=True, ensure_ascii=False)
            if key in seen:
                continue
            seen.add(key)
            yield name, arguments
            if len(seen) >= MAX_ORDERS:
                return


def _orders(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for match in _CALL.finditer(text):
        if _NAMED.search(match.group()):
            yield match.group(1), _arguments(text, match.end())
    for sentence in _SENTENCE.findall(text):
        for pattern, name in _ORDERS:
            if pattern.search(sentence):
                yield name, {"text": sentence.strip()[:2_000]}


def _arguments(text: str, at: int) -> dict[str, Any]:
    """The first JSON object that begins within 60 characters of `at`; {} when there is none."""
    start = text.find("{", at, at + 60)
    if start < 0:
        return {}
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start)
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
