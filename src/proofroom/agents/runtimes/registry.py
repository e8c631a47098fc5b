"""Which runtimes there are, and making one from its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from proofroom.agents.runtimes import claude_key, providers
from proofroom.agents.runtimes.base import AgentRuntime
from proofroom.agents.runtimes.claude import ClaudeRuntime
from proofroom.agents.runtimes.external import EXTERNAL, LABEL, ExternalRuntime
from proofroom.agents.runtimes.extractive import ExtractiveRuntime
from proofroom.agents.runtimes.host import Host
from proofroom.agents.runtimes.pydantic_ai import PydanticAIRuntime
from proofroom.agents.runtimes.scripted import ScriptedRuntime, load_script
from proofroom.domain.errors import InvalidInput, Unavailable
from proofroom.settings import Settings

DEFAULT_RUNTIME = "extractive"


def available_runtimes(host: Host) -> list[dict[str, Any]]:
    """Every runtime: {name, label, uses_model, available, why_not}, in the order to offer them.

    `pydantic_ai` also has `providers`, the names of those that are set up. Without a folder of scripts none are played
    for callers of the API.
    """
    no_scripts = None if host.settings.script_dir else "No folder of scripts is set."
    models = _entry("pydantic_ai", "other providers", uses_model=True, why_not=providers.why_not())
    return [
        _entry("extractive", "quote finder, no AI used", uses_model=False, why_not=None),
        _entry("scripted", "script", uses_model=False, why_not=no_scripts),
        _entry("claude", "Claude", uses_model=True, why_not=claude_key.why_not(host.settings)),
        {**models, "providers": providers.configured() if models["available"] else []},
        _entry(EXTERNAL, LABEL, uses_model=True, why_not=None),
    ]


def _entry(name: str, label: str, *, uses_model: bool, why_not: str | None) -> dict[str, Any]:
    available = why_not is None
    return {
        "name": name,
        "label": label,
        "uses_model": uses_model,
        "available": available,
        "why_not": why_not,
    }


def look_at_keys(settings: Settings) -> None:
    """Asks providers whether they take the keys that are set, for at most some seconds. Lists ask without waiting."""
    if claude_key.missing(settings) is None:
        claude_key.check(settings)


def default_runtime(settings: Settings) -> str:
    """The runtime of requests that name none: as set, else Claude where it is installed and has a key."""
    if settings.default_runtime:
        return settings.default_runtime
    return "claude" if claude_key.missing(settings) is None else DEFAULT_RUNTIME


def make_runtime(spec: str, host: Host) -> AgentRuntime:
    """The runtime named `extractive`, `external`, `scripted:FILE`, `claude[:MODEL]` or `pydantic_ai:PROVIDER:MODEL`.

    FILE is a path; a caller that takes it from the network must have put it through `scripted.resolve_script`. The name
    is taken to the letter: whoever admits names reads them as they are read here.
    Raises InvalidInput `unknown_runtime`, `script_not_found` or `script_invalid`, and Unavailable
    `runtime_unavailable` for a runtime that cannot run here.
    """
    name, _, rest = spec.partition(":")
    if name == "extractive" and not rest:
        return ExtractiveRuntime()
    if name == "scripted" and rest:
        return ScriptedRuntime(load_script(Path(rest)))
    if name == EXTERNAL and not rest:
        return ExternalRuntime()
    if name == "claude" and (rest or spec == name) and len(rest) <= 200 and rest.isprintable():
        lacking = claude_key.missing(host.settings)
        if lacking is not None:  # a key that was refused is tried again: its turn asks the provider first
            raise _unavailable(name, lacking)
        return ClaudeRuntime(host, rest or None)
    if name == "pydantic_ai":
        return PydanticAIRuntime(rest, timeout_seconds=host.settings.provider_timeout_seconds)
    hint = "Choose claude, extractive, external, scripted:FILE or pydantic_ai:PROVIDER:MODEL."
    if name == "scripted":
        raise InvalidInput("unknown_runtime", "The scripted runtime needs a script.", hint, field="runtime")
    raise InvalidInput("unknown_runtime", f"There is no runtime called {spec[:80]!r}.", hint, field="runtime")


def admit_runtime(spec: str, host: Host) -> None:
    """Whether new work may name this runtime: it can be made, and its key is not known to be refused.

    Raises what `make_runtime` raises.
    """
    make_runtime(spec, host)
    name = spec.partition(":")[0]
    if name == "claude" and (why_not := claude_key.why_not(host.settings)) is not None:
        raise _unavailable(name, why_not)


def _unavailable(name: str, why_not: str) -> Unavailable:
    return Unavailable(
        "runtime_unavailable",
        f"{name}: {why_not}",
        f"Or use {DEFAULT_RUNTIME}, which needs no model and no key.",
    )
