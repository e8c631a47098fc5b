"""What work has used and when it stops for its budget."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.budget import (
    MOST_MODELS,
    OTHER_MODELS,
    REMEMBERED,
    Reached,
    TurnUsed,
    add_turn,
    amount,
    extensions_approved,
    extensions_needed,
    left,
    limit,
    reached,
    told,
)

TURN = TurnUsed("m", 100, 20, 60, 10, 0.5, 2.0, "table")


def used(*turns: TurnUsed, **more: Any) -> dict[str, Any]:
    usage: dict[str, Any] = dict(more)
    for turn in turns:
        usage = add_turn(usage, turn)
    return usage


def test_a_turn_is_added_to_the_session_and_to_its_model() -> None:
    usage = used(TURN, TURN, TurnUsed("n", 5, 1, 0, 0, 0.25), seconds=9.5)
    assert usage == {
        "tokens_in": 205, "tokens_out": 41, "cost_usd": 1.25, "turns": 3, "seconds": 9.5,
        "models": {
            "m": {
                "tokens_in": 200, "tokens_out": 40, "cache_read": 120, "cache_written": 20, "cost_usd": 1.0,
                "turns": 2,
            },
            "n": {
                "tokens_in": 5, "tokens_out": 1, "cache_read": 0, "cache_written": 0, "cost_usd": 0.25,
                "turns": 1,
            },
        },
        "last": [
            {"tokens": 120, "usd": 0.5, "seconds": 2.0}, {"tokens": 120, "usd": 0.5, "seconds": 2.0},
            {"tokens": 6, "usd": 0.25, "seconds": 0.0},
        ],
    }  # fmt: skip


def test_adding_leaves_what_was_there_alone() -> None:
    before = used(TURN)
    copy = {**before, "models": {"m": dict(before["models"]["m"])}}
    add_turn(before, TURN)
    assert before == copy


def test_only_the_latest_turns_are_remembered() -> None:
    usage = used(*(TurnUsed("m", n) for n in range(1, 10)))
    assert [t["tokens"] for t in usage["last"]] == [7, 8, 9]
    assert len(usage["last"]) == REMEMBERED


def test_a_turn_of_a_runtime_without_a_model_counts_as_a_turn_and_nothing_else() -> None:
    usage = used(TurnUsed(seconds=1.0))
    assert "models" not in usage
    assert (usage["turns"], usage["cost_usd"]) == (1, 0)


def test_a_price_that_is_not_known_is_said_of_the_model_and_of_the_session() -> None:
    usage = used(TURN, TurnUsed("mine", 10, by="unknown"), TurnUsed(None, 3, by="unknown"), TURN)
    assert usage["unpriced"] is True
    assert {n: m.get("unpriced", False) for n, m in usage["models"].items()} == {
        "m": False, "mine": True, "unnamed": True,
    }  # fmt: skip


UNTOLD = TurnUsed("mine", 10, 1, by="unknown")


def test_a_cost_that_is_told_for_several_turns_at_once_is_kept_and_they_are_priced() -> None:
    told = used(UNTOLD, UNTOLD, TurnUsed("mine", 10, 1, cost_usd=0.3, settles=2))
    assert "unpriced" not in told
    assert told["models"]["mine"] == {
        "tokens_in": 30, "tokens_out": 3, "cache_read": 0, "cache_written": 0, "cost_usd": 0.3, "turns": 3,
    }  # fmt: skip
    assert told["last"][-1]["usd"] == pytest.approx(0.1), "what the next one will probably cost"
    after = used(UNTOLD, UNTOLD, TurnUsed("mine", cost_usd=0.3, settles=2))
    assert (after["turns"], after["cost_usd"], "unpriced" in after) == (2, 0.3, False)
    assert [(t["tokens"], t["usd"]) for t in after["last"]] == [(11, 0.15), (11, 0.15)]


def test_a_cost_that_is_told_settles_its_own_turns_only() -> None:
    before = used(UNTOLD, TurnUsed("other", 5, by="unknown"))
    after = add_turn(add_turn(before, UNTOLD), TurnUsed("mine", cost_usd=0.3, settles=1))
    assert after["models"]["mine"]["unpriced"] is True
    last = add_turn(after, TurnUsed("mine", cost_usd=0.1, settles=1))
    assert {n: m.get("unpriced", False) for n, m in last["models"].items()} == {"mine": False, "other": True}
    assert last["unpriced"] is True


def test_a_runtime_that_makes_up_models_fills_no_page() -> None:
    usage = used(*(TurnUsed(f"m{n}", 1) for n in range(MOST_MODELS + 5)))
    assert len(usage["models"]) == MOST_MODELS + 1
    assert usage["models"][OTHER_MODELS]["turns"] == 5


@pytest.mark.parametrize("cost", [float("nan"), float("inf"), -1.0])
def test_figures_that_are_none_count_nothing(cost: float) -> None:
    usage = used(TurnUsed("m", -5, -5, -5, -5, cost, -1.0))
    assert (usage["tokens_in"], usage["tokens_out"], usage["cost_usd"]) == (0, 0, 0)
    assert usage["last"] == [{"tokens": 0, "usd": 0.0, "seconds": 0.0}]


@given(
    st.lists(
        st.builds(TurnUsed, st.sampled_from("abc"), st.integers(0, 9**9), st.integers(0, 9**9)), max_size=9
    )
)
def test_the_models_add_up_to_the_session(turns: list[TurnUsed]) -> None:
    usage = used(*turns)
    models = usage.get("models", {}).values()
    for name in ("tokens_in", "tokens_out", "turns"):
        assert sum(m[name] for m in models) == usage.get(name, 0)


def test_an_extension_adds_the_whole_budget_once_more() -> None:
    budget = {"usd": 2, "extensions": 2}
    assert limit(budget, "usd") == 6.0
    assert limit(budget, "tokens") is None


def test_what_is_left_is_never_less_than_nothing() -> None:
    usage = {"tokens_in": 80, "tokens_out": 30, "cost_usd": 0.5, "seconds": 1.5}
    assert left({"usd": 2, "tokens": 100}, usage) == {"usd": 1.5, "tokens": 0.0, "seconds": None}


@pytest.mark.parametrize(
    ("budget", "usage", "stop"),
    [
        ({}, {"cost_usd": 99}, None),
        ({"usd": 10}, {"cost_usd": 8.99}, None),
        ({"usd": 10}, {"cost_usd": 9.0}, Reached("usd", 9.0, 10.0, 0.0, over=False)),
        ({"usd": 10}, {"cost_usd": 10.0}, Reached("usd", 10.0, 10.0, 0.0, over=True)),
        # the next turn would probably exceed it: by the largest of the last ones
        (
            {"usd": 10},
            {"cost_usd": 6.0, "last": [{"usd": 4.5, "tokens": 1, "seconds": 1}, {"usd": 1, "tokens": 1, "seconds": 1}]},
            Reached("usd", 6.0, 10.0, 4.5, over=False),
        ),
        ({"usd": 10}, {"cost_usd": 6.0, "last": [{"usd": 4.0, "tokens": 1, "seconds": 1}]}, None),
        ({"seconds": 100}, {"seconds": 95}, Reached("seconds", 95.0, 100.0, 0.0, over=False)),
        # what is used up goes before what is near
        (
            {"usd": 10, "tokens": 100},
            {"cost_usd": 9.5, "tokens_in": 60, "tokens_out": 50},
            Reached("tokens", 110.0, 100.0, 0.0, over=True),
        ),
        ({"usd": 10, "tokens": 100, "extensions": 1}, {"cost_usd": 12, "tokens_in": 100}, None),
    ],
)  # fmt: skip
def test_the_limit_that_stops_it(budget: dict[str, Any], usage: dict[str, Any], stop: Reached | None) -> None:
    assert reached(budget, usage) == stop


def test_a_limit_in_dollars_alone_stops_at_a_turn_whose_price_nobody_knows() -> None:
    usage = add_turn({}, TurnUsed("local", 100, 20, by="unknown"))
    stop = reached({"usd": 5}, usage)
    assert stop is not None
    assert stop == Reached("usd", 0.0, 5.0, 0.0, over=True, unpriced=True)
    said = told(stop, {"usd": 5}, usage)
    assert said["text"] == (
        "The limit of $5.00 cannot be kept: what a model costs is not known. It went into 1 turn: "
        "local (1 turn, 120 tokens, price unknown). The price of local is not known and not counted. "
        "Approving goes on without counting it. Set a limit in tokens or seconds where one is needed."
    )
    assert said["extend"] == 1
    assert reached({"usd": 5, "extensions": 1}, usage) is None, "somebody let it go on"
    for other in ("tokens", "seconds"):
        assert reached({"usd": 5, other: 1_000}, usage) is None, "another limit will stop it"
    assert reached({"tokens": 1_000}, usage) is None


def test_a_person_is_told_what_was_used_on_what_and_what_approving_adds() -> None:
    usage = used(TURN, TURN, TurnUsed("mine", 10, by="unknown"), seconds=30.0)
    budget = {"usd": 1.05, "seconds": 600, "tokens": 5000}
    stop = reached(budget, usage)
    assert stop is not None
    said = told(stop, budget, usage)
    assert said["text"] == (
        "The budget is nearly used up: $1.00 of $1.05. "
        "It went into 3 turns: m (2 turns, 240 tokens, $1.00); mine (1 turn, 10 tokens, price unknown). "
        "By the turns before, the next one uses up to $0.50. The price of mine is not known and not counted. "
        "Approving adds $1.05 and 5,000 tokens and 600 seconds."
    )
    assert said["adds"] == {"usd": 1.05, "tokens": 5000, "seconds": 600}
    assert (said["limit"], said["state"], said["used"], said["of"]) == ("usd", "near", 1.0, 1.05)
    assert said["extend"] == 1
    assert (said["turns"], list(said["models"])) == (3, ["m", "mine"])


@pytest.mark.parametrize(
    ("usage", "times"),
    [
        ({"cost_usd": 0.9}, 1),
        ({"cost_usd": 1.5, "last": [{"usd": 0.1, "tokens": 1, "seconds": 1}]}, 1),
        ({"cost_usd": 1.5, "last": [{"usd": 1.5, "tokens": 1, "seconds": 1}]}, 2),
        ({"cost_usd": 1.9}, 2),
        ({"cost_usd": 1e9}, 1_000),
    ],
)
def test_approving_adds_as_much_as_the_next_turn_needs(usage: dict[str, Any], times: int) -> None:
    budget = {"usd": 1}
    assert extensions_needed(budget, usage) == times
    stop = reached(budget, usage)
    assert stop is not None
    assert told(stop, budget, usage)["adds"] == {"usd": times}


def test_what_an_approval_adds_is_what_its_packet_said() -> None:
    triggers = [
        {"kind": "budget", "detail": {"extend": 3}},
        {"kind": "budget", "detail": {"extend": 2}},
        {"kind": "question", "detail": {"extend": 9}},
    ]
    assert extensions_approved(triggers) == 2
    assert extensions_approved([{"kind": "budget", "detail": {}}]) == 1  # of an earlier release
    assert extensions_approved([]) == 1


def test_time_that_ran_out_before_the_first_turn() -> None:
    stop = reached({"seconds": 0.5}, {"seconds": 0.75})
    assert stop is not None
    said = told(stop, {"seconds": 0.5}, {"seconds": 0.75})
    assert said["text"] == "The budget is used up: 0.75 seconds of 0.5 seconds. Approving adds 0.5 seconds."
    assert said["state"] == "used_up"


def test_turns_without_a_model_are_counted_alone() -> None:
    usage = {"seconds": 60.0, "turns": 1}
    stop = reached({"seconds": 60}, usage)
    assert stop is not None
    assert "It went into 1 turn. Approving" in told(stop, {"seconds": 60}, usage)["text"]


@pytest.mark.parametrize(
    ("what", "value", "text"),
    [
        ("usd", 0, "$0.00"),
        ("usd", 0.0042, "$0.0042"),
        ("usd", 1234.5, "$1,234.50"),
        ("tokens", 12345.0, "12,345 tokens"),
        ("seconds", 1800, "1,800 seconds"),
        ("seconds", 0.8, "0.8 seconds"),
    ],
)
def test_amounts_as_people_read_them(what: str, value: float, text: str) -> None:
    assert amount(what, value) == text
