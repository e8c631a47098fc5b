"""File names for what is exported."""

import re
import unicodedata
from uuid import UUID


def file_name(title: str) -> str:
    """A safe file name from a title: ASCII letters, digits and dashes, at most 60 characters."""
    ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_title.lower()).strip("-")[:60].strip("-")
    return slug or "result"


def delivered_name(title: str, session_id: UUID) -> str:
    """The title's name and the last group of the session's id, 12 hexadecimal digits that are random in it."""
    return f"{file_name(title)}-{session_id.hex[-12:]}"
