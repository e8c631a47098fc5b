"""Loaded by the process that all programs of a run are forked from, so that each is ready sooner.

What a program reads at its start and never changes is read here, and put aside from the collector of cycles: else
each fork walks through all of it, and copies it.
"""

import gc
import importlib

from proofroom.agents.factory import load_definitions
from proofroom.agents.prices import load_prices

for name in (
    *("proofroom.cli.serve", "proofroom.cli.commands", "proofroom.bootstrap", "proofroom.api.app"),
    *("proofroom.api.server", "uvicorn.config", "uvicorn.protocols.websockets.auto"),
    *("proofroom.engine.worker", "proofroom.db.migrate", "alembic.command", "mako.template"),
    *("procrastinate.worker", "uvloop", "pydantic_ai.direct", "pydantic_ai.models.anthropic"),
):
    importlib.import_module(name)
load_definitions()
load_prices()
gc.collect()
gc.freeze()
