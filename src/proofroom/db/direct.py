"""Statements said on the driver's own connection: SQLAlchemy writes them, the driver asks, the models take the rows.

A session of SQLAlchemy's spends two to three times as long on saying a statement as the driver does, and a work
session asks more than a hundred. What is plain goes this way: it answers rows, objects of models, or both. Everything
else (updates of a model that the session may hold objects of, statements whose text depends on their values) is left
to SQLAlchemy; `plan` says which. Answers and errors are SQLAlchemy's either way.

Objects are those of the session's identity map, read anew each time, as everywhere in a `Tx`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast
from weakref import WeakKeyDictionary, ref

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Delete,
    Executable,
    Float,
    FromClause,
    Insert,
    Integer,
    Numeric,
    Select,
    TextClause,
    Update,
    inspect,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.attributes import QueryableAttribute, instance_dict, instance_state
from sqlalchemy.orm.context import FromStatement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine
from sqlalchemy.util import LRUCache

Values = Mapping[str, Any]
Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a run of a row's columns becomes an object: `keys` are its attributes, `identity` where its key stands."""

    mapper: Mapper[Any]
    keys: tuple[str, ...]
    identity: tuple[int, ...]


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Plan:
    """A statement as the driver takes it."""

    compiled: SQLCompiler
    sql: bytes
    converts: Mapping[str, Convert]
    """What some of the parameters go through on their way."""
    model: type[Any] | None = None
    """Rows are objects of it, their columns known by their names."""
    parts: tuple[_Shape | None, ...] = ()
    """What the columns of a row become, one after the other; None is a column as it is."""
    names: tuple[str | None, ...] = ()
    """What SQLAlchemy calls these; None, or none at all: as the server does."""


class Said(IteratorResult[Any]):
    """The answer, with the number of rows that were changed or found."""

    rowcount: int = 0


_written: LRUCache[Any, Any] = LRUCache(1000)
_PLAN = "proofroom_plan"
"""In the `__dict__` of what a statement was compiled to: its plans, by the model of a text's rows. There, since plan
and compiled statement hold each other, and go together when `_written` has no more room."""
_seen: "WeakKeyDictionary[Executable, dict[tuple[str, ...], tuple[ref[Plan] | None, Any]]]" = (
    WeakKeyDictionary()
)
"""By the very statement, since those that are asked often are made once; and by the columns that are given to it."""
_PLAIN_OPTIONS = frozenset({"synchronize_session", "populate_existing"})


def plan(statement: Executable, given: Any, dialect: Dialect) -> tuple[Plan | None, Any]:
    """How the driver takes it, and the values that are in it; without a plan it is SQLAlchemy's."""
    columns: tuple[str, ...] = ()
    if isinstance(given, list) and (not isinstance(statement, Insert) or cast(Any, statement)._returning):
        return None, None
    if isinstance(statement, Insert | Update) and given:
        first: Values = cast(Any, given)[0] if isinstance(given, list) else given
        columns = tuple(first)
    elif isinstance(given, list):
        return None, None
    known = _seen.setdefault(statement, {})
    found = known.get(columns)
    if found is not None:
        held, values = found
        if held is None:
            return None, None
        still = held()
        if still is not None:
            return still, values
    made, values = _look(statement, columns, dialect)
    known[columns] = (None, None) if made is None else (ref(made), values)
    return made, values


def _look(statement: Any, columns: Sequence[str], dialect: Dialect) -> tuple[Plan | None, Any]:
    if statement.get_execution_options().keys() - _PLAIN_OPTIONS:
        return None, None
    model: type[Any] | None = None
    asked = statement
    given = columns
    match statement:
        case FromStatement():
            asked = statement.element
            model = cast("type[Any]", statement.column_descriptions[0]["entity"])
        case TextClause() | Select():
            pass
        case Insert() if all(name in statement.table.columns for name in columns):
            pass  # else they are a model's names of its columns
        case Update() | Delete() if statement.get_execution_options().get("synchronize_session") is False:
            given = ()  # else the session may hold objects that it changes
        case _:
            return None, None
    compiled, values = _compiled(asked, given, dialect)
    if isinstance(statement, Update) and any(
        name in statement.table.columns and name not in compiled.binds for name in columns
    ):
        return None, None  # columns to set that the statement does not name itself
    plans = cast("dict[Any, Plan | None]", compiled.__dict__.setdefault(_PLAN, {}))
    if model not in plans:
        if model is not None:
            plans[model] = _plan(compiled, dialect, model=model)
        else:
            parts = _parts(asked, compiled, dialect)
            plans[model] = (
                None if parts is None else _plan(compiled, dialect, parts=parts, names=_names_in(asked))
            )
    return plans[model], values


