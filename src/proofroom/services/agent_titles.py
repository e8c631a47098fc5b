"""What the agent of a session calls itself, from the definition that the session was filed with."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from proofroom.agents.factory import AgentDefinition, parse_definition
from proofroom.db import definitions as db_definitions
from proofroom.db.models import WorkSession
from proofroom.db.tx import Tx

MOST_TITLES = 1000

_titles: dict[str, str] = {}
"""Digest of a definition to its title; a text has one digest for ever."""


@lru_cache(maxsize=200)
def parsed(text: str) -> AgentDefinition:
    """The definition in a text that was accepted once."""
    return parse_definition(text, name="the definition")


async def titles_of(tx: Tx, rows: Sequence[WorkSession]) -> Mapping[str, str]:
    """Digest of a definition to its title, for all that these sessions were filed with, in one query at most."""
    digests = {row.definition_digest for row in rows if row.definition_digest is not None}
    unknown = digests - _titles.keys()
    if unknown:
        if len(_titles) > MOST_TITLES:
            _titles.clear()
        texts = await db_definitions.texts_of(tx, unknown)
        _titles.update({digest: parsed(text).title for digest, text in texts.items()})
    return {digest: _titles[digest] for digest in digests if digest in _titles}


def title_of(row: WorkSession, titles: Mapping[str, str]) -> str | None:
    """None for an outside draft, and for a session of an earlier release, which has no definition kept."""
    return titles.get(row.definition_digest or "")
