"""From bytes to text, blocks and tables.

`parse` does it here; `parse_isolated` does it in a separate process with limits, which is what everything but
a test should use: files are hostile.
"""

import unicodedata
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from proofroom.domain.errors import TooLarge
from proofroom.domain.figures import unsure_columns
from proofroom.substrate.extracted import Extracted, Limits, Report, too_much_text, unheard
from proofroom.substrate.isolation import parse_isolated
from proofroom.substrate.parsers import delimited, prose
from proofroom.substrate.parsers.sniff import Sniffed, mislabelled, sniff

if TYPE_CHECKING:
    from proofroom.substrate.parsers.ooxml import Package

__all__ = ["DEFAULT_LIMITS", "parse", "parse_isolated", "printable", "safe_name", "stem"]

DEFAULT_LIMITS = Limits()
_NAMED = 5  # columns that a remark lists
_LOOKED_AT = 5_000  # rows, for that remark
_UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def parse(
    data: bytes,
    filename: str | None = None,
    content_type: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    report: Report = unheard,
) -> Extracted:
    """What is in a file. The kind is told from the bytes; name and declared type choose among kinds of text
    only. `report` is told how far the reading is, by formats that take long.

    For every block of the answer `text[char_start:char_end]` is its text; blocks are in order and do not
    overlap. Raises InvalidInput (`empty_file`, `encrypted_file`, `unreadable_file`, `unsafe_file`, `no_text`,
    `parse_too_deep`), UnsupportedMedia (`unsupported_type`) and TooLarge (`file_too_large`,
    `text_too_large`, `table_too_large`, `too_many_pages`).
    """
    return _parse(data, filename, content_type, limits, report, attached=False)


def _parse(
    data: bytes,
    filename: str | None,
    content_type: str | None,
    limits: Limits,
    report: Report,
    *,
    attached: bool,
) -> Extracted:
    """`attached`: the file came with a message; what is attached to it in turn is not opened."""
    if len(data) > limits.file_bytes:
        raise file_too_large(len(data), limits)
    name = safe_name(filename)
    extension = PurePosixPath(name).suffix.lstrip(".").lower() if name else ""
    declared = (content_type or "").partition(";")[0].strip().lower()
    sniffed = sniff(data, extension, declared)
    if sniffed.text is not None:
        check_text(sniffed.text, limits)
    if sniffed.kind == "email":
        from proofroom.substrate.parsers import email

        inner = None if attached else partial(_parse, limits=limits, report=unheard, attached=True)
        extracted = email.parse(data, limits=limits, inner=inner)
    elif sniffed.package is not None:
        extracted = _read_package(sniffed.package, limits, report)
    else:
        extracted = _read(sniffed, data, name, extension, limits, report)
    check_text(extracted.text, limits)
    if sum(len(t.columns) * (len(t.rows) + 1) for t in extracted.tables) > limits.table_cells:
        raise delimited.too_many_cells(limits)
    notes = (
        *mislabelled(extracted.content_type, name),
        *extracted.notes,
        *(() if attached else _unsure(extracted)),
    )
    return replace(extracted, notes=notes).numbered()


def _unsure(extracted: Extracted) -> tuple[str, ...]:
    """A remark on columns whose figures can be read in two ways."""
    found = [
        f"{column} ({cell})"
        for table in extracted.tables
        if not table.decimal_point
        for column, cell in unsure_columns(table.columns, table.rows[:_LOOKED_AT]).items()
    ]
    if not found:
        return ()
    more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
    return (
        f"Nothing tells whether these figures have a decimal point or thousands: {', '.join(found[:_NAMED])}{more}."
        " They are computed with a decimal point.",
    )


def _read_package(package: "Package", limits: Limits, report: Report) -> Extracted:
    match package.kind:
        case "docx":
            from proofroom.substrate.parsers import docx

            return docx.parse(package, limits=limits)
        case "pptx":
            from proofroom.substrate.parsers import pptx

            return pptx.parse(package, limits=limits, report=report)
        case "xlsx":
            from proofroom.substrate.parsers import xlsx

            return xlsx.parse(package, limits=limits, report=report)


def _read(
    sniffed: Sniffed, data: bytes, name: str, extension: str, limits: Limits, report: Report
) -> Extracted:
    text = sniffed.text or ""
    match sniffed.kind:
        case "pdf":
            from proofroom.substrate.parsers import pdf  # late: these two load large libraries

            return pdf.parse(data, limits=limits, report=report)
        case "html":
            from proofroom.substrate.parsers import html

            return html.parse(text, limits=limits)
        case "csv":
            return delimited.parse(text, name=stem(name) or "Table 1", limits=limits, extension=extension)
        case "markdown":
            return prose.parse_markdown(text, limits=limits)
        case _:
            return prose.parse_text(text)


def check_text(text: str, limits: Limits) -> None:
    """Raises TooLarge (`text_too_large`)."""
    if len(text) > limits.text_chars:
        raise too_much_text(len(text), limits)


def file_too_large(size: int, limits: Limits) -> TooLarge:
    return TooLarge(
        "file_too_large",
        f"The file has {size:,} bytes; {limits.file_bytes:,} are the most that can be read.",
        "Split it, or leave out pictures and other media.",
    )


def safe_name(filename: str | None) -> str:
    """A file name as a label: its last part, printable, at most 200 characters."""
    if not filename:
        return ""
    last = filename.replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = " ".join(printable(last).split())
    if name in (".", ".."):
        return ""
    if len(name) > 200:
        suffix = PurePosixPath(name).suffix[:20]
        name = name[: 200 - len(suffix)] + suffix
    return name


def printable(text: str) -> str:
    """The text without control, direction and private characters and without line separators."""
    return "".join(sign for sign in text if unicodedata.category(sign) not in _UNPRINTABLE)


def stem(name: str) -> str:
    """A file name without its extension."""
    return PurePosixPath(name).stem if name else ""
