"""Comments on words of an artifact.

Revision ID: 0022
Revises: 0021

A release that does not know them shows such a comment as one on the claim or the artifact.
"""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute("ALTER TABLE checkpoint_comments ADD COLUMN anchor jsonb")


def downgrade() -> None:
    op.execute("ALTER TABLE checkpoint_comments DROP COLUMN anchor")
