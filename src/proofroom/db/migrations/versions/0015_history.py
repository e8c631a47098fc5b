"""What a session's own rows are found by, however many sessions there were before it.

Revision ID: 0015
Revises: 0014

Without these a hundred thousand finished sessions made a status take 150 ms and a new session a second.
"""

from alembic import op

revision = "0015"
down_revision = "0014"

# The inbox is read in the order of ids, which is that of time; the old index was in the order of `opened_at`, which
# nothing reads.
INDEXES = """
CREATE INDEX work_checkpoints_by_session ON work_checkpoints (workspace_id, session_id, status);
CREATE INDEX work_checkpoints_by_project ON work_checkpoints (workspace_id, project_id, id);
CREATE INDEX work_checkpoints_by_status ON work_checkpoints (workspace_id, status, id);
DROP INDEX work_checkpoints_inbox;
CREATE INDEX work_sessions_by_status ON work_sessions (workspace_id, project_id, status, id);
CREATE INDEX work_sessions_by_reference ON work_sessions (workspace_id, external_ref, id)
  WHERE external_ref IS NOT NULL;
CREATE INDEX work_obligations_by_session ON work_obligations (workspace_id, session_id);
CREATE INDEX artifact_versions_of_people ON artifact_versions (workspace_id, session_id)
  WHERE author_id IS NOT NULL;
"""


def upgrade() -> None:
    run(INDEXES)


def downgrade() -> None:
    run(
        "CREATE INDEX work_checkpoints_inbox ON work_checkpoints (workspace_id, status, opened_at, id);"
        "DROP INDEX work_checkpoints_by_session, work_checkpoints_by_project, work_checkpoints_by_status,"
        " work_sessions_by_status, work_sessions_by_reference, work_obligations_by_session,"
        " artifact_versions_of_people;"
    )


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` and `:` stay themselves."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
