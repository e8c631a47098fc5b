"""Repair turns, agent definitions of a project, and the definition that a session was filed with.

Revision ID: 0010
Revises: 0009

A text of a definition is kept under its digest for as long as its workspace: sessions name it. The application adds
texts and changes none.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = """
ALTER TABLE work_sessions
  ADD COLUMN repairs jsonb NOT NULL DEFAULT '{}'::jsonb,
  ADD COLUMN definition_digest text;
CREATE TABLE definition_texts (
  workspace_id uuid NOT NULL,
  digest text NOT NULL,
  text text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, digest),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
);
CREATE TABLE project_agents (
  workspace_id uuid NOT NULL,
  project_id uuid NOT NULL,
  name text NOT NULL,
  digest text NOT NULL,
  version int NOT NULL DEFAULT 1,
  changed_by uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, project_id, name),
  FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id),
  FOREIGN KEY (workspace_id, digest) REFERENCES definition_texts (workspace_id, digest),
  FOREIGN KEY (workspace_id, changed_by) REFERENCES members (workspace_id, id)
);
"""
GRANTS = {"definition_texts": "SELECT, INSERT", "project_agents": "SELECT, INSERT, UPDATE, DELETE"}


def upgrade() -> None:
    run(TABLES)
    for table, granted in GRANTS.items():
        run(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
            f"CREATE POLICY tenant ON {table} TO proofroom_app USING (workspace_id = proofroom_workspace())"
            " WITH CHECK (workspace_id = proofroom_workspace());"
            f"GRANT {granted} ON {table} TO proofroom_app;"
        )


def downgrade() -> None:
    run(
        "DROP TABLE project_agents, definition_texts;"
        "ALTER TABLE work_sessions DROP COLUMN repairs, DROP COLUMN definition_digest;"
    )


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` stays itself."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
