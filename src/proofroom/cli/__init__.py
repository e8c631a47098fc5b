"""The command line. It calls the services in this process; only what a command needs is imported.

Exit codes: 0 done, 1 the work failed, 2 wrong use, 3 not found, 4 conflict, 5 not allowed. `check` and
`verify` say what theirs mean.
"""

import gc
import sys

LOADING = (50_000, 20, 20)
"""When cycles are looked for (`gc.set_threshold`) while the parts are loaded: what is loaded stays, and to look through
it over and over took a tenth of the time of a short command. The program sets its own when it is open.
"""


def main() -> None:
    """Runs the command line and exits with its code."""
    gc.set_threshold(*LOADING)
    try:
        from proofroom.cli.commands import (
            run_app,
        )  # late: Ctrl-C while the parts are loaded ends quietly, too

        code = run_app(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
