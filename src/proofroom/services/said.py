"""What people write in a line or a few: reasons, feedback, comments, passages."""

from typing import Any

from proofroom.domain.errors import InvalidInput

MAX_TEXT = 10_000


def text_of(value: Any, field: str) -> str | None:
    """The text without spaces around it; None when there is none. Raises InvalidInput (`text_invalid`)."""
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise InvalidInput(
            "text_invalid",
            f"{field} must be text of at most {MAX_TEXT:,} characters.",
            hint="Shorten it.",
            field=field,
        )
    return value.replace("\x00", "\ufffd").strip() or None
