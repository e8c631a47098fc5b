"""Memory: approved artifacts as sources, where their blocks come from, notes for agents, and who decided what.

Revision ID: 0005
Revises: 0004

`memory_decisions` may be added to and read by the application, and nothing else.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

TENANT_TABLES = ("block_origins", "memory_notes", "memory_decisions")

TABLES = """
ALTER TABLE projects ADD COLUMN remember_approved boolean NOT NULL DEFAULT true;
ALTER TABLE sources
  ADD COLUMN session_id uuid,
  ADD COLUMN artifact_id uuid,
  ADD FOREIGN KEY (workspace_id, session_id) REFERENCES work_sessions (workspace_id, id),
  ADD FOREIGN KEY (workspace_id, artifact_id) REFERENCES work_artifacts (workspace_id, id),
  DROP CONSTRAINT sources_origin,
  ADD CONSTRAINT sources_origin CHECK (origin IN ('file','text','url','artifact'));
CREATE UNIQUE INDEX sources_by_artifact ON sources (workspace_id, artifact_id) WHERE artifact_id IS NOT NULL;
CREATE TABLE block_origins (
  workspace_id uuid NOT NULL,
  block_id uuid NOT NULL,
  project_id uuid NOT NULL,
  session_id uuid NOT NULL,
  artifact_id uuid NOT NULL,
  artifact_version int NOT NULL,
  checkpoint_id uuid NOT NULL,
  claims jsonb NOT NULL DEFAULT '[]'::jsonb,
  anchors jsonb NOT NULL DEFAULT '[]'::jsonb,
  version int NOT NULL DEFAULT 1,
  reason text,
  decided_by uuid,
  decided_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, block_id),
  FOREIGN KEY (workspace_id, block_id) REFERENCES blocks (workspace_id, id) ON DELETE CASCADE,
  FOREIGN KEY (workspace_id, session_id) REFERENCES work_sessions (workspace_id, id)
);
CREATE INDEX block_origins_by_project ON block_origins (workspace_id, project_id, block_id);
CREATE INDEX block_origins_by_anchor ON block_origins USING gin (anchors jsonb_path_ops);
CREATE TABLE memory_notes (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid,
  kind text NOT NULL,
  state text NOT NULL,
  text text NOT NULL,
  agent_type text,
  expires_at timestamptz,
  origin jsonb,
  version int NOT NULL DEFAULT 1,
  reason text,
  created_by uuid,
  decided_by uuid,
  decided_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id),
  CONSTRAINT memory_notes_kind CHECK (kind IN ('instruction','lesson')),
  CONSTRAINT memory_notes_state CHECK (state IN ('proposed','accepted','rejected','retired'))
);
CREATE INDEX memory_notes_by_project ON memory_notes (workspace_id, project_id, id);
CREATE TABLE memory_decisions (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  item_id uuid NOT NULL,
  kind text NOT NULL,
  action text NOT NULL,
  from_state text,
  to_state text NOT NULL,
  reason text,
  text_sha256 text,
  member_id uuid,
  via text,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
);
CREATE INDEX memory_decisions_by_item ON memory_decisions (workspace_id, item_id, id);
"""


def upgrade() -> None:
    run(TABLES)
    for table in TENANT_TABLES:
        granted = "SELECT, INSERT" if table == "memory_decisions" else "SELECT, INSERT, UPDATE, DELETE"
        run(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
            f"CREATE POLICY tenant ON {table} TO proofroom_app USING (workspace_id = proofroom_workspace())"
            " WITH CHECK (workspace_id = proofroom_workspace());"
            f"GRANT {granted} ON {table} TO proofroom_app;"
        )


def downgrade() -> None:
    run(
        """
        DROP TABLE memory_decisions, memory_notes, block_origins;
        DROP INDEX sources_by_artifact;
        UPDATE sources SET origin = 'text' WHERE origin = 'artifact';
        ALTER TABLE sources DROP COLUMN session_id, DROP COLUMN artifact_id, DROP CONSTRAINT sources_origin,
          ADD CONSTRAINT sources_origin CHECK (origin IN ('file','text','url'));
        ALTER TABLE projects DROP COLUMN remember_approved;
        """
    )


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` stays itself."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
