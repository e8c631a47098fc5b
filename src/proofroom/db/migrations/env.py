"""Alembic's entry: runs on the connection that `proofroom.db.migrate` hands over."""

from alembic import context

from proofroom.db.models import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
