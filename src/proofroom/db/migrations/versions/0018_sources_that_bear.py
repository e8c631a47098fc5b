"""Which sources of a project bear anything is known without looking for a passage of each.

Revision ID: 0018
Revises: 0017

Every approved artifact is a source, and most have no passage that was accepted: a project of ten thousand sessions has
as many, and each claim of the next one looked at them all. The database keeps `bears` itself, so that it holds for
what workers of the release before write, too.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

# Row-level security holds for the owner too, where that is no superuser; it would see no row to fill in.
BEARS = """
ALTER TABLE sources ADD COLUMN bears boolean NOT NULL DEFAULT true;
ALTER TABLE sources NO FORCE ROW LEVEL SECURITY;
ALTER TABLE blocks NO FORCE ROW LEVEL SECURITY;
UPDATE sources s SET bears = false WHERE s.origin = 'artifact' AND NOT EXISTS (
  SELECT FROM blocks b
  WHERE b.workspace_id = s.workspace_id AND b.source_id = s.id AND b.state IN ('accepted', 'locked'));
ALTER TABLE blocks FORCE ROW LEVEL SECURITY;
ALTER TABLE sources FORCE ROW LEVEL SECURITY;
CREATE INDEX sources_bearing ON sources (workspace_id, project_id, id) WHERE bears AND retracted_at IS NULL;
CREATE INDEX sources_by_session ON sources (workspace_id, session_id) WHERE session_id IS NOT NULL;

CREATE FUNCTION proofroom_new_source_bears() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.bears := false;
  RETURN NEW;
END $$;
CREATE TRIGGER new_source_bears BEFORE INSERT ON sources
  FOR EACH ROW WHEN (NEW.origin = 'artifact') EXECUTE FUNCTION proofroom_new_source_bears();

CREATE FUNCTION proofroom_sources_bear() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE sources s SET bears = NOT s.bears
  FROM (SELECT DISTINCT workspace_id, source_id FROM changed) c
  WHERE s.workspace_id = c.workspace_id AND s.id = c.source_id AND s.origin = 'artifact'
    AND s.bears <> EXISTS (SELECT FROM blocks b WHERE b.workspace_id = s.workspace_id AND b.source_id = s.id
      AND b.state IN ('accepted', 'locked'));
  RETURN NULL;
END $$;
CREATE TRIGGER sources_bear_added AFTER INSERT ON blocks REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION proofroom_sources_bear();
CREATE TRIGGER sources_bear_changed AFTER UPDATE ON blocks REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION proofroom_sources_bear();
CREATE TRIGGER sources_bear_gone AFTER DELETE ON blocks REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION proofroom_sources_bear();
"""


def upgrade() -> None:
    run(BEARS)


def downgrade() -> None:
    run(
        "DROP TRIGGER sources_bear_gone ON blocks; DROP TRIGGER sources_bear_changed ON blocks;"
        "DROP TRIGGER sources_bear_added ON blocks; DROP FUNCTION proofroom_sources_bear();"
        "DROP TRIGGER new_source_bears ON sources; DROP FUNCTION proofroom_new_source_bears();"
        "DROP INDEX sources_by_session; DROP INDEX sources_bearing; ALTER TABLE sources DROP COLUMN bears;"
    )


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` and `:` stay themselves."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