def _compiled(statement: Any, columns: Sequence[str], dialect: Dialect) -> tuple[SQLCompiler, Any]:
    compiled, values, _ = statement._compile_w_cache(
        dialect, compiled_cache=_written, column_keys=sorted(columns)
    )
    return compiled, values


def _parts(statement: Any, compiled: SQLCompiler, dialect: Dialect) -> tuple[_Shape | None, ...] | None:
    """What the rows hold; None when that is not plain. What a text answers is read as it comes."""
    if isinstance(statement, TextClause):
        return ()
    if isinstance(statement, Select):
        if cast(Any, statement)._with_options:  # of a model not all is read
            return None
        asked: list[Any] = [one["expr"] for one in statement.column_descriptions]
    else:
        returning = statement._returning
        asked = [one.entity_namespace if isinstance(one, FromClause) else one for one in returning]
    columns = list(cast(Any, compiled)._result_columns)  # nowhere else is it said what they are
    parts: list[_Shape | None] = []
    for one in asked:
        if not isinstance(one, type):
            if not isinstance(one, ColumnElement | QueryableAttribute):
                return None  # a model under another name, or several columns as one
            if not isinstance(statement, Select) and _attribute(one) not in (None, one.name):
                return None  # the server names the column, SQLAlchemy the attribute
            kind: TypeEngine[Any] = cast(Any, one).type.dialect_impl(dialect)
            if isinstance(kind, Numeric) and not isinstance(kind, Integer):
                return None  # what is to be done with it depends on how the server answers
            if kind.result_processor(dialect, None) is not None:
                return None
            parts.append(None)
            columns = columns[1:]
            continue
        mapper = cast(Mapper[Any], inspect(one))
        own, columns = columns[: len(mapper.columns)], columns[len(mapper.columns) :]
        names = tuple(name for column in own if (name := _name_in(mapper, column.objects)) is not None)
        if len(names) != len(own) or not all(_as_it_comes(c.type, dialect) for c in mapper.columns):
            return None
        parts.append(_shape(one, names))
    return (
        None
        if columns or (None in parts and any(parts) and not isinstance(statement, Select))
        else tuple(parts)
    )


def _attribute(column: Any) -> str | None:
    """The name of the model's attribute that a column of an answer is."""
    return column._annotations.get("proxy_key")


def _as_it_comes(kind: TypeEngine[Any], dialect: Dialect) -> bool:
    """Whether what the driver makes of a column's value is what SQLAlchemy answers."""
    if isinstance(kind, ARRAY):
        return _as_it_comes(cast("ARRAY[Any]", kind).item_type, dialect)
    if isinstance(kind, Numeric):
        return isinstance(kind, Integer | Float) and not kind.asdecimal
    return kind.dialect_impl(dialect).result_processor(dialect, None) is None


def _names_in(statement: Any) -> tuple[str | None, ...]:
    """As SQLAlchemy names what a select answers; none where that takes the names that the server gives."""
    if not isinstance(statement, Select):
        return ()
    names = tuple(
        one["expr"].key if isinstance(one["expr"], QueryableAttribute) else one["name"]
        for one in statement.column_descriptions
    )
    return names if len(set(names)) == len(names) else ()


def _name_in(mapper: Mapper[Any], objects: Sequence[Any]) -> str | None:
    """The name of the model's column among what a column of an answer stands for."""
    for one in objects:
        if isinstance(one, Column):
            column = cast("Column[Any]", one)
            return column.name if column.table is mapper.local_table else None
    return None


def _plan(
    compiled: SQLCompiler,
    dialect: Dialect,
    *,
    model: type[Any] | None = None,
    parts: tuple[_Shape | None, ...] = (),
    names: tuple[str | None, ...] = (),
) -> Plan | None:
    if compiled.post_compile_params or compiled.literal_execute_params:
        return None  # its text depends on the values
    converts: dict[str, Convert] = {}
    for bind, name in compiled.bind_names.items():
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if convert is not None:
            converts[name] = convert
    return Plan(compiled, str(compiled).encode(), converts, model, parts if any(parts) else (), names)


