"""Runs commands and programs one after the other in one process, which spares each of them the imports.

Reads lines of JSON from stdin, {"cwd", "argv"} or {"cwd", "program"}, and answers {"code", "said"} for each.
"""

import contextlib
import io
import json
import os
import sys
import traceback
from typing import Any


def run(task: dict[str, Any]) -> dict[str, Any]:
    from proofroom.cli import main

    os.chdir(task["cwd"])
    said = io.StringIO()
    code: Any = 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            if "argv" in task:
                sys.argv = ["proofroom", *task["argv"]]
                main()
            else:
                exec(compile(task["program"], "example", "exec"), {"__name__": "__main__"})
        except SystemExit as end:
            code = end.code or 0
        except BaseException:  # noqa: BLE001 (whatever an example raises is what the test shows)
            traceback.print_exc()
            code = -1
    return {"code": code, "said": said.getvalue()}


if __name__ == "__main__":
    answers = sys.stdout
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), file=answers, flush=True)
