"""When the work of a model cannot go on, said in the same way by every runtime that calls one: it makes the same calls
again and again, or the conversation has become longer than it can read."""

from collections.abc import Sequence

from proofroom.agents.runtimes.base import Failed

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


def too_long(model: str) -> Failed:
    """The conversation no longer fits into the model. Retrying it would send the same again."""
    return Failed(
        "conversation_too_long",
        f"The work has become longer than {model} can read. What was handed in so far is kept. Fork it with a smaller "
        "task, with fewer sources (where its settings name sources), or with a model that reads more.",
        retryable=False,
    )
