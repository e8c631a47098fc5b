"""What kind of answer a question wants, and which sentences hold it."""

from __future__ import annotations

import pytest

from proofroom.agents.runtimes.extractive.answers import KINDS, fit, is_sharp, kinds_of


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("How long is the bridge?", ["length"]),
        ("How high is the tower?", ["length"]),
        ("What was the closest approach altitude?", ["length"]),
        ("The height of the tower", ["length"]),
        ("How long did building take?", ["duration"]),
        ("For how many months did it run?", ["duration"]),
        ("How much did the plant cost?", ["money"]),
        ("What is the price of water?", ["money"]),
        ("What share of the staff are women?", ["share"]),
        ("How heavy is it?", ["mass"]),
        ("How fast is the train?", ["speed"]),
        ("How cold was it?", ["temperature"]),
        ("How old is the bridge?", ["age"]),
        ("What is the capacity of the tank?", ["size"]),
        ("How often is it checked?", ["frequency"]),
        ("How many people work there?", ["count"]),
        ("How much water is used?", ["amount"]),
        ("When was it opened?", ["date"]),
        ("Find out when the plant opened", ["date"]),
        ("What time did it start?", ["time of day"]),
        ("Who is the director?", ["person"]),
        ("Where is the bridge?", ["place"]),
        ("Why was it lost?", ["reason"]),
        ("What do they recommend?", ["advice"]),
        ("When did it vanish and who was told?", ["date", "person"]),
        ("The capacity of such cells differs across species.", []),
        # No question of a kind: "when" and "who" join clauses.
        ("Expression is reduced when mice are fed", []),
        ("People who smoke live where air is poor", []),
        ("How does a signature cover what was seen?", []),
    ],
)
def test_the_kind_of_a_question(question: str, kinds: list[str]) -> None:
    assert [kind.name for kind in kinds_of(question)] == kinds


def test_every_kind_is_tried_and_has_a_name_of_its_own() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS) == 18


@pytest.mark.parametrize(
    ("question", "best", "other"),
    [
        ("How long is the bridge?", "It is 312 metres long.", "It opened on 4 May 1998."),
        ("How long is the bridge?", "It is 312 metres long.", "It was closed for 3 weeks."),
        ("How long did it take?", "It took 26 months.", "It is 26 km long."),
        ("How much did it cost?", "It cost 4 million euros.", "It has 4 million users."),
        ("What share is lost?", "About half of the water is lost.", "They lose 40 litres."),
        ("How many metres is it?", "It measures 40 m.", "It weighs 40 kg."),
        ("How many people work there?", "It employs 143 people.", "It has 12 pumps."),
        ("How many people work there?", "It has 12 pumps.", "It opened in 2011."),
        ("How much water is used?", "It takes 40 litres.", "It takes a lot."),
        ("When did it open?", "It opened in March 2011.", "It cost 2,011 euros."),
        ("What time did it start?", "It began at 09:04.", "It began on 4 May 1998."),
        ("Who leads it?", "It is led by Marta Olsen.", "It is led well."),
        ("Who leads Brenn?", "Brenn is led by Marta Olsen.", "Brenn is well led."),
        ("Where is it?", "It stands in Halden.", "It was built by Halden."),
        ("Why did it fail?", "It failed because of frost.", "It failed in 1998."),
    ],
)
def test_a_sentence_that_holds_the_answer_fits_better(question: str, best: str, other: str) -> None:
    assert fit(question, best) > fit(question, other)


def test_only_one_kind_that_a_sentence_holds_or_not_is_sharp() -> None:
    assert is_sharp("How long is the bridge?")
    assert not is_sharp("How long is the bridge and who built it?")
    assert not is_sharp("Why did it fail?")
    assert not is_sharp("Bridges of Norway")
    assert fit("Bridges of Norway", "The bridge is 312 metres long.") == 0
