"""Transcripts of runtimes: what a model was told and said, so that another process can go on with it.

Revision ID: 0009
Revises: 0008

They go with their session. The application adds lines and deletes them (with a source that they repeat); it changes
none.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

TABLE = """
CREATE TABLE transcript_entries (
  workspace_id uuid NOT NULL,
  session_id uuid NOT NULL,
  n bigint GENERATED ALWAYS AS IDENTITY,
  iteration integer NOT NULL,
  leg integer NOT NULL,
  transcript_id uuid NOT NULL,
  subpath text NOT NULL DEFAULT '',
  entry_id text,
  entry jsonb NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, session_id, n),
  FOREIGN KEY (workspace_id, session_id) REFERENCES work_sessions (workspace_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX transcript_entries_once
  ON transcript_entries (workspace_id, session_id, transcript_id, subpath, entry_id);
ALTER TABLE transcript_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE transcript_entries FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON transcript_entries TO proofroom_app USING (workspace_id = proofroom_workspace())
  WITH CHECK (workspace_id = proofroom_workspace());
GRANT SELECT, INSERT, DELETE ON transcript_entries TO proofroom_app;
"""


def upgrade() -> None:
    run(TABLE)


def downgrade() -> None:
    run("DROP TABLE transcript_entries;")


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` stays itself."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
