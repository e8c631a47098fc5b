"""The index of versions by their bytes begins with the bytes.

Revision ID: 0011
Revises: 0010

Before the database has statistics it may take an index that begins with the workspace for every look at a version, and
reads all of the workspace's versions each time: composing an envelope then grew with the square of the sources.
"""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.drop_index("source_versions_by_hash", "source_versions")
    op.create_index("source_versions_by_hash", "source_versions", ["sha256", "project_id", "workspace_id"])


def downgrade() -> None:
    op.drop_index("source_versions_by_hash", "source_versions")
    op.create_index("source_versions_by_hash", "source_versions", ["workspace_id", "project_id", "sha256"])
