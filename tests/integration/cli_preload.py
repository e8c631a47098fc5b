"""What every command would do again before its own work, done once in the process from which commands are forked.

`tests/integration/test_cli_serve.py` and the fault tests start the program itself, which does it all.
"""

import gc

import uvloop  # noqa: F401
from sqlalchemy.orm import configure_mappers

import proofroom.bootstrap
import proofroom.cli.commands
import proofroom.cli.gather
import proofroom.cli.legs
import proofroom.cli.show  # noqa: F401
from proofroom.agents.factory import load_definitions
from proofroom.agents.prices import load_prices

load_definitions()
load_prices()
configure_mappers()
gc.collect()
gc.freeze()  # a fork neither looks through it all again nor copies it
