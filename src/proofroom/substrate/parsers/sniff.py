"""What a file is, from its bytes. The name and the declared type only choose between kinds of text."""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from charset_normalizer import from_bytes

from proofroom.domain.errors import InvalidInput, UnsupportedMedia

if TYPE_CHECKING:
    from proofroom.substrate.parsers.ooxml import Package

Kind: TypeAlias = Literal["text", "markdown", "html", "csv", "pdf", "docx", "pptx", "xlsx", "email"]

READABLE = (
    "Proofroom reads text, Markdown, HTML, PDF, Word (DOCX), PowerPoint (PPTX), Excel (XLSX), CSV, TSV and e-mail"
    " (EML)."
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
CONTENT_TYPES: dict[Kind, str] = {
    "text": "text/plain",
    "markdown": "text/markdown",
    "html": "text/html",
    "csv": "text/csv",
    "pdf": "application/pdf",
    "docx": f"{_OFFICE}wordprocessingml.document",
    "pptx": f"{_OFFICE}presentationml.presentation",
    "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "email": "message/rfc822",
}

# Magic numbers of what is common and cannot be read. ZIP and OLE2 are told apart further down.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a media file"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"BM", "a bitmap image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript file"),
    (b"ID3", "an audio file"),
    (b"OggS", "a media file"),
    (b"fLaC", "an audio file"),
    (b"SQLite format 3\x00", "a database"),
    (b"PAR1", "a Parquet file"),
)
_AMBIGUOUS = (
    b"BM",
    b"MZ",
    b"ID3",
    b"RIFF",
    b"GIF8",
    b"BZh",
    b"PAR1",
    b"OggS",
)  # also possible first letters of a text
# Names of streams by which OLE2 files are told apart.
_OLE_KINDS: tuple[tuple[str, str], ...] = (
    ("__nameid_version1.0", "an Outlook message (MSG)"),
    ("WordDocument", "an old Word document (DOC)"),
    ("PowerPoint Document", "an old PowerPoint presentation (PPT)"),
    ("Workbook", "an old Excel workbook (XLS)"),
    ("Book", "an old Excel workbook (XLS)"),
)
_HEADER_LINE = re.compile(rb"([!-9;-~]{1,76}):(?:[ \t]|\r?$)")
_ADDRESSED = frozenset({b"from", b"to", b"cc", b"date", b"subject"})
_CARRIED = frozenset({b"message-id", b"received", b"mime-version", b"return-path"})
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,4000}?-->\s*)*"
    rb"<(?:!doctype\s+html|html|head|body|title|meta|script|style|div|article|main|section|table|h1|p)\b",
    re.IGNORECASE | re.DOTALL,
)
_MARKDOWN = re.compile(
    r"^(?:#{1,6}[ \t]+\S|\|?[ \t]*:?-{3,}:?[ \t]*\|[-:| \t]*$|```)|\[[^\[\]\n]{1,300}\]\(https?://",
    re.MULTILINE,
)
_TAGS = re.compile(
    r"</?(?:p|div|table|tr|td|h[1-6]|ul|ol|li|br|span|a|b|i|em|strong)\b[^<>]*>", re.IGNORECASE
)
_CHARSET = re.compile(
    rb"<(?:meta|\?xml)\b[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?([A-Za-z0-9_-]{2,40})", re.IGNORECASE
)
_SURROGATE = re.compile("[\ud800-\udfff\x00]")
_BOMS: tuple[tuple[bytes, str], ...] = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Sniffed:
    """`text` is the decoded text of kinds of text, `encoding` its Python name; `package` is an Office file's."""

    kind: Kind
    text: str | None = None
    encoding: str | None = None
    package: "Package | None" = None


def sniff(data: bytes, extension: str, declared: str) -> Sniffed:
    """Tells what `data` is and decodes text.

    `extension` has no dot and is lower case; `declared` is a media type without parameters; either may be
    empty. Raises InvalidInput (`empty_file`, `unreadable_file`, `encrypted_file`, `unsafe_file`) and
    UnsupportedMedia (`unsupported_type`).
    """
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise InvalidInput("empty_file", "The file is empty.", "Choose a file that has content.")
    head = data[:1024]
    if b"%PDF-" in head and not _HTML.match(data[:4096]):
        return Sniffed("pdf")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        from proofroom.substrate.parsers.archive import Archive  # late: they load a large library
        from proofroom.substrate.parsers.ooxml import package_of

        package = package_of(Archive(data))
        if isinstance(package, str):
            raise _unsupported(package)
        return Sniffed(package.kind, package=package)
    if _is_email(data, extension, declared):
        return Sniffed("email")
    _refuse_binary(data, head)
    text, encoding = decode(data)
    kind = _text_kind(text, data, extension, declared)
    return Sniffed(kind, text, encoding)


