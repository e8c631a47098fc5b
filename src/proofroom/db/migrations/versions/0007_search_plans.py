"""The candidates of a search come from the text index whatever the planner knows of the table.

Revision ID: 0007
Revises: 0006

Right after a large capture there are no statistics yet, and the planner read all blocks of the project instead of the
index: 1.9 s in one of 100,000. What is materialised can be found by the text index only; the terms in it begin with
the project's tag, so that nothing of other projects is read along. With `most` given the index is read no further than
that: words that half of a large project holds would fetch half of it.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

CANDIDATES = """
CREATE OR REPLACE FUNCTION proofroom_block_candidates(project uuid, query tsquery) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
  WITH found AS MATERIALIZED (
    SELECT b.id, b.workspace_id, b.project_id FROM blocks b
    WHERE b.tsv @@ query AND b.state IN ('accepted', 'locked')
  )
  SELECT f.id FROM found f WHERE f.workspace_id = proofroom_workspace() AND f.project_id = project
$$;
CREATE FUNCTION proofroom_block_candidates(project uuid, query tsquery, most int) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
  WITH found AS MATERIALIZED (
    SELECT b.id, b.workspace_id, b.project_id FROM blocks b
    WHERE b.tsv @@ query AND b.state IN ('accepted', 'locked')
  )
  SELECT f.id FROM found f WHERE f.workspace_id = proofroom_workspace() AND f.project_id = project LIMIT most
$$;
GRANT CREATE ON SCHEMA public TO proofroom_system;
ALTER FUNCTION proofroom_block_candidates(uuid, tsquery, int) OWNER TO proofroom_system;
REVOKE CREATE ON SCHEMA public FROM proofroom_system;
REVOKE ALL ON FUNCTION proofroom_block_candidates(uuid, tsquery, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION proofroom_block_candidates(uuid, tsquery, int) TO proofroom_app;
"""

BEFORE = """
DROP FUNCTION proofroom_block_candidates(uuid, tsquery, int);
CREATE OR REPLACE FUNCTION proofroom_block_candidates(project uuid, query tsquery) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT b.id FROM blocks b
  WHERE b.tsv @@ query AND b.state IN ('accepted', 'locked')
    AND b.workspace_id = proofroom_workspace() AND b.project_id = project
$$;
"""


def upgrade() -> None:
    run(CANDIDATES)


def downgrade() -> None:
    run(BEFORE)


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` stays itself."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
