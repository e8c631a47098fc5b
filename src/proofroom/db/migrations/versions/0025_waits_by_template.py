"""The waits of work from templates have an index of their own: most work is from none.

Revision ID: 0025
Revises: 0024
"""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.execute(
        """
        CREATE INDEX checkpoint_figures_by_template ON checkpoint_figures (workspace_id, decided_at)
          INCLUDE (project_id, agent_type, template_id, opened_at)
          WHERE decided_at IS NOT NULL AND template_id IS NOT NULL
        """
    )


def downgrade() -> None:
    op.execute("DROP INDEX checkpoint_figures_by_template")
