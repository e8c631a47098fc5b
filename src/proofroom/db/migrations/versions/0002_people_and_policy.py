"""Votes, leases, expiry, comments, policy settings; obligations with checks; ledgers that know their inputs.

Revision ID: 0002
Revises: 0001

Everything is added with a default, so that a process of the release before goes on working on it.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

TENANT_TABLES = ("checkpoint_comments", "project_policies")

TABLES = """
ALTER TABLE work_checkpoints
  ADD COLUMN votes jsonb NOT NULL DEFAULT '[]'::jsonb,
  ADD COLUMN expires_at timestamptz,
  ADD COLUMN remind_at timestamptz,
  ADD COLUMN looking_by uuid,
  ADD COLUMN looking_until timestamptz;
CREATE INDEX work_checkpoints_clock ON work_checkpoints (least(expires_at, remind_at))
  WHERE status = 'pending_review' AND (expires_at IS NOT NULL OR remind_at IS NOT NULL);
ALTER TABLE work_obligations
  ADD COLUMN passage text,
  ADD COLUMN checks jsonb NOT NULL DEFAULT '[]'::jsonb,
  ADD COLUMN note text;
ALTER TABLE artifact_versions ADD COLUMN checked_inputs text;
CREATE TABLE checkpoint_comments (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  session_id uuid NOT NULL,
  checkpoint_id uuid NOT NULL,
  artifact_id uuid,
  claim_id text,
  member_id uuid NOT NULL,
  text text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, session_id) REFERENCES work_sessions (workspace_id, id),
  FOREIGN KEY (workspace_id, checkpoint_id) REFERENCES work_checkpoints (workspace_id, id),
  FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
);
CREATE INDEX checkpoint_comments_by_session ON checkpoint_comments (workspace_id, session_id, id);
CREATE TABLE project_policies (
  workspace_id uuid NOT NULL,
  project_id uuid NOT NULL,
  version int NOT NULL,
  settings jsonb NOT NULL,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, project_id, version),
  FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id),
  FOREIGN KEY (workspace_id, created_by) REFERENCES members (workspace_id, id)
);
"""

DUE_REVIEWS = """
CREATE FUNCTION proofroom_due_reviews(max_rows int) RETURNS TABLE (workspace_id uuid, checkpoint_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.workspace_id, c.id FROM work_checkpoints c
  WHERE c.status = 'pending_review' AND (c.expires_at IS NOT NULL OR c.remind_at IS NOT NULL)
    AND least(c.expires_at, c.remind_at) <= now()
  ORDER BY least(c.expires_at, c.remind_at) LIMIT max_rows
$$;
GRANT CREATE ON SCHEMA public TO proofroom_system;
ALTER FUNCTION proofroom_due_reviews(int) OWNER TO proofroom_system;
REVOKE CREATE ON SCHEMA public FROM proofroom_system;
REVOKE ALL ON FUNCTION proofroom_due_reviews(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION proofroom_due_reviews(int) TO proofroom_app;
"""


def upgrade() -> None:
    run(TABLES)
    for table in TENANT_TABLES:
        run(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
            f"CREATE POLICY tenant ON {table} TO proofroom_app USING (workspace_id = proofroom_workspace())"
            " WITH CHECK (workspace_id = proofroom_workspace());"
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO proofroom_app;"
        )
    run(DUE_REVIEWS)


def downgrade() -> None:
    run(
        """
        DROP FUNCTION proofroom_due_reviews(int);
        DROP TABLE checkpoint_comments, project_policies;
        DROP INDEX work_checkpoints_clock;
        ALTER TABLE artifact_versions DROP COLUMN checked_inputs;
        ALTER TABLE work_obligations DROP COLUMN passage, DROP COLUMN checks, DROP COLUMN note;
        ALTER TABLE work_checkpoints DROP COLUMN votes, DROP COLUMN expires_at, DROP COLUMN remind_at,
          DROP COLUMN looking_by, DROP COLUMN looking_until;
        """
    )


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` stays itself."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
