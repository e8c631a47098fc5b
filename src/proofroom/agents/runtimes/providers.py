"""Providers of models for the pydantic_ai runtime and what each needs. No vendor's library is imported here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec

from proofroom.domain.errors import InvalidInput, Unavailable

EXTRA = "pip install 'proofroom[providers]'"

PROVIDERS: Mapping[str, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY",),
    "openai-chat": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    "google-cloud": ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"),
    "bedrock": ("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"),
    "mistral": ("MISTRAL_API_KEY",),
    "groq": ("GROQ_API_KEY",),
    "azure": ("AZURE_OPENAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "together": ("TOGETHER_API_KEY",),
    "fireworks": ("FIREWORKS_API_KEY",),
    "cerebras": ("CEREBRAS_API_KEY",),
    "moonshotai": ("MOONSHOTAI_API_KEY",),
    "nebius": ("NEBIUS_API_KEY",),
    "ollama": ("OLLAMA_BASE_URL",),
    "vllm": ("VLLM_BASE_URL",),
}
"""Environment variables by provider; one of them has to be set. Ollama and vLLM need no key but an address."""

_SECRETS = ("_KEY", "_TOKEN", "_SECRET", "_KEY_ID", "_TOKEN_BEDROCK")


def installed() -> bool:
    return find_spec("pydantic_ai") is not None


def configured() -> list[str]:
    """Names of the providers whose environment variables are set, in the order of PROVIDERS."""
    return [name for name, needed in PROVIDERS.items() if any(os.environ.get(one) for one in needed)]


def why_not() -> str | None:
    """What the runtime lacks before any model can be called; None when one can."""
    if not installed():
        return f"It needs the extra: {EXTRA}."
    if not configured():
        return "No provider is set up. Set OPENAI_API_KEY, GEMINI_API_KEY, MISTRAL_API_KEY, OLLAMA_BASE_URL or another."
    return None


def provider_and_model(name: str) -> tuple[str, str]:
    """(provider, model) of `openai:gpt-5`. The model may hold colons, as those of Ollama do.

    Raises InvalidInput `unknown_runtime` for a name that is none and Unavailable `runtime_unavailable` when what the
    provider needs is not here.
    """
    provider, _, model = name.partition(":")
    hint = f"Name it as pydantic_ai:PROVIDER:MODEL. Providers are: {', '.join(PROVIDERS)}."
    if provider not in PROVIDERS:
        raise InvalidInput(
            "unknown_runtime", f"There is no provider called {provider[:80]!r}.", hint, field="runtime"
        )
    if not model or len(model) > 200 or not model.isprintable():
        raise InvalidInput("unknown_runtime", f"{provider}: no model is named.", hint, field="runtime")
    if not installed():
        raise Unavailable("runtime_unavailable", f"pydantic_ai:{name} needs an extra.", f"Run {EXTRA}.")
    needed = PROVIDERS[provider]
    if not any(os.environ.get(one) for one in needed):
        raise Unavailable(
            "runtime_unavailable",
            f"pydantic_ai:{name}: {provider} is not set up.",
            f"Set {' or '.join(needed)} in the environment of the server and start it again.",
        )
    return provider, model


def without_secrets(text: str) -> str:
    """The text with every key that stands in the environment for a provider taken out."""
    for needed in PROVIDERS.values():
        for name in needed:
            value = os.environ.get(name, "")
            if name.endswith(_SECRETS) and len(value) > 4:
                text = text.replace(value, "[key]")
    return text
