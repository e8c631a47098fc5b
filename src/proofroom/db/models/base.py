"""What every table is made with: types, the key and the reference that start with the workspace."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    DateTime,
    Double,
    ForeignKeyConstraint,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    Uuid,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import UserDefinedType

Json = dict[str, Any]


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id; travels as text."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


class HalfVec(UserDefinedType[str]):
    """pgvector's vector of half-precision numbers; travels as text, `[0.1,0.2]`."""

    cache_ok = True

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension

    def get_col_spec(self, **_: object) -> str:
        return f"halfvec({self.dimension})"


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        UUID: Uuid(),
        datetime: DateTime(timezone=True),
        Json: JSONB(),
        list[Any]: JSONB(),
        list[str]: ARRAY(Text()),
        bytes: LargeBinary(),
        float: Double(),
    }


def ref(*columns: str, to: str, key: str = "id", ondelete: str | None = None) -> ForeignKeyConstraint:
    """A composite reference that starts with the workspace."""
    own = ["workspace_id", *columns]
    theirs = [f"{to}.workspace_id", *(f"{to}.{k}" for k in key.split(","))]
    return ForeignKeyConstraint(own, theirs, ondelete=ondelete)


def tenant_key(*columns: str) -> PrimaryKeyConstraint:
    return PrimaryKeyConstraint("workspace_id", *(columns or ("id",)))


NOW = sql("now()")
EMPTY_OBJECT = sql("'{}'::jsonb")
EMPTY_LIST = sql("'[]'::jsonb")
