"""Who removed a template is known, so that whoever works from it then is told.

Revision ID: 0026
Revises: 0025

The template itself is gone as ever: of it only its name is kept. A release that does not know the table removes without
writing into it; a template that it removed is only not found.
"""

from alembic import op

revision = "0026"
down_revision = "0025"

TABLE = """
CREATE TABLE removed_templates (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  name text NOT NULL,
  removed_by uuid NOT NULL,
  removed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id),
  FOREIGN KEY (workspace_id, removed_by) REFERENCES members (workspace_id, id)
);
ALTER TABLE removed_templates ENABLE ROW LEVEL SECURITY;
ALTER TABLE removed_templates FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON removed_templates TO proofroom_app USING (workspace_id = proofroom_workspace())
  WITH CHECK (workspace_id = proofroom_workspace());
GRANT SELECT, INSERT, UPDATE, DELETE ON removed_templates TO proofroom_app;
"""


def upgrade() -> None:
    run(TABLE)


def downgrade() -> None:
    run("DROP TABLE removed_templates;")


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` stays itself."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
