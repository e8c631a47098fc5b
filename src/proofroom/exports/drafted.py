"""Who drafted a text, in words for its readers."""

LABELS = {
    "extractive": "quote finder, no AI used",
    "claude": "Claude",
    "pydantic_ai": "a model of another provider",
    "external": "an agent from outside",
    "scripted": "script",
}
"""By runtime; what the pages call them, where a reader who does not know this program understands that."""


def drafted_by(runtime: str) -> str | None:
    """`Drafted by: …` for the runtime that a session or packet names, with its model; None for a person's own draft.

    The file of a script is left out: it is a path of the server.
    """
    name, _, model = runtime.partition(":")
    if name in ("", "none"):
        return None
    label = LABELS.get(name, name)
    # On one line and without what Markdown would read: a model is named by whoever asks.
    said = "".join(c for c in model if c.isalnum() or c in ":.-/@ ")[:200]
    return f"Drafted by: {label}{f' ({said})' if said and name != 'scripted' else ''}."
