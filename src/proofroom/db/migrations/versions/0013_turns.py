"""Legs are claimed from the sessions themselves, in a fair order.

Revision ID: 0013
Revises: 0012

`turn_at` is when a queued session's turn comes: when it was queued, a minute earlier for each step of its priority.
Sessions that a worker of an earlier release queues have none and count from their last change.
"""

from alembic import op

revision = "0013"
down_revision = "0012"

# The pairs of (workspace, agent type) with something queued are found by leaping through the index, so that a
# thousand sessions of one of them cost no more than one. Then whoever has the least at work comes first.
TURNS = """
ALTER TABLE work_sessions ADD COLUMN turn_at timestamptz;
CREATE INDEX work_sessions_turns ON work_sessions (workspace_id, agent_type, coalesce(turn_at, updated_at), id)
  WHERE status = 'queued';
CREATE FUNCTION proofroom_next_legs(max_rows int, per_workspace int, per_agent jsonb)
RETURNS TABLE (workspace_id uuid, session_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH RECURSIVE kinds (ws, kind) AS (
    (SELECT s.workspace_id, s.agent_type FROM work_sessions s WHERE s.status = 'queued'
     ORDER BY s.workspace_id, s.agent_type LIMIT 1)
    UNION ALL
    SELECT further.* FROM kinds k CROSS JOIN LATERAL (
      SELECT s.workspace_id, s.agent_type FROM work_sessions s
      WHERE s.status = 'queued' AND (s.workspace_id, s.agent_type) > (k.ws, k.kind)
      ORDER BY s.workspace_id, s.agent_type LIMIT 1) further
  ), at_work AS (
    SELECT s.workspace_id AS ws, s.agent_type AS kind, count(*) AS n FROM work_sessions s
    WHERE s.status = 'in_progress' AND s.lease_until >= now() AND s.runtime <> 'external' GROUP BY 1, 2
  ), waiting AS (
    SELECT k.ws, k.kind, q.id, q.turn,
      row_number() OVER (PARTITION BY k.ws, k.kind ORDER BY q.turn, q.id) + coalesce(w.n, 0) AS of_kind
    FROM kinds k LEFT JOIN at_work w ON w.ws = k.ws AND w.kind = k.kind CROSS JOIN LATERAL (
      SELECT s.id, coalesce(s.turn_at, s.updated_at) AS turn FROM work_sessions s
      WHERE s.status = 'queued' AND s.workspace_id = k.ws AND s.agent_type = k.kind
      ORDER BY coalesce(s.turn_at, s.updated_at), s.id LIMIT max_rows) q
  ), placed AS (
    SELECT a.ws, a.id, a.turn, row_number() OVER (PARTITION BY a.ws ORDER BY a.turn, a.id)
      + coalesce((SELECT sum(w.n) FROM at_work w WHERE w.ws = a.ws), 0) AS place
    FROM waiting a WHERE NOT (per_agent ? a.kind) OR a.of_kind <= (per_agent ->> a.kind)::int
  )
  (SELECT s.workspace_id, s.id FROM work_sessions s
   WHERE s.status = 'in_progress' AND (s.lease_until IS NULL OR s.lease_until < now())
   ORDER BY s.lease_until NULLS FIRST LIMIT max_rows)
  UNION ALL
  (SELECT p.ws, p.id FROM placed p WHERE per_workspace IS NULL OR p.place <= per_workspace
   ORDER BY p.place, p.turn, p.id LIMIT max_rows)
$$;
GRANT CREATE ON SCHEMA public TO proofroom_system;
ALTER FUNCTION proofroom_next_legs(int, int, jsonb) OWNER TO proofroom_system;
REVOKE CREATE ON SCHEMA public FROM proofroom_system;
REVOKE ALL ON FUNCTION proofroom_next_legs(int, int, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION proofroom_next_legs(int, int, jsonb) TO proofroom_app;
"""


def upgrade() -> None:
    run(TURNS)


def downgrade() -> None:
    run(
        "DROP FUNCTION proofroom_next_legs(int, int, jsonb);"
        "DROP INDEX work_sessions_turns; ALTER TABLE work_sessions DROP COLUMN turn_at;"
    )


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` and `:` stay themselves."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
