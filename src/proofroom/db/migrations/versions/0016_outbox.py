"""What the outbox knows of each delivery: its key, its attempts, who makes it, when it is given up.

Revision ID: 0016
Revises: 0015

Deliveries that an earlier release added have no key until they are claimed; one it gave up counts as given up.
"""

from alembic import op

revision = "0016"
down_revision = "0015"

OUTBOX = """
ALTER TABLE deliveries
  ADD COLUMN idempotency_key text,
  ADD COLUMN sender text,
  ADD COLUMN give_up_at integer NOT NULL DEFAULT 10,
  ADD COLUMN tries jsonb NOT NULL DEFAULT '[]';
CREATE INDEX deliveries_by_session ON deliveries (workspace_id, session_id, id);
CREATE INDEX deliveries_dead ON deliveries (workspace_id, id) WHERE status = 'failed';
"""


def upgrade() -> None:
    run(OUTBOX)


def downgrade() -> None:
    run(
        "DROP INDEX deliveries_by_session; DROP INDEX deliveries_dead;"
        "ALTER TABLE deliveries DROP COLUMN idempotency_key, DROP COLUMN sender, DROP COLUMN give_up_at,"
        " DROP COLUMN tries;"
    )


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` and `:` stay themselves."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
