"""The first schema: tables, the application role, forced row-level security, the queue.

Revision ID: 0001
Revises: None

Three roles. The one that migrates owns everything. `proofroom_app` is what the program works as: it owns
nothing, so row-level security holds for it. `proofroom_system` owns the few SECURITY DEFINER functions that
look across workspaces; they return ids only.
"""

from pathlib import Path

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None

TENANT_TABLES = (
    "api_keys", "artifact_versions", "audit_entries", "baskets", "blocks", "context_envelopes", "deliveries",
    "idempotency_keys", "members", "projects", "source_versions", "sources", "templates", "term_frequencies",
    "tool_calls", "work_artifacts", "work_checkpoints", "work_events", "work_obligations", "work_sessions",
    "work_triggers",
)  # fmt: skip

ROLES = """
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['proofroom_app', 'proofroom_system'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- roles belong to the server, not to the database
    END;
    EXECUTE format('GRANT %I TO CURRENT_USER', name);
  END LOOP;
END $$;
GRANT USAGE ON SCHEMA public TO proofroom_app;
GRANT USAGE, CREATE ON SCHEMA public TO proofroom_system;
"""

# Raises when the workspace was never set, and also when it was set in an earlier transaction of the same
# connection: then the setting is there but empty.
WORKSPACE = """
CREATE FUNCTION proofroom_workspace() RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE value text := current_setting('proofroom.workspace_id', true);
BEGIN
  IF value IS NULL OR value = '' THEN
    RAISE EXCEPTION 'proofroom.workspace_id is not set in this transaction'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN value::uuid;
END $$;
"""

# `proofroom_claimable` is asked by workers of the release before legs were taken in turns (0013) alone. It stays as
# long as these may run beside this release; the first migration of the release after this one drops it.
ACROSS = """
CREATE FUNCTION proofroom_claimable(max_rows int) RETURNS TABLE (workspace_id uuid, session_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.workspace_id, s.id FROM work_sessions s
  WHERE s.status IN ('queued', 'in_progress') AND (s.lease_until IS NULL OR s.lease_until < now())
  ORDER BY s.lease_until NULLS FIRST LIMIT max_rows
$$;
CREATE FUNCTION proofroom_due_approvals(max_rows int) RETURNS TABLE (workspace_id uuid, checkpoint_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.workspace_id, c.id FROM work_checkpoints c
  WHERE c.status = 'pending_review' AND c.approve_pending AND c.undo_until <= now()
  ORDER BY c.undo_until LIMIT max_rows
$$;
CREATE FUNCTION proofroom_due_deliveries(max_rows int) RETURNS TABLE (workspace_id uuid, delivery_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT d.workspace_id, d.id FROM deliveries d
  WHERE d.status = 'pending' AND d.due_at <= now() ORDER BY d.due_at LIMIT max_rows
$$;
CREATE FUNCTION proofroom_stale_sources(older_than interval, max_rows int)
RETURNS TABLE (workspace_id uuid, source_id uuid, version int)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT v.workspace_id, v.source_id, v.version FROM source_versions v
  WHERE v.status = 'processing' AND v.created_at < now() - older_than LIMIT max_rows
$$;
CREATE FUNCTION proofroom_key_owner(hash bytea) RETURNS TABLE (workspace_id uuid, member_id uuid, key_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT k.workspace_id, k.member_id, k.id FROM api_keys k WHERE k.key_hash = hash AND k.revoked_at IS NULL
$$;
-- Row-level security keeps the planner from using the index on blocks.tsv, because @@ is not leakproof: a
-- search would read all blocks of the workspace. Here the index serves, and the workspace is a condition.
CREATE FUNCTION proofroom_block_candidates(project uuid, query tsquery) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT b.id FROM blocks b
  WHERE b.tsv @@ query AND b.state IN ('accepted', 'locked')
    AND b.workspace_id = proofroom_workspace() AND b.project_id = project
$$;
CREATE FUNCTION proofroom_workspace_ids() RETURNS TABLE (workspace_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT id FROM workspaces ORDER BY id $$;
"""

ACROSS_FUNCTIONS = (
    "proofroom_claimable(int)",
    "proofroom_due_approvals(int)",
    "proofroom_due_deliveries(int)",
    "proofroom_stale_sources(interval, int)",
    "proofroom_key_owner(bytea)",
    "proofroom_block_candidates(uuid, tsquery)",
    "proofroom_workspace_ids()",
)

# What the definer functions may read.
SYSTEM_READS = (
    "work_sessions", "work_checkpoints", "deliveries", "source_versions", "api_keys", "workspaces", "blocks",
)  # fmt: skip


def upgrade() -> None:
    run(ROLES)
    run(WORKSPACE)
    run((Path(__file__).parent / "0001_initial.sql").read_text(encoding="utf-8"))
    for table in ("workspaces", *TENANT_TABLES):
        column = "id" if table == "workspaces" else "workspace_id"
        run(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
            f"CREATE POLICY tenant ON {table} TO proofroom_app USING ({column} = proofroom_workspace())"
            f" WITH CHECK ({column} = proofroom_workspace());"
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO proofroom_app;"
        )
    for table in SYSTEM_READS:
        run(
            f"GRANT SELECT ON {table} TO proofroom_system;"
            f"CREATE POLICY system_read ON {table} FOR SELECT TO proofroom_system USING (true);"
        )
    run(ACROSS)
    for function in ACROSS_FUNCTIONS:
        run(
            f"ALTER FUNCTION {function} OWNER TO proofroom_system;"
            f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC;"
            f"GRANT EXECUTE ON FUNCTION {function} TO proofroom_app;"
        )
    run("REVOKE CREATE ON SCHEMA public FROM proofroom_system;")
    run("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO proofroom_app;")
    run(SchemaManager.get_schema())
    run(
        """
        DO $$ DECLARE t text; BEGIN
          FOR t IN SELECT tablename FROM pg_tables
                   WHERE schemaname = 'public' AND tablename LIKE 'procrastinate\\_%' LOOP
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO proofroom_app', t);
          END LOOP;
          FOR t IN SELECT sequencename FROM pg_sequences
                   WHERE schemaname = 'public' AND sequencename LIKE 'procrastinate\\_%' LOOP
            EXECUTE format('GRANT USAGE ON SEQUENCE %I TO proofroom_app', t);
          END LOOP;
        END $$;
        """
    )


def downgrade() -> None:
    for function in ACROSS_FUNCTIONS:
        run(f"DROP FUNCTION {function};")
    run(
        """
        DO $$ DECLARE item record; BEGIN
          FOR item IN SELECT tablename AS name FROM pg_tables
                      WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
            EXECUTE format('DROP TABLE %I CASCADE', item.name);
          END LOOP;
          FOR item IN SELECT p.oid::regprocedure AS name FROM pg_proc p
                      JOIN pg_namespace n ON n.oid = p.pronamespace
                      LEFT JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'
                      WHERE n.nspname = 'public' AND d.objid IS NULL LOOP
            EXECUTE format('DROP FUNCTION %s CASCADE', item.name);
          END LOOP;
          FOR item IN SELECT t.typname AS name FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
                      WHERE n.nspname = 'public' AND t.typname LIKE 'procrastinate\\_%'
                        AND (t.typtype = 'e' OR (t.typtype = 'c' AND t.typrelid IN
                             (SELECT oid FROM pg_class WHERE relkind = 'c'))) LOOP
            EXECUTE format('DROP TYPE %I CASCADE', item.name);
          END LOOP;
        END $$;
        REVOKE ALL ON SCHEMA public FROM proofroom_app, proofroom_system;
        """
    )


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` stays itself."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
