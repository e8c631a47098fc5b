"""The tables. Every tenant table carries `workspace_id` first, in its key and in every reference.

Composite keys make a row of one workspace unable to point at a row of another, whatever a query does;
row-level security (migration 0001) makes it unable to see one. Times are UTC.
"""

from proofroom.db.models.agents import DefinitionText, ProjectAgent
from proofroom.db.models.base import Base
from proofroom.db.models.deletion import Redaction, SourceDeletion
from proofroom.db.models.figures import CheckpointFigures, SessionFigures
from proofroom.db.models.memory import BlockOrigin, MemoryDecision, MemoryNote
from proofroom.db.models.people import ApiKey, IdempotencyKey, Member, Workspace, WorkspaceAudit
from proofroom.db.models.review import CheckpointComment, Delivery, WorkCheckpoint, WorkObligation
from proofroom.db.models.substrate import (
    Basket,
    Block,
    BlockEmbedding,
    Project,
    ProjectPolicy,
    RemovedTemplate,
    Source,
    SourceVersion,
    Template,
    TermFrequency,
)
from proofroom.db.models.transcripts import TranscriptEntry
from proofroom.db.models.work import (
    ArtifactVersion,
    AuditEntry,
    ContextEnvelope,
    ToolCall,
    WorkArtifact,
    WorkEvent,
    WorkSession,
    WorkTrigger,
)

__all__ = [
    "TENANT_TABLES",
    "ApiKey",
    "ArtifactVersion",
    "AuditEntry",
    "Base",
    "Basket",
    "Block",
    "BlockEmbedding",
    "BlockOrigin",
    "CheckpointComment",
    "CheckpointFigures",
    "ContextEnvelope",
    "DefinitionText",
    "Delivery",
    "IdempotencyKey",
    "Member",
    "MemoryDecision",
    "MemoryNote",
    "Project",
    "ProjectAgent",
    "ProjectPolicy",
    "Redaction",
    "RemovedTemplate",
    "SessionFigures",
    "Source",
    "SourceDeletion",
    "SourceVersion",
    "Template",
    "TermFrequency",
    "ToolCall",
    "TranscriptEntry",
    "WorkArtifact",
    "WorkCheckpoint",
    "WorkEvent",
    "WorkObligation",
    "WorkSession",
    "WorkTrigger",
    "Workspace",
    "WorkspaceAudit",
]

TENANT_TABLES: tuple[str, ...] = tuple(
    sorted(name for name, table in Base.metadata.tables.items() if "workspace_id" in table.c)
)
