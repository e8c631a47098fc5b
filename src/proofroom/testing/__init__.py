"""For tests of runtimes, here and in other projects; nothing of Proofroom imports it.

`RuntimeConformance` and `ModelConformance` need pytest and pytest-asyncio; the rest needs neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proofroom.testing.conformance import ModelConformance, RuntimeConformance

__all__ = ["ModelConformance", "RuntimeConformance"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import pytest

    pytest.register_assert_rewrite("proofroom.testing.conformance")
    from proofroom.testing import conformance

    return getattr(conformance, name)
