"""How reviews of one kind of work went is found without reading all reviews of the project.

Revision ID: 0017
Revises: 0016

A checkpoint holds the agent type of its session, which does not change. The database writes it, so that checkpoints
which the release before opens have it too.
"""

from alembic import op

revision = "0017"
down_revision = "0016"

# Row-level security holds for the owner too, where that is no superuser; it would see no row to fill in.
# The tables are taken in the order in which everybody else takes them, so that nobody has to be undone for it.
KIND = """
LOCK TABLE work_sessions, work_checkpoints IN ACCESS EXCLUSIVE MODE;
ALTER TABLE work_checkpoints ADD COLUMN agent_type text;
ALTER TABLE work_checkpoints NO FORCE ROW LEVEL SECURITY;
ALTER TABLE work_sessions NO FORCE ROW LEVEL SECURITY;
UPDATE work_checkpoints c SET agent_type = s.agent_type FROM work_sessions s
  WHERE s.workspace_id = c.workspace_id AND s.id = c.session_id;
ALTER TABLE work_sessions FORCE ROW LEVEL SECURITY;
ALTER TABLE work_checkpoints FORCE ROW LEVEL SECURITY;
CREATE INDEX work_checkpoints_of_kind ON work_checkpoints (workspace_id, project_id, agent_type, id)
  WHERE kind = 'final' AND status IN ('approved', 'changes_requested', 'rejected');
CREATE FUNCTION proofroom_kind_of_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.agent_type := (
    SELECT s.agent_type FROM work_sessions s WHERE s.workspace_id = NEW.workspace_id AND s.id = NEW.session_id);
  RETURN NEW;
END $$;
CREATE TRIGGER kind_of_checkpoint BEFORE INSERT ON work_checkpoints
  FOR EACH ROW WHEN (NEW.agent_type IS NULL) EXECUTE FUNCTION proofroom_kind_of_checkpoint();
"""


def upgrade() -> None:
    run(KIND)


def downgrade() -> None:
    run(
        "DROP TRIGGER kind_of_checkpoint ON work_checkpoints; DROP FUNCTION proofroom_kind_of_checkpoint();"
        "DROP INDEX work_checkpoints_of_kind; ALTER TABLE work_checkpoints DROP COLUMN agent_type;"
    )


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` and `:` stay themselves."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
