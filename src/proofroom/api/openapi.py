"""Writes the OpenAPI document: `python -m proofroom.api.openapi [FILE]`, by default schemas/openapi.json."""

import json
import sys
from pathlib import Path

from proofroom.api.app import bare_app

DEFAULT = Path("schemas/openapi.json")


def render() -> str:
    """The document as it is committed."""
    return json.dumps(bare_app().openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    target = Path(arguments[0]) if arguments else DEFAULT
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
