"""Statements in SQL, made once: reading a text for its parameters costs about as much as asking the database."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

import sqlalchemy
from sqlalchemy import Result, bindparam
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


@lru_cache(maxsize=200)
def update_of(model: type[Any], key: str, *names: str, whole: bool = True) -> Any:
    """UPDATE of these columns of one row of a model, found by `where_<key>`, that answers the row, or only what was
    written; see `setting`."""
    columns = cast(Any, sqlalchemy.inspect(model)).columns
    return (
        sqlalchemy.update(model)
        .where(columns[key] == bindparam(f"where_{key}"))
        .values({name: bindparam(f"to_{name}", type_=columns[name].type) for name in names})
        .returning(*([model] if whole else [columns[name] for name in names]))
        .execution_options(synchronize_session=False)
    )


def setting(values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of `update_of` that set these values."""
    return {f"to_{name}": value for name, value in values.items()}


def changed(answer: Result[Any]) -> int:
    """How many rows a statement changed."""
    return int(cast(Any, answer).rowcount)
