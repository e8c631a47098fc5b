"""What was decided is listed newest first, also one person's.

Revision ID: 0024
Revises: 0023

Without the two indexes a list of decisions reads every review that there ever was.
"""

from alembic import op

revision = "0024"
down_revision = "0023"

INDEXES = """
CREATE INDEX work_checkpoints_decided ON work_checkpoints (workspace_id, decided_at, id) WHERE decided_at IS NOT NULL;
CREATE INDEX work_checkpoints_decided_by ON work_checkpoints (workspace_id, decided_by, decided_at, id)
  WHERE decided_at IS NOT NULL;
"""


def upgrade() -> None:
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(INDEXES)


def downgrade() -> None:
    op.execute("DROP INDEX work_checkpoints_decided_by, work_checkpoints_decided")
