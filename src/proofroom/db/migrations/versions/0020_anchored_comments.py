"""Comments on words of an artifact.

Revision ID: 0020
Revises: 0019

A release that does not know them shows such a comment as one on the claim or the artifact.
"""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute("ALTER TABLE checkpoint_comments ADD COLUMN anchor jsonb")


def downgrade() -> None:
    op.execute("ALTER TABLE checkpoint_comments DROP COLUMN anchor")
