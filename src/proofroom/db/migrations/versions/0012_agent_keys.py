"""API keys of agents: what is sent with one can never decide.

Revision ID: 0012
Revises: 0011

A release that does not know them would take such a key for a full one, so on the way down they are revoked.
"""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE api_keys ADD COLUMN scope text NOT NULL DEFAULT 'all'"
        " CONSTRAINT api_keys_scope CHECK (scope IN ('all', 'agent'))"
    )


def downgrade() -> None:
    op.execute("UPDATE api_keys SET revoked_at = now() WHERE scope = 'agent' AND revoked_at IS NULL")
    op.execute("ALTER TABLE api_keys DROP COLUMN scope")
