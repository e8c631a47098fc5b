"""Who is here, projects, templates, members and keys."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field, StrictBool

from proofroom.api.schemas.common import (
    FolderTarget,
    Json,
    LookedAtVersion,
    NextCursor,
    Sent,
    Shown,
    Strategy,
    Timestamp,
)

Role = Literal["viewer", "requester", "reviewer", "admin"]


class Workspace(Shown):
    id: UUID
    name: str


class Me(Shown):
    id: UUID
    name: str
    role: Role
    workspace: Workspace
    mode: Literal["local", "server"]
    sample: bool = Field(description="Whether the sample projects are in this workspace.")
    folders: bool = Field(
        default=False, description="Whether this server delivers to folders (`deliver_to`)."
    )


class WorkspaceList(Shown):
    items: list[Workspace]
    next_cursor: NextCursor


class Counts(Shown):
    sources: int
    unreadable: int = Field(description="Sources that could not be read; they are among `sources`.")
    blocks: int
    sessions: int
    waiting: int = Field(description="Checkpoints that wait for a decision.")


class Budget(Shown):
    """A limit of zero does not exist; what is not there is not limited."""

    usd: float | None = Field(default=None, description="US dollars.")
    tokens: float | None = None
    seconds: float | None = None


class ProjectBudget(Shown):
    default: Budget = Field(description="Of a session that names none; without it, its agent's.")
    most: Budget = Field(description="The most that a session may use; beyond it only an admin extends one.")
    version: int = Field(description="Rises with each change of it.")
    changed_by: str | None
    changed_at: Timestamp | None


class Project(Shown):
    id: UUID
    name: str
    description: str
    basket_id: UUID = Field(description="The project's substrate.")
    sample_key: Literal["check", "report", "yours"] | None
    counts: Counts
    remember_approved: bool = Field(
        default=True, description="Whether completed sessions propose their approved passages and lessons."
    )
    budget: ProjectBudget
    archived_at: Timestamp | None = Field(description="Since when it is off the lists.")
    created_at: Timestamp
    updated_at: Timestamp


class ProjectList(Shown):
    items: list[Project]
    next_cursor: NextCursor


class NewProject(Sent):
    name: str = Field(description="1 to 200 characters.", examples=["Annual report"])
    description: str = Field(default="", description="At most 5,000 characters.")


class ProjectChange(Sent):
    name: str | None = None
    description: str | None = None
    remember_approved: StrictBool | None = Field(
        default=None, description="Whether completed sessions propose what was approved. For reviewers."
    )
    archived: StrictBool | None = Field(
        default=None,
        description="Whether it is off the lists, with what has ended in it. For admins; nothing is deleted.",
    )
    budget: dict[str, dict[str, Any]] | None = Field(
        default=None,
        description="What work may cost here: `default` and `most`, each by `usd`, `tokens` and `seconds`. It is"
        " set as a whole, by admins.",
    )
    budget_version: LookedAtVersion | None = Field(
        default=None,
        description="`version` of the budget that was looked at: when it is not the one that holds, 409.",
    )


class TemplateContent(Sent):
    """A work request to start from; what it leaves out is said when the work is filed."""

    agent_type: str
    task_description: str | None = Field(default=None, max_length=20_000)
    config: dict[str, Any] = Field(default_factory=dict)
    approval_strategy: Strategy | None = None
    runtime: str | None = None
    budget: dict[str, Any] | None = None
    source_ids: list[UUID] | None = Field(
        default=None, max_length=1_000, description="Only these sources; all of the project's without it."
    )
    deliver_to: list[FolderTarget] | None = Field(default=None, max_length=20)


class NewTemplate(Sent):
    name: str = Field(description="1 to 200 characters.")
    content: TemplateContent


class TemplateChange(Sent):
    """What is sent is set, the rest stays."""

    version: LookedAtVersion | None = Field(
        default=None, description="The version that was looked at: when it is not the one that holds, 409."
    )
    name: str | None = None
    content: TemplateContent | None = None


class LastTime(Shown):
    """What the last sessions that started from a template and were completed came to, 20 at most."""

    completed: int
    usd_least: float
    usd_most: float
    seconds_least: float
    seconds_most: float


class Template(Shown):
    id: UUID
    project_id: UUID
    name: str
    agent_type: str
    content: Json
    version: int = Field(description="Rises with each change.")
    changed_by: str | None = Field(description="Who made the last change; null before the first.")
    created_at: Timestamp
    updated_at: Timestamp
    uses: int = Field(description="Sessions that started from it.")
    last_used_at: Timestamp | None
    last_time: LastTime | None


class TemplateList(Shown):
    items: list[Template]
    next_cursor: NextCursor


class Member(Shown):
    id: UUID
    name: str
    role: Role
    created_at: Timestamp


class MemberList(Shown):
    items: list[Member]
    next_cursor: NextCursor


class NewMember(Sent):
    name: str = Field(description="1 to 200 characters.")
    role: str = Field(description="viewer, requester, reviewer or admin.")


class MemberChange(Sent):
    name: str | None = None
    role: str | None = Field(default=None, description="viewer, requester, reviewer or admin.")
    force: bool = Field(
        default=False,
        description="Also where a review that waits could not be signed by enough people any more.",
    )


class ApiKey(Shown):
    id: UUID
    member_id: UUID
    name: str
    scope: Literal["all", "agent"]
    created_at: Timestamp
    revoked_at: Timestamp | None


class ApiKeyList(Shown):
    items: list[ApiKey]
    next_cursor: NextCursor


class NewApiKey(Sent):
    name: str = Field(description="What it is for.")
    member_id: UUID | None = Field(default=None, description="Whose it is; the caller's own without it.")
    scope: str = Field(
        default="all",
        description="`all` that the member may, or `agent`: to drive sessions and to look, never to decide.",
    )


class MadeApiKey(Shown):
    id: UUID
    key: str = Field(description="The key. It is shown this once; only a hash of it is kept.")
