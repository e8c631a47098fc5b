"""Deletion: what is left of a deleted source, and where its words were taken out.

Revision ID: 0006
Revises: 0005

Both tables may be added to and read by the application, and nothing else. The reasons in `memory_decisions` may name a
source; they are blanked through a function, so that the application still cannot write one anew.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
CREATE TABLE source_deletions (
  workspace_id uuid NOT NULL,
  source_id uuid NOT NULL,
  project_id uuid NOT NULL,
  reason text NOT NULL,
  deleted_by uuid NOT NULL,
  deleted_by_name text NOT NULL,
  via text NOT NULL,
  deleted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  counts jsonb NOT NULL DEFAULT '{}'::jsonb,
  PRIMARY KEY (workspace_id, source_id),
  FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id),
  FOREIGN KEY (workspace_id, deleted_by) REFERENCES members (workspace_id, id)
);
CREATE TABLE redactions (
  workspace_id uuid NOT NULL,
  source_id uuid NOT NULL,
  kind text NOT NULL,
  item text NOT NULL,
  session_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, kind, item, source_id),
  FOREIGN KEY (workspace_id, source_id) REFERENCES source_deletions (workspace_id, source_id),
  FOREIGN KEY (workspace_id, session_id) REFERENCES work_sessions (workspace_id, id),
  CONSTRAINT redactions_kind CHECK (kind IN ('envelope','packet','artifact'))
);
CREATE INDEX redactions_by_session ON redactions (workspace_id, session_id);
"""

BLANK_REASONS = """
CREATE FUNCTION proofroom_blank_reasons(ids uuid[], said text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE memory_decisions SET reason = said
  WHERE workspace_id = proofroom_workspace() AND id = ANY(ids) AND reason IS NOT NULL
$$;
GRANT SELECT, UPDATE (reason) ON memory_decisions TO proofroom_system;
CREATE POLICY system_blank ON memory_decisions TO proofroom_system
  USING (workspace_id = proofroom_workspace()) WITH CHECK (workspace_id = proofroom_workspace());
GRANT EXECUTE ON FUNCTION proofroom_workspace() TO proofroom_system;
GRANT CREATE ON SCHEMA public TO proofroom_system;
ALTER FUNCTION proofroom_blank_reasons(uuid[], text) OWNER TO proofroom_system;
REVOKE CREATE ON SCHEMA public FROM proofroom_system;
REVOKE ALL ON FUNCTION proofroom_blank_reasons(uuid[], text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION proofroom_blank_reasons(uuid[], text) TO proofroom_app;
"""


def upgrade() -> None:
    run(TABLES)
    for table in ("source_deletions", "redactions"):
        run(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
            f"CREATE POLICY tenant ON {table} TO proofroom_app USING (workspace_id = proofroom_workspace())"
            " WITH CHECK (workspace_id = proofroom_workspace());"
            f"GRANT SELECT, INSERT ON {table} TO proofroom_app;"
        )
    run(BLANK_REASONS)


def downgrade() -> None:
    run(
        """
        DROP FUNCTION proofroom_blank_reasons(uuid[], text);
        DROP POLICY system_blank ON memory_decisions;
        REVOKE ALL ON memory_decisions FROM proofroom_system;
        DROP TABLE redactions, source_deletions;
        """
    )


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` stays itself."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
