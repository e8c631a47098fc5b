"""Planted errors against the evidence checks."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.corpus.planting import main

if __name__ == "__main__":
    sys.exit(main())
