"""E-mail messages (RFC 5322, MIME): headers, the best text, attachments one level deep.

The standard library takes a message apart; what stands in it is decoded here, since hostile messages name
encodings that do not exist and break the library's newer header classes.
"""

import binascii
import codecs
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.errors import CloseBoundaryNotFoundDefect, HeaderParseError
from email.header import decode_header
from email.message import Message
from itertools import groupby
from typing import Any, TypeAlias

from proofroom.domain.errors import InvalidInput, ProofroomError
from proofroom.substrate.capture import safe_name
from proofroom.substrate.extracted import Extracted, Limits
from proofroom.substrate.parsers import html
from proofroom.substrate.parsers.archive import unsafe
from proofroom.substrate.parsers.sniff import clean, decode
from proofroom.substrate.parsers.writing import Writer, one_line
from proofroom.substrate.segmentation import heading_text, plain_blocks

CONTENT_TYPE = "message/rfc822"
EXTRACTOR = "proofroom-email/1"
MAX_ATTACHMENTS = 50
MAX_PARTS = 1_000
MAX_MULTIPARTS = 100  # the library looks for the end of each that is open, in every line
_SHOWN = ("From", "To", "Cc", "Date", "Subject")
_HEADER_CHARS = 10_000
_SLOW_CODECS = frozenset({"punycode", "idna", "undefined", "unicode_escape", "raw_unicode_escape"})
_SIGNATURES = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
_SEALED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})

Parse: TypeAlias = Callable[[bytes, str, str], Extracted]
"""(bytes, name, declared type) → what is in an attachment; raises ProofroomError."""


@dataclass(frozen=True, slots=True)
class _Attachment:
    """`message` is set for an attached message, else `data`."""

    name: str
    content_type: str
    data: bytes = b""
    message: Message | None = None


@dataclass(slots=True)
class _Parts:
    """What a message is made of: its texts as (text, whether it is HTML) and the rest."""

    texts: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])
    attachments: list[_Attachment] = field(default_factory=list[_Attachment])
    pictures: int = 0
    sealed: bool = False
    cut: bool = False


def parse(data: bytes, *, limits: Limits, inner: Parse | None) -> Extracted:
    """A message. `inner` reads its attachments; without it they are named only.

    Raises InvalidInput (`encrypted_file`, `unsafe_file`, `parse_too_deep`) and TooLarge (`text_too_large`).
    """
    lower = data.lower()
    if lower.count(b"content-type:") > MAX_PARTS or lower.count(b"boundary=") > MAX_MULTIPARTS:
        raise unsafe(f"The message has more than {MAX_PARTS:,} parts, or is nested more than any mail is.")
    writer = Writer(limits)
    try:
        message = message_from_bytes(data)
        cut = _write(writer, message, inner, top=True)
    except RecursionError as error:
        raise InvalidInput(
            "parse_too_deep",
            "The message is nested too deeply to be read.",
            "Save its text and its attachments as files and add these.",
        ) from error
    if cut:
        writer.notes.append("The message seems to be cut off: its last part has no end.")
    return writer.extracted(CONTENT_TYPE, EXTRACTOR)


def _write(writer: Writer, message: Message, inner: Parse | None, *, top: bool) -> bool:
    """Writes a message; answers whether its end is missing."""
    headers = [(name, value) for name in _SHOWN if (value := _header(message, name))]
    subject = next((value for name, value in headers if name == "Subject"), "")
    if top:
        writer.title = writer.heading = heading_text(subject) or None
    else:
        writer.write_heading(f"Attached message: {subject}" if subject else "Attached message")
    writer.write("\n".join(f"{name}: {value}" for name, value in headers))
    parts = _Parts()
    _sort(message, parts)
    if parts.sealed and not parts.texts:
        raise InvalidInput(
            "encrypted_file",
            "The message is encrypted.",
            "Open it in your mail program, save its text and add that.",
        )
    for words, is_html in parts.texts:
        _write_text(writer, words, is_html)
    if parts.pictures:
        writer.notes.append(f"Pictures in the message were left out ({parts.pictures}).")
    _write_attachments(writer, parts.attachments, inner)
    return parts.cut


def _write_text(writer: Writer, words: str, is_html: bool) -> None:
    if is_html:
        try:
            page = html.parse(words, limits=writer.limits, whole=True)
        except InvalidInput as error:
            if error.code == "no_text":
                return
            writer.notes.append(f"A part of the message was left out. {error.message}")
            return
        writer.append(page)
        writer.notes.extend(page.notes)
        return
    for quoted, lines in groupby(words.splitlines(), key=lambda line: line.startswith(">")):
        if quoted:
            writer.write("\n".join(line.lstrip("> ") for line in lines), "quote")
            continue
        text = "\n".join(lines).strip()
        if text:
            blocks = [  # a short line in a message, such as a greeting, is no heading
                replace(block, kind="paragraph" if block.kind == "heading" else block.kind, heading=None)
                for block in plain_blocks(text)
            ]
            writer.append(Extracted(text, "text/plain", EXTRACTOR, tuple(blocks)))


