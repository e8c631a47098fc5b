"""Proofroom: supervised agent work.

The public Python API: `open_program(Settings())` starts everything; a program hands out the three facades.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proofroom.agents.agent_sdk_client import AgentSDKClient
    from proofroom.bootstrap import Program, open_program
    from proofroom.domain.checkpoint import Acknowledgement, AcknowledgementKind
    from proofroom.services.checkpoint_handler import CheckpointHandler
    from proofroom.services.work_session_executor import WorkSessionExecutor
    from proofroom.settings import Settings

__all__ = [
    "Acknowledgement",
    "AcknowledgementKind",
    "AgentSDKClient",
    "CheckpointHandler",
    "Program",
    "Settings",
    "WorkSessionExecutor",
    "open_program",
]

_HOMES = {
    "Acknowledgement": "proofroom.domain.checkpoint",
    "AcknowledgementKind": "proofroom.domain.checkpoint",
    "AgentSDKClient": "proofroom.agents.agent_sdk_client",
    "CheckpointHandler": "proofroom.services.checkpoint_handler",
    "Program": "proofroom.bootstrap",
    "Settings": "proofroom.settings",
    "WorkSessionExecutor": "proofroom.services.work_session_executor",
    "open_program": "proofroom.bootstrap",
}


def __getattr__(name: str) -> Any:
    """Loads a name when it is asked for, so that importing the package stays quick."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'proofroom' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
