"""Persistence: the embedded server, models, queries, transactions and migrations."""
