"""`python3 dev.py bench`: every benchmark that needs nothing but this checkout, one after the other."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BENCHES = ("check_draft.py", "evidence.py", "revisions.py", "capture.py", "search.py", "offline_session.py")


def main() -> int:
    for name in BENCHES:
        print(f"== {name}", flush=True)
        done = subprocess.run([sys.executable, str(HERE / name)], check=False)
        if done.returncode not in (0, 1):
            print(f"{name} ended with {done.returncode}; its output is above.")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
