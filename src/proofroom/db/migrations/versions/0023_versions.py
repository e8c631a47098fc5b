"""Templates and the budgets of projects have a version, and say who changed them last.

Revision ID: 0023
Revises: 0022

A release that does not know them writes without counting: whoever looked before sees no difference then.
"""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    # In the order in which everybody else takes them.
    op.execute(
        "ALTER TABLE projects ADD COLUMN budget_version int NOT NULL DEFAULT 1, ADD COLUMN budget_by uuid,"
        " ADD COLUMN budget_at timestamptz,"
        " ADD FOREIGN KEY (workspace_id, budget_by) REFERENCES members (workspace_id, id)"
    )
    op.execute(
        "ALTER TABLE templates ADD COLUMN version int NOT NULL DEFAULT 1, ADD COLUMN changed_by uuid,"
        " ADD FOREIGN KEY (workspace_id, changed_by) REFERENCES members (workspace_id, id)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE templates DROP COLUMN changed_by, DROP COLUMN version")
    op.execute(
        "ALTER TABLE projects DROP COLUMN budget_at, DROP COLUMN budget_by, DROP COLUMN budget_version"
    )
