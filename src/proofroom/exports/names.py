"""File names for what is exported."""

import re
import unicodedata


def file_name(title: str) -> str:
    """A safe file name from a title: ASCII letters, digits and dashes, at most 60 characters."""
    ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_title.lower()).strip("-")[:60].strip("-")
    return slug or "result"
