"""A review knows everybody who looks at it, not only the first of them.

Revision ID: 0027
Revises: 0026

`looking_by` and `looking_until` stay: a release that does not know the list goes on with them.
"""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.execute("ALTER TABLE work_checkpoints ADD COLUMN lookers jsonb NOT NULL DEFAULT '[]'")


def downgrade() -> None:
    op.execute("ALTER TABLE work_checkpoints DROP COLUMN lookers")
