"""Figures for monitoring over all workspaces: counts and waiting times, no ids.

Revision ID: 0014
Revises: 0013

Each count reads a partial index that holds what waits and nothing of the past. Whatever is at work has a lease, and
what is queued has none: saying so spares reading every queued session.
"""

from alembic import op

revision = "0014"
down_revision = "0013"

FIGURES = """
CREATE INDEX source_versions_processing ON source_versions (created_at) WHERE status = 'processing';
CREATE FUNCTION proofroom_figures() RETURNS TABLE (name text, label text, value double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH RECURSIVE lines (ws, kind) AS (
    (SELECT s.workspace_id, s.agent_type FROM work_sessions s WHERE s.status = 'queued'
     ORDER BY s.workspace_id, s.agent_type LIMIT 1)
    UNION ALL
    SELECT further.* FROM lines l CROSS JOIN LATERAL (
      SELECT s.workspace_id, s.agent_type FROM work_sessions s
      WHERE s.status = 'queued' AND (s.workspace_id, s.agent_type) > (l.ws, l.kind)
      ORDER BY s.workspace_id, s.agent_type LIMIT 1) further
  ), at_work AS (
    SELECT s.lease_until >= now() AS held, s.runtime = 'external' AS by_others FROM work_sessions s
    WHERE s.status = 'in_progress' AND s.lease_until IS NOT NULL
  )
  SELECT 'sessions', 'queued', count(*)::float8 FROM work_sessions s WHERE s.status = 'queued'
  UNION ALL SELECT 'sessions', 'in_progress', count(*) FROM at_work
  UNION ALL SELECT 'legs', 'running', count(*) FROM at_work w WHERE w.held AND NOT w.by_others
  UNION ALL SELECT 'legs', 'external', count(*) FROM at_work w WHERE w.held AND w.by_others
  UNION ALL SELECT 'legs', 'lapsed', count(*) FROM at_work w WHERE w.held IS NOT TRUE
  UNION ALL SELECT 'oldest_queued', '', coalesce(max(extract(epoch FROM now() - first.updated_at)), 0)
    FROM lines l CROSS JOIN LATERAL (
      SELECT s.updated_at FROM work_sessions s
      WHERE s.status = 'queued' AND s.workspace_id = l.ws AND s.agent_type = l.kind
      ORDER BY coalesce(s.turn_at, s.updated_at), s.id LIMIT 1) first
  UNION ALL SELECT 'sessions', 'pending_review', count(*) FROM work_checkpoints c WHERE c.status = 'pending_review'
  UNION ALL SELECT 'captures', '', count(*) FROM source_versions v WHERE v.status = 'processing'
  UNION ALL SELECT 'deliveries', 'pending', count(*) FROM deliveries d WHERE d.status = 'pending'
  UNION ALL SELECT 'deliveries', 'dead', count(*) FROM deliveries d WHERE d.status = 'failed'
$$;
GRANT CREATE ON SCHEMA public TO proofroom_system;
ALTER FUNCTION proofroom_figures() OWNER TO proofroom_system;
REVOKE CREATE ON SCHEMA public FROM proofroom_system;
REVOKE ALL ON FUNCTION proofroom_figures() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION proofroom_figures() TO proofroom_app;
"""


def upgrade() -> None:
    run(FIGURES)


def downgrade() -> None:
    run("DROP FUNCTION proofroom_figures(); DROP INDEX source_versions_processing;")


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` and `:` stay themselves."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
