"""When a model that makes the same calls again and again is stopped: one rule for every runtime that calls a model."""

from collections.abc import Sequence

SAME_CALLS = 3
"""How often the same calls may come one after the other; then they are refused, and two more times later it is over."""
NO_PROGRESS = "The model makes the same call again and again."
REFUSED = ("no_progress", "The same call came before and was answered.", "Go on with something else.")
"""Code, message and hint of the refusal."""


def repeated(replies: Sequence[Sequence[str]]) -> int:
    """How many replies just before the last one made the same calls; 0 when the last one made none."""
    count = 0
    while count + 1 < len(replies) and replies[-2 - count] == replies[-1] != []:
        count += 1
    return count
