"""Naming a model of another provider, and what is said when something for it is missing."""

from __future__ import annotations

import pytest

from proofroom.agents.runtimes import providers
from proofroom.agents.runtimes.host import Host
from proofroom.agents.runtimes.providers import PROVIDERS, provider_and_model, without_secrets
from proofroom.agents.runtimes.registry import available_runtimes, make_runtime
from proofroom.domain.errors import InvalidInput, Unavailable
from proofroom.settings import Settings

HOST = Host(Settings())


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for needed in PROVIDERS.values():
        for name in needed:
            monkeypatch.delenv(name, raising=False)


def listed() -> dict[str, object]:
    return next(one for one in available_runtimes(HOST) if one["name"] == "pydantic_ai")


def test_the_list_says_what_is_missing_and_then_who_is_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (listed()["available"], listed()["providers"]) == (False, [])
    assert "OPENAI_API_KEY" in str(listed()["why_not"])
    monkeypatch.setenv("GEMINI_API_KEY", "made-up")
    monkeypatch.setenv("OLLAMA_BASE_URL", "http://127.0.0.1:11434/v1")
    assert (listed()["available"], listed()["providers"]) == (True, ["google", "ollama"])
    assert listed()["label"] == "other providers"
    monkeypatch.setattr(providers, "find_spec", lambda name: None)
    assert "pip install 'proofroom[providers]'" in str(listed()["why_not"])
    with pytest.raises(Unavailable) as away:
        make_runtime("pydantic_ai:google:gemini-3", HOST)
    assert "pip install 'proofroom[providers]'" in away.value.hint


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_that_is_not_set_up_says_which_variable_it_needs(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Unavailable) as away:
        make_runtime(f"pydantic_ai:{name}:some-model", HOST)
    assert away.value.code == "runtime_unavailable"
    for variable in PROVIDERS[name]:
        assert variable in away.value.hint
    monkeypatch.setenv(PROVIDERS[name][-1], "made-up")
    told = make_runtime(f"pydantic_ai:{name}:some-model", HOST).capabilities
    assert (told.name, told.label, told.uses_model) == ("pydantic_ai", "other providers", True)


def test_a_model_may_have_colons_in_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_BASE_URL", "http://127.0.0.1:11434/v1")
    assert provider_and_model("ollama:llama3:8b") == ("ollama", "llama3:8b")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "openai",
        "openai:",
        "test:x",
        "gateway/openai:gpt",
        "openai-codex:x",
        "openai:\n",
        f"openai:{'x' * 201}",
    ],
)
def test_other_names_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "made-up")
    with pytest.raises(InvalidInput) as caught:
        make_runtime(f"pydantic_ai:{name}", HOST)
    assert (caught.value.code, caught.value.field) == ("unknown_runtime", "runtime")


def test_keys_are_taken_out_of_what_a_provider_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTRAL_API_KEY", "made-up-key")
    monkeypatch.setenv("OLLAMA_BASE_URL", "http://127.0.0.1")
    told = "Incorrect key: made-up-key, at http://127.0.0.1"
    assert without_secrets(told) == "Incorrect key: [key], at http://127.0.0.1"
