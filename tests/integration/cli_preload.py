"""What every command would do again before its own work, done once in the process from which commands are forked.

`tests/integration/test_cli_serve.py` and the fault tests start the program itself, which does it all.
"""

import gc
from importlib import import_module

from sqlalchemy.orm import configure_mappers

from proofroom.agents.factory import load_definitions
from proofroom.agents.prices import load_prices

MODULES = (
    "uvloop",
    "proofroom.bootstrap",
    "proofroom.cli.commands",
    "proofroom.cli.gather",
    "proofroom.cli.legs",
    "proofroom.cli.show",
)

for name in MODULES:
    import_module(name)
load_definitions()
load_prices()
configure_mappers()
gc.collect()
gc.freeze()  # a fork neither looks through it all again nor copies it