def _refuse_binary(data: bytes, head: bytes) -> None:
    for magic, name in _MAGIC:
        if head.startswith(magic) and (magic not in _AMBIGUOUS or _control_share(data[:4096]) > 0.02):
            raise _unsupported(name)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise InvalidInput(
                "encrypted_file",
                "The file is an Office document that is protected by a password.",
                "Remove the password in the program that made it and add the file again.",
            )
        raise _unsupported(
            next(
                (name for stream, name in _OLE_KINDS if stream.encode("utf-16-le") in data),
                "an old Office document (DOC, XLS or PPT)",
            )
        )
    if data[4:8] == b"ftyp":
        raise _unsupported("a media file")


def _is_email(data: bytes, extension: str, declared: str) -> bool:
    """Whether a file begins with the headers of a message.

    A note that begins with From: and To: is no message unless it is called one; a mail server leaves other
    headers too.
    """
    names: set[bytes] = set()
    for line in data[:65536].splitlines()[:300]:
        if not line.strip():
            break
        if line[:1] in b" \t" and names:
            continue
        found = _HEADER_LINE.match(line)
        if found is None:
            return False
        names.add(found[1].lower())
    called = extension == "eml" or declared == "message/rfc822"
    return bool(names & _ADDRESSED) and (called or (len(names & _ADDRESSED) > 1 and bool(names & _CARRIED)))


def _unsupported(name: str) -> UnsupportedMedia:
    return UnsupportedMedia(
        "unsupported_type",
        f"The file is {name}, which Proofroom cannot read yet. {READABLE}",
        "Save it as one of these and add that file.",
    )


def _control_share(data: bytes) -> float:
    """The share of bytes that do not occur in text of any single-byte encoding or UTF-8."""
    odd = sum(1 for byte in data if byte < 32 and byte not in b"\t\n\r\f\x1b")
    return odd / max(1, len(data))


def decode(data: bytes) -> tuple[str, str]:
    """Text and the encoding's name. NUL and lone surrogates become U+FFFD, a byte order mark is left out.

    Raises InvalidInput (`unreadable_file`) when the bytes are no text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return clean(data[len(mark) :].decode(encoding, "replace")), encoding
    wide = _utf16_without_mark(data)
    if wide:
        return clean(data.decode(wide, "replace")), wide
    try:
        text = data.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError as error:
        text, encoding = _guess(data, error)
    sample = text[:200_000]
    odd = sum(1 for sign in sample if (sign < " " and sign not in "\t\n\r\f\x1b") or "\x7f" <= sign <= "\x9f")
    if odd > max(8, len(sample) * 0.02) or (odd > 2 and odd * 10 > len(sample)):
        raise _unreadable()
    return clean(text), encoding


def _guess(data: bytes, error: UnicodeDecodeError) -> tuple[str, str]:
    if _control_share(data[:200_000]) > 0.02:
        raise _unreadable() from error
    # UTF-8 with a few broken bytes (a cut download, a mixed log) stays UTF-8.
    tolerant = data.decode("utf-8", "replace")
    broken = tolerant.count("\ufffd")
    letters = sum(1 for sign in tolerant[:200_000] if sign > "\x7f" and sign != "\ufffd")
    if broken * 20 < letters:
        return tolerant, "utf-8"
    named = _CHARSET.search(data[:4096])
    if named:
        try:
            return data.decode(named[1].decode("ascii")), named[1].decode("ascii").lower()
        except (UnicodeDecodeError, LookupError):
            pass  # a page may be wrong about itself; then it is guessed like any other text
    best = from_bytes(data[:65536], cp_exclusion=["utf_16", "utf_32", "utf_7", "hz"]).best()
    # Short Western texts look alike in many code pages; Windows-1252 is what programs there write.
    encoding = (
        "cp1252" if best is None or len(data) < 2048 or best.encoding.startswith("mac_") else best.encoding
    )
    if encoding in ("iso8859_1", "latin_1", "cp1250", "cp1257", "cp1254", "cp775", "cp437", "cp850", "cp858"):
        encoding = "cp1252"
    try:
        return data.decode(encoding), encoding
    except (UnicodeDecodeError, LookupError):
        return data.decode("cp1252", "replace"), "cp1252"


def _utf16_without_mark(data: bytes) -> str | None:
    sample = data[:4096]
    if len(sample) < 8 or len(data) % 2:
        return None
    even, odd = sample[::2].count(0) / (len(sample) / 2), sample[1::2].count(0) / (len(sample) / 2)
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    if even > 0.4 and odd < 0.05:
        return "utf-16-be"
    return None


def _unreadable() -> InvalidInput:
    return InvalidInput(
        "unreadable_file",
        f"The file holds binary data that is not text in any known encoding. {READABLE}",
        "Check that it is the file you meant, or save it as one of these.",
    )


def clean(text: str) -> str:
    """NUL and lone surrogates, which PostgreSQL cannot store, become U+FFFD. Nothing else changes."""
    return _SURROGATE.sub("\ufffd", text)


def clean_json(value: Any) -> Any:
    """JSON, every text of it `clean`: names of members and values, as they are decoded."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [clean_json(one) for one in cast("list[Any]", value)]
    if isinstance(value, Mapping):
        return {clean(name): clean_json(one) for name, one in cast("Mapping[str, Any]", value).items()}
    return value


