"""Who added members, changed their roles, and made or revoked API keys.

Revision ID: 0008
Revises: 0007

The application may add to it and read it, and nothing else.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLE = """
CREATE TABLE workspace_audit (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL,
  content jsonb NOT NULL DEFAULT '{}'::jsonb,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
);
ALTER TABLE workspace_audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE workspace_audit FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON workspace_audit TO proofroom_app USING (workspace_id = proofroom_workspace())
  WITH CHECK (workspace_id = proofroom_workspace());
GRANT SELECT, INSERT ON workspace_audit TO proofroom_app;
"""


def upgrade() -> None:
    run(TABLE)


def downgrade() -> None:
    run("DROP TABLE workspace_audit;")


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` stays itself."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
