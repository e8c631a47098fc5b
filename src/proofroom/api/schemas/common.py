"""Shapes that every part of the API uses."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

Json = dict[str, Any]
Timestamp = Annotated[str, Field(description="ISO 8601, UTC.", examples=["2026-11-22T17:00:00Z"])]


def _written_out(value: Any) -> Any:
    """Only text: a bare number would be taken for seconds since 1970."""
    if isinstance(value, str) and re.match(r"\d{4}-\d{2}-\d{2}", value):
        return value
    raise PydanticCustomError("datetime_type", "not a time")


def _storable(value: datetime) -> datetime:
    """Within what every zone and the database can hold."""
    if not 1970 <= value.year <= 9000:
        raise PydanticCustomError("datetime_type", "not a time")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_storable)]


LookedAtVersion = Annotated[int, Field(strict=True)]
"""A version that somebody looked at: a number, and not what could be taken for one (`true`, `1.0`, `"1"`)."""


class Shown(BaseModel):
    """Base of answers. Answers may gain members."""


class Sent(BaseModel):
    """Base of requests. A member that is not known here is refused, so that no typing error is silent."""

    model_config = ConfigDict(extra="forbid")


class FieldProblem(Shown):
    field: str
    message: str


class Problem(Shown):
    """RFC 9457 problem details. Branch on `code`: it is stable; wording is not."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="A URN made of the code.")
    title: str
    status: int
    code: str = Field(description="Stable, snake_case.")
    detail: str = Field(description="What happened, to what.")
    hint: str = Field(description="What to do next.")
    field: str | None = Field(default=None, description="Path of the offending member.")
    request_id: str
    errors: list[FieldProblem] | None = Field(
        default=None, description="Every member that does not fit (`validation_error`)."
    )


class Summary(Shown):
    """How many claims there are, and of them how many need a person, how many passed the comparisons, and how many are
    opinions, of which nothing was compared."""

    claims: int
    needs_you: int
    passed: int
    opinions: int = 0


class Progress(Shown):
    done: int
    total: int
    label: str


class Failure(Shown):
    model_config = ConfigDict(extra="allow")

    code: str
    message: str
    hint: str | None = None
    retryable: bool | None = None


class Named(Shown):
    id: UUID
    name: str | None


class NamedProject(Named):
    archived: bool = Field(description="It is off the lists; what has not ended in it is not.")


Verdict = Literal["supported", "partial", "unsupported", "uncited", "conflict"]
Strategy = Literal["checkpoint_required", "final_only", "auto_approve_low_risk"]
Status = Literal["initialized", "queued", "in_progress", "pending_review", "completed", "failed", "cancelled"]
CheckpointStatus = Literal[
    "pending_review", "approved", "rejected", "changes_requested", "expired", "superseded"
]
NextCursor = Annotated[
    str | None, Field(description="Send it as `cursor` for the next page; null on the last one.")
]


class FolderTarget(Sent):
    kind: str = Field(description="`folder`.")
    path: str = Field(max_length=1_000, description="Under the server's delivery root.")