async def say(
    connection: "psycopg.AsyncConnection[Any]", session: Session, asked: Plan, given: Any, within: Any
) -> Said:
    """Asks it and reads the whole answer. Raises psycopg.Error."""
    cursor = connection.cursor()
    if isinstance(given, list):
        several = cast("list[Values]", given)
        await cursor.executemany(asked.sql, [_values(asked, one, within) for one in several])
    else:
        await cursor.execute(asked.sql, _values(asked, given, within))
    answer = cursor.pgresult
    if answer is None or answer.status != ExecStatus.TUPLES_OK:
        said = Said(_metadata(()), iter(()))
    else:
        names = _names_of(asked, answer)
        rows: Sequence[Sequence[Any]] = await cursor.fetchall()
        if asked.model is not None:
            shape = _shape(asked.model, names)
            names, rows = (asked.model.__name__,), [(_object(session, shape, row),) for row in rows]
        elif len(asked.parts) == 1 and asked.parts[0] is not None:
            shape = asked.parts[0]
            names, rows = (shape.mapper.class_.__name__,), [(_object(session, shape, row),) for row in rows]
        elif asked.parts:
            names, rows = _names(asked.parts, names), [_mixed(session, asked.parts, row) for row in rows]
        if asked.names:
            names = tuple(own or server for own, server in zip(asked.names, names, strict=True))
        said = Said(_metadata(names), iter(rows))
    said.rowcount = cursor.rowcount
    return said


def as_sqlalchemy(error: psycopg.Error, dialect: Dialect, *, gone: bool) -> BaseException:
    """The driver's error as SQLAlchemy names it, without the values; `gone`: the connection is lost."""
    return DBAPIError.instance(
        None, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=gone, dialect=dialect
    )


def _values(asked: Plan, given: Values | None, within: Any) -> dict[str, Any]:
    values = dict(asked.compiled.construct_params(dict(given or {}), extracted_parameters=within))
    for name, convert in asked.converts.items():
        values[name] = convert(values[name])
    return values


_answers: "WeakKeyDictionary[Plan, tuple[str, ...]]" = WeakKeyDictionary()


def _names_of(asked: Plan, answer: PGresult) -> tuple[str, ...]:
    """Of the answer's columns: the same each time for a statement, and telling them takes as long as asking it."""
    names = _answers.get(asked)
    if names is None or len(names) != answer.nfields:
        read = [answer.fname(n) for n in range(answer.nfields)]
        names = _answers[asked] = tuple((name or b"").decode() for name in read)
    return names


@lru_cache(maxsize=1000)
def _metadata(names: tuple[str, ...]) -> SimpleResultMetaData:
    return SimpleResultMetaData(names)


@lru_cache(maxsize=1000)
def _shape(model: type[Any], names: tuple[str, ...]) -> _Shape:
    mapper = cast(Mapper[Any], inspect(model))
    keys = {column.name: mapper.get_property_by_column(column).key for column in mapper.columns}
    return _Shape(
        mapper,
        tuple(keys.get(name, "") for name in names),
        tuple(names.index(column.name) for column in mapper.primary_key),
    )


def _object(session: Session, shape: _Shape, row: Sequence[Any]) -> Any:
    if row[shape.identity[0]] is None:  # of an outer join nothing may be there
        return None
    mapper = shape.mapper
    key = (mapper.class_, tuple([row[n] for n in shape.identity]), None)
    known = session.identity_map
    held = known.get(key)
    if held is None:
        held = mapper.class_manager.new_instance()
        state = instance_state(held)
        state.key = key
        state.session_id = session.hash_key
        known.add(state)
    values = instance_dict(held)
    for name, value in zip(shape.keys, row, strict=True):
        if name:
            values[name] = value
    return held


def _mixed(session: Session, parts: Sequence[_Shape | None], row: Sequence[Any]) -> tuple[Any, ...]:
    made: list[Any] = []
    at = 0
    for shape in parts:
        if shape is None:
            made.append(row[at])
            at += 1
        else:
            own = row[at : at + len(shape.keys)]
            made.append(_object(session, shape, own))
            at += len(shape.keys)
    return tuple(made)


def _names(parts: Sequence[_Shape | None], names: Sequence[str]) -> tuple[str, ...]:
    made: list[str] = []
    at = 0
    for shape in parts:
        made.append(names[at] if shape is None else shape.mapper.class_.__name__)
        at += 1 if shape is None else len(shape.keys)
    return tuple(made)
