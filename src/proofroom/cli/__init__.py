"""The command line. It calls the services in this process; only what a command needs is imported.

Exit codes: 0 done, 1 the work failed, 2 wrong use, 3 not found, 4 conflict, 5 not allowed. `check` and
`verify` say what theirs mean.
"""

import sys


def main() -> None:
    """Runs the command line and exits with its code."""
    try:
        from proofroom.cli.commands import (
            run_app,
        )  # late: Ctrl-C while the parts are loaded ends quietly, too

        code = run_app(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