def _text_kind(text: str, data: bytes, extension: str, declared: str) -> Kind:
    raw = data if data[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else text[:8192].encode()
    if raw.startswith(codecs.BOM_UTF8):
        raw = raw[3:]
    html_name = extension in ("html", "htm", "xhtml") or declared in ("text/html", "application/xhtml+xml")
    markdown_name = extension in ("md", "markdown", "mdown", "mkd") or declared == "text/markdown"
    found = _HTML.match(raw[:8192])
    if found and (
        html_name or not markdown_name or b"<html" in found.group().lower() or b"doctype" in found.group()
    ):
        return "html"
    if html_name and len(_TAGS.findall(text[:20_000])) >= 2:
        return "html"
    if extension in ("csv", "tsv", "tab") or declared in ("text/csv", "text/tab-separated-values"):
        return "csv"
    if markdown_name or (extension != "txt" and _MARKDOWN.search(text[:200_000])):
        return "markdown"
    return "text"


_USUAL: dict[str, str] = {
    "pdf": "application/pdf",
    "html": "text/html",
    "htm": "text/html",
    "xhtml": "text/html",
    "csv": "text/csv",
    "tsv": "text/csv",
    "md": "text/markdown",
    "markdown": "text/markdown",
    **dict.fromkeys(("docx", "docm", "dotx", "dotm"), CONTENT_TYPES["docx"]),
    **dict.fromkeys(("pptx", "pptm", "potx", "potm", "ppsx", "ppsm"), CONTENT_TYPES["pptx"]),
    **dict.fromkeys(("xlsx", "xlsm", "xltx", "xltm", "xlam"), CONTENT_TYPES["xlsx"]),
    "eml": "message/rfc822",
}
_OTHER = frozenset(
    {"doc", "xls", "ppt", "msg", "png", "jpg", "jpeg", "gif", "zip", "odt", "ods", "odp", "rtf"}
)
_SPOKEN: dict[str, str] = {  # where the type itself says little to a person
    CONTENT_TYPES["docx"]: "a Word document",
    CONTENT_TYPES["pptx"]: "a PowerPoint presentation",
    CONTENT_TYPES["xlsx"]: "an Excel workbook",
    CONTENT_TYPES["email"]: "an e-mail message",
}


def mislabelled(content_type: str | None, filename: str | None) -> tuple[str, ...]:
    """A remark for the person when a file's name promises another kind than its content is."""
    extension = (filename or "").rpartition(".")[2].lower() if "." in (filename or "") else ""
    usual = _USUAL.get(extension)
    known = content_type in _SPOKEN
    if (
        content_type is None
        or content_type not in CONTENT_TYPES.values()
        or usual == content_type
        or not extension
    ):
        return ()
    if not (usual or extension in _OTHER or known):
        return ()
    said = _SPOKEN.get(content_type, content_type)
    return (f"The name ends in .{extension}, but the content is {said}; it was read as that.",)
