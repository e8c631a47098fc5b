"""Work of all projects is listed and counted by its state, and by the template that it started from.

Revision ID: 0021
Revises: 0020
"""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    # Counting by state reads the index alone.
    op.execute(
        "CREATE INDEX work_sessions_by_state ON work_sessions (workspace_id, status, agent_type, project_id, id)"
    )
    op.execute(
        "CREATE INDEX work_sessions_by_template ON work_sessions (workspace_id, template_id, id)"
        " WHERE template_id IS NOT NULL"
    )
    op.execute("ALTER TABLE templates ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now()")


def downgrade() -> None:
    op.execute("ALTER TABLE templates DROP COLUMN updated_at")
    op.execute("DROP INDEX work_sessions_by_template")
    op.execute("DROP INDEX work_sessions_by_state")
