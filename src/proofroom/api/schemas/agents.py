"""Agents: what can be asked for, and the definitions of projects."""

from typing import Literal

from pydantic import Field

from proofroom.api.schemas.common import Json, LookedAtVersion, NextCursor, Sent, Shown, Timestamp


class Runtime(Shown):
    name: str
    label: str
    uses_model: bool
    available: bool
    why_not: str | None
    providers: list[str] = Field(
        default_factory=list, description="Of `pydantic_ai`: the providers that are set up here."
    )


class Agent(Shown):
    name: str
    title: str
    goal: str
    output_types: list[str]
    config_schema: Json = Field(description="JSON Schema of `config`, enough to draw a form from.")
    origin: Literal["program", "project"] = Field(description="Who offers it; a project's own comes first.")
    digest: str = Field(description="SHA-256 of the definition's text.")
    definition: str = Field(description="Its YAML text, to start one of a project's own from.")
    budget: dict[str, float] = Field(
        default_factory=dict, description="Of a request that names none: `usd`, `tokens`, `seconds`."
    )
    impact_setting: str | None = Field(
        default=None, description="The setting that says where the result is meant for."
    )
    impact_values: dict[str, str] = Field(
        default_factory=dict, description="What its values mean: `public`, `external_recipient`, …"
    )
    runtimes: list[Runtime]
    default_runtime: str


class AgentList(Shown):
    items: list[Agent]
    next_cursor: NextCursor


class NewDefinition(Sent):
    definition: str = Field(
        description="The YAML text of an agent definition, at most 100,000 characters.", max_length=200_000
    )


class DefinitionChange(NewDefinition):
    version: LookedAtVersion | None = Field(
        default=None, ge=1, le=2**31 - 1, description="Refuse unless this version still holds."
    )


class ProjectAgent(Shown):
    name: str
    title: str
    goal: str
    output_types: list[str]
    tools: list[str]
    config_schema: Json
    definition: str = Field(description="Its YAML text.")
    digest: str = Field(description="SHA-256 of the text.")
    version: int
    changed_by: str | None
    created_at: Timestamp
    updated_at: Timestamp


class ProjectAgentList(Shown):
    items: list[ProjectAgent]
    next_cursor: NextCursor
