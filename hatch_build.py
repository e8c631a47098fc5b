"""Builds the web UI into the wheel, with Node from the build requirements. An editable install keeps its
hands off it.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class UiBuildHook(BuildHookInterface[Any]):
    """Called by hatchling before a wheel is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (hatchling's)
        """Build ui/ into src/proofroom/api/static/; `version` is `standard` or `editable`."""
        if self.target_name != "wheel" or version == "editable":
            return
        spec = importlib.util.spec_from_file_location("devsetup", Path(self.root, "devsetup.py"))
        assert spec is not None
        assert spec.loader is not None
        devsetup = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = devsetup
        spec.loader.exec_module(devsetup)
        devsetup.build_ui(devsetup.find_node(Path(place) for place in sys.path))