def _write_attachments(writer: Writer, attachments: Sequence[_Attachment], inner: Parse | None) -> None:
    left_out = [*attachments[MAX_ATTACHMENTS:]] if inner is not None else [*attachments]
    for attachment in attachments[:MAX_ATTACHMENTS] if inner is not None else ():
        try:
            if attachment.message is not None:
                _write(writer, attachment.message, None, top=False)
                continue
            assert inner is not None
            part = inner(attachment.data, attachment.name, attachment.content_type)
            writer.write_heading(f"Attachment: {attachment.name}")
            writer.append(part)
            writer.notes.extend(f"{attachment.name}: {note}" for note in part.notes)
        except ProofroomError as error:
            writer.notes.append(f"The attachment “{attachment.name}” was left out. {error.message}")
    if left_out:
        names = ", ".join(f"“{attachment.name}”" for attachment in left_out[:10])
        more = f" and {len(left_out) - 10} more" if len(left_out) > 10 else ""
        writer.notes.append(f"Attachments were left out: {names}{more}.")


def _sort(part: Message, found: _Parts) -> None:
    """Puts a part and those in it where they belong."""
    kind = part.get_content_type()
    found.cut |= any(isinstance(defect, CloseBoundaryNotFoundDefect) for defect in part.defects)
    inside = _inside(part)
    if kind == "message/rfc822" and inside:
        for message in inside[:1]:
            name = _header(message, "Subject") or "message"
            found.attachments.append(_Attachment(name[:200], kind, message=message))
    elif inside:
        if kind == "multipart/alternative":
            _best(inside, found)
        else:
            for each in inside:
                _sort(each, found)
    elif kind in _SEALED:
        found.sealed = True
    elif kind not in _SIGNATURES:
        _leaf(part, kind, found)


def _inside(part: Message) -> list[Message]:
    payload: Any = part.get_payload()
    return [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []  # pyright: ignore[reportUnknownVariableType]


def _best(parts: Sequence[Message], found: _Parts) -> None:
    """Of several forms of one text the plain one, if it says anything, else the last that has a text."""
    forms: list[_Parts] = []
    for each in parts:
        form = _Parts()
        _sort(each, form)
        forms.append(form)
    for form in forms:
        found.attachments.extend(form.attachments)
        found.pictures += form.pictures
        found.sealed |= form.sealed
        found.cut |= form.cut
    spoken = [form for form in forms if any(words.strip() for words, _ in form.texts)]
    plain = next((form for form in spoken if not any(is_html for _, is_html in form.texts)), None)
    if spoken:
        found.texts.extend((plain or spoken[-1]).texts)


def _leaf(part: Message, kind: str, found: _Parts) -> None:
    name = _filename(part)
    attached = part.get_content_disposition() == "attachment" or bool(name)
    if kind.startswith("image/"):
        found.pictures += 1
        return
    data = part.get_payload(decode=True)
    data = data if isinstance(data, bytes) else b""
    if kind in ("text/plain", "text/html") and not attached:
        words = _decoded(data, part.get_content_charset())
        if words.strip():
            found.texts.append((words, kind == "text/html"))
    elif data.strip():
        found.attachments.append(_Attachment(name or "unnamed", kind, data))


def _filename(part: Message) -> str:
    try:
        given = part.get_filename() or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        given = ""
    return safe_name(_words(given))


def _header(message: Message, name: str) -> str:
    """A header's words on one line; "" when it is not there."""
    for key, value in message.raw_items():
        if key.lower() == name.lower():
            return one_line(_words(str(value)))
    return ""


def _words(raw: str) -> str:
    """Encoded words (RFC 2047) and bytes beyond ASCII made readable."""
    raw = raw[:_HEADER_CHARS]
    if any("\udc80" <= sign <= "\udcff" for sign in raw):
        raw = _decoded(raw.encode("utf-8", "surrogateescape"), None)
    try:
        pieces: Iterator[tuple[bytes | str, str | None]] = iter(decode_header(raw))
        return "".join(
            piece if isinstance(piece, str) else _decoded(piece, charset or "ascii")
            for piece, charset in pieces
        )
    except (HeaderParseError, binascii.Error, ValueError):
        return clean(raw)


def _decoded(data: bytes, charset: str | None) -> str:
    """The text of bytes in the encoding that they claim, or in the one that they seem to have."""
    if charset:
        try:
            known = codecs.lookup(charset)
            if known.name not in _SLOW_CODECS:
                return clean(data.decode(known.name))
        except (LookupError, ValueError):  # unknown, no text encoding, or not true
            pass
    try:
        return decode(data)[0]
    except InvalidInput:
        return clean(data.decode("cp1252", "replace"))
