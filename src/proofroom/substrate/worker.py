"""The parser process: one file in, one answer out, again and again until standard input ends.

It is started by `substrate.isolation` as `python -m proofroom.substrate.worker`. A request is a length (4
bytes, big-endian) and that much JSON {"size", "filename", "content_type", "limits"}, then `size` bytes of
file. An answer is a length and that much JSON: {"text_bytes", "extracted"} followed by `text_bytes` bytes
of UTF-8, or {"error": {"family", "code", "message", "hint"}}. Before it there may be any number of frames
{"progress": [done, total, unit]}, a length and JSON each. With "picture": {"page", "quote", "share"} in the request
a page of a PDF is drawn: {"text_bytes"} and so many bytes of PNG. With "compare": {"about", "most_told"} the `size`
bytes are a JSON list of passages, which are compared: {"text_bytes"} and so many bytes of JSON.
"""

import contextlib
import json
import os
import resource
import select
import struct
import sys
import time
from dataclasses import asdict
from typing import Any, BinaryIO

from proofroom.domain.errors import ProofroomError
from proofroom.substrate.extracted import Limits, Report, to_json, unheard

IDLE_SECONDS = 120
REPORT_SECONDS = 0.1  # at most so often, whatever a parser does
_CORE_FILES = 0
_OPEN_FILES = 64


def main() -> None:
    # Whatever a library prints must not end up in the answer.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), "rb", buffering=0)
    _limit(resource.RLIMIT_CORE, _CORE_FILES)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, 0)
    os.chdir("/")
    while select.select([requests], [], [], IDLE_SECONDS)[0]:
        head = _read(requests, 4)
        if head is None:
            return
        request = json.loads(_need(requests, struct.unpack(">I", head)[0]))
        data = _need(requests, request["size"])
        limits = Limits(**request["limits"])
        _bound(limits)
        if "picture" in request:
            answer, rest = picture(data, **request["picture"])
        elif "compare" in request:
            answer, rest = comparison(data, **request["compare"])
        else:
            answer, rest = handle(
                data, request["filename"], request["content_type"], limits, _reporting(answers)
            )
        _answer(answers, answer, rest)


def _answer(answers: BinaryIO, said: dict[str, Any], text: bytes = b"") -> None:
    body = json.dumps(said).encode()
    answers.write(struct.pack(">I", len(body)))
    answers.write(body)
    answers.write(text)
    answers.flush()


def _reporting(answers: BinaryIO) -> Report:
    last = time.monotonic()

    def report(done: int, total: int, unit: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= REPORT_SECONDS:
            last = now
            _answer(answers, {"progress": [done, total, unit]})

    return report


def handle(
    data: bytes,
    filename: str | None,
    content_type: str | None,
    limits: Limits,
    report: Report = unheard,
) -> tuple[dict[str, Any], bytes]:
    """The answer to one request and the text that follows it."""
    from proofroom.substrate.capture import parse

    try:
        extracted = parse(data, filename, content_type, limits, report)
    except (ProofroomError, MemoryError, RecursionError) as error:
        return _refused(error), b""
    text = extracted.text.encode()
    return {"text_bytes": len(text), "extracted": to_json(extracted)}, text


def picture(data: bytes, page: int, quote: str, share: float) -> tuple[dict[str, Any], bytes]:
    """As `handle`, for a page that is drawn."""
    from proofroom.substrate.parsers.pdf_picture import draw

    try:
        drawn = draw(data, page, quote, share)
    except (ProofroomError, MemoryError, RecursionError) as error:
        return _refused(error), b""
    return {"text_bytes": len(drawn)}, drawn


def comparison(data: bytes, about: int | None, most_told: int) -> tuple[dict[str, Any], bytes]:
    """As `handle`, for passages that are compared with each other."""
    from proofroom.substrate.comparing import compare

    try:
        made = json.dumps(compare(json.loads(data), about, most_told)).encode()
    except (ProofroomError, MemoryError, RecursionError) as error:
        return _refused(error), b""
    return {"text_bytes": len(made)}, made


def _refused(error: BaseException) -> dict[str, Any]:
    if isinstance(error, ProofroomError):
        return {"error": {"family": type(error).__name__, **_said(error)}}
    if isinstance(error, MemoryError):
        return {"error": {"family": "TooLarge", **_said(too_much_memory())}}
    return {"error": {"family": "InvalidInput", **_said(too_deep())}}


def too_much_memory() -> ProofroomError:
    return ProofroomError(
        "parse_too_large",
        "Reading the file needs more memory than a file may use.",
        "Split it, or save it in a simpler form.",
    )


def too_deep() -> ProofroomError:
    return ProofroomError(
        "parse_too_deep",
        "The file is nested too deeply to be read.",
        "Save it in a simpler form, such as plain text.",
    )


def limits_json(limits: Limits) -> dict[str, int]:
    return asdict(limits)


def _said(error: ProofroomError) -> dict[str, str]:
    return {"code": error.code, "message": error.message, "hint": error.hint}


def _bound(limits: Limits) -> None:
    """Processor time counts from the start of the process, so each file gets what was used plus its own
    share.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + limits.cpu_seconds + 1)
    if sys.platform == "linux":  # elsewhere address space says nothing about memory
        _limit(resource.RLIMIT_AS, limits.memory_bytes)


def _limit(what: int, soft: int) -> None:
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    with contextlib.suppress(ValueError, OSError):  # a container may forbid it; the wall clock still holds
        resource.setrlimit(what, (soft, hard))


def _read(stream: BinaryIO, size: int) -> bytes | None:
    """`size` bytes; None when the stream ends before the first."""
    parts: list[bytes] = []
    left = size
    while left:
        part = stream.read(min(left, 1 << 20))
        if not part:
            if left == size:
                return None
            raise EOFError("the request ends in the middle")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _need(stream: BinaryIO, size: int) -> bytes:
    found = _read(stream, size)
    if found is None and size:
        raise EOFError("the request ends in the middle")
    return found or b""


if __name__ == "__main__":
    main()
