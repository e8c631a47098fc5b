"""Statements in SQL, made once: reading a text for its parameters costs about as much as asking the database."""

from functools import lru_cache
from typing import Any

import sqlalchemy
from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.types import Integer, Text, TypeEngine, Uuid

UUIDS = ARRAY(Uuid())
TEXTS = ARRAY(Text())
INTEGERS = ARRAY(Integer())
JSON_VALUE = JSONB()


def text(sql: str) -> TextClause:
    """SQL with `:parameters`; what is put into it otherwise are constants of ours."""
    return _typed(sql, ())


def typed(sql: str, **types: TypeEngine[Any]) -> TextClause:
    """As `text`, with the types of these parameters."""
    return _typed(sql, tuple(types.items()))


@lru_cache(maxsize=1000)
def _typed(sql: str, types: tuple[tuple[str, TypeEngine[Any]], ...]) -> TextClause:
    return sqlalchemy.text(sql).bindparams(*(bindparam(name, type_=kind) for name, kind in types))
