"""Figures in text: what they are, and when two agree."""

# ruff: noqa: E501 -- one case a line

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofroom.domain.evidence.amounts import Number, agree
from proofroom.domain.evidence.numbers import find_numbers, read_value
from proofroom.domain.evidence.units import currency, find_unit


def one(text: str) -> Number:
    (number,) = find_numbers(text)
    return number


def seen(text: str) -> list[tuple[str, str]]:
    return [(f"{n.low.normalize():f}", n.unit.name if n.unit else "") for n in find_numbers(text)]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1,200", "1200", ""), ("1 200 people", "1200", ""), ("1.200.000", "1200000", ""), ("1.234,5", "1234.5", ""),
        ("1,5 km", "1.5", "km"), ("12'000", "12000", ""), ("1.2 bn", "1200000000", ""), ("5k", "5000", ""), ("$3m", "3000000", "USD"),
        ("€18.4 million", "18400000", "EUR"), ("125 million dollars", "125000000", "USD"), ("USD 5", "5", "USD"),
        ("29,329 thousand MWh", "29329000", "MWh"), ("12 %", "12", "%"), ("12 percent", "12", "%"), ("12 per cent", "12", "%"),
        ("2 percentage points", "2", "percentage points"), ("412 m", "412", "m"), ("20km", "20", "km"), ("90 km/h.", "90", "km/h"),
        ("4.5 lbf·s", "4.5", "lbf·s"), ("4.5 newton seconds", "4.5", "N·s"), ("-5 °C", "-5", "°C"), ("5 degrees Celsius", "5", "°C"),
        ("2.3 × 10^6", "2300000", ""), ("1e9 kg", "1000000000", "kg"), ("5 × 10−3 m", "0.005", "m"), ("a 12-month plan", "12", "month"),
        ("a 20-year-old", "20", "year"), ("5 m² of", "5", "m²"), ("3.1 kWh per kilometre", "3.1", "kWh"), ("12x more", "12", "times"),
        ("twelve", "12", ""), ("a dozen eggs", "12", ""), ("half a million", "500000", ""), ("two hundred and five thousand", "205000", ""),
        ("twenty-three km", "23", "km"), ("half of it", "0.5", ""), ("three quarters of", "0.75", ""),
        ("twice", "2", "times"), ("one million", "1000000", ""), ("zero", "0", ""), ("three thousand", "3000", ""),
        ("12\u00a0345", "12345", ""), ("5 thousand million", "5000000000", ""), ("5mg/kg", "5", "mg"), ("9.8%", "9.8", "%"),
        ("+7", "7", ""), ("1,234,567.89", "1234567.89", ""), ("nineteen hundred", "1900", ""), ("12 m/s/x", "12", "m"),
        ("14.9 (in thousand)", "14900", ""), ("14.9 (thousand) people", "14900", ""), ("14.9 [in millions]", "14900000", ""),
        ("14.9 (in thousand) MWh", "14900", "MWh"), ("14.9 (in thousands of MWh)", "14900", "MWh"), ("€3 (in million)", "3000000", "EUR"),
        ("3 (€ m)", "3000000", "EUR"), ("3 (in € million)", "3000000", "EUR"), ("€3 (million euros)", "3000000", "EUR"), ("3 (EUR k)", "3000", "EUR"),
    ],
)  # fmt: skip
def test_ways_to_write_a_figure(text: str, value: str, unit: str) -> None:
    assert seen(text) == [(value, unit)]
    number = one(text)
    assert text[number.start : number.end] == number.text
    assert number.start <= number.bare_start < number.bare_end <= number.end


@pytest.mark.parametrize(
    "text",
    [
        "MCO-4", "IL-10 and S100A9", "A320", "COVID-19", "see https://a.b/12/34", "doi:10.1000/182", "me@12.example.org", "[12] and [3, 4]",
        "version 2.3.1", "one of them", "3D4", "#5", "9" * 41, "no figures here", "once", "5_000x",
    ],
)  # fmt: skip
def test_digits_that_are_no_figures(text: str) -> None:
    assert find_numbers(text) == []


@pytest.mark.parametrize(
    ("text", "kind", "label"),
    [
        ("a Delta II 7425 rocket", "label", "ii"), ("section 4.2", "label", "section"), ("Fig. 3", "label", "fig"),
        ("the fourth time", "ordinal", ""), ("on the 15th", "ordinal", ""), ("It has Boeing 747 planes", "label", "boeing"),
        ("The 12 men", "plain", ""), ("phase 1", "label", "phase"), ("with USD 12 more", "plain", ""), ("a KM 12 sign", "label", "km"),
        ("So Boeing 5.5 it", "plain", ""), ("So Route 5.5 it", "label", "route"), ("done. Rockets 7 flew", "plain", ""), ("about 12", "plain", ""),
    ],
)  # fmt: skip
def test_labels_and_ordinals(text: str, kind: str, label: str) -> None:
    number = one(text)
    assert (number.kind, number.label) == (kind, label)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("10 to 14 times", "10", "14"), ("10–14 km", "10", "14"), ("between 10 and 14", "10", "14"),
        ("5 to 6 million", "5000000", "6000000"), ("5 million to 6 million", "5000000", "6000000"), ("5 km to 6 km", "5", "6"),
    ],
)  # fmt: skip
def test_ranges(text: str, low: str, high: str) -> None:
    number = one(text)
    assert (number.low, number.high) == (Decimal(low), Decimal(high))


def test_what_looks_like_a_range_and_is_not() -> None:
    assert [n.unit.name if n.unit else "" for n in find_numbers("rose from 12 to 30 months")] == [
        "month",
        "month",
    ]
    assert seen("12 and 30 km") == [("12", ""), ("30", "km")]
    assert len(find_numbers("14 to 10")) == 2
    assert len(find_numbers("5 km to 6 kg")) == 2
    assert len(find_numbers("5 to the 6th")) == 2
    assert len(find_numbers("3 to 5 to 9")) == 2
    assert seen("from 5 to 6 million") == [("5000000", ""), ("6000000", "")]
    assert len(find_numbers("twelve to 2 million")) == 1
    assert one("5 to six million").high == 6_000_000


def test_qualifiers_nouns_and_rates() -> None:
    about = one("about 1,200 people")
    assert (about.approx, about.noun) == (True, "person")
    assert one("more than 5").bound == "more"
    assert one("at most 5").bound == "less"
    assert one("10 micrograms per litre").per == "l"
    assert one("85 m a day").per == "day"
    assert one("5 km per trip").per == "trip"
    assert one("17 of them").noun == ""
    assert one("60").coarse == 10
    assert one("0").coarse == 1


def test_ranges_that_are_taken_are_left_alone() -> None:
    assert find_numbers("on 23 May", [(3, 9)]) == []
    assert [n.text for n in find_numbers("$1999 and 5", [(1, 5)])] == ["5"]
    assert find_numbers("US$5", [(0, 3)]) == []
    assert find_numbers("twelve", [(0, 6)]) == []


def test_lists_of_number_words_are_not_added_up() -> None:
    assert find_numbers("five six") == []
    assert seen("thirty five") == [("35", "")]
    assert find_numbers("thirty forty") == []


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("1,000 (thousand)", "1000"), ("14.9 (in thousand unicorns)", "14.9"), ("$3 (in million euros)", "3"), ("3 ($t)", "3"),
        ("14.9 thousand (in thousand)", "14900"), ("14.9 (thousand", "14.9"), ("14.9 (about a thousand)", "14.9"), ("3 (c$ m)", "3"),
        ("14.9 (in thousand, at most)", "14.9"),
    ],
)  # fmt: skip
def test_what_else_stands_in_brackets_behind_a_figure_is_not_its_scale(text: str, first: str) -> None:
    assert f"{find_numbers(text)[0].low.normalize():f}" == first


def test_read_value() -> None:
    assert read_value("1,234.50") == (Decimal("1234.50"), Decimal("0.01"))
    with pytest.raises(ValueError, match="not a figure"):
        read_value("x")


def test_units() -> None:
    assert find_unit("Newton seconds") == find_unit("N·s")
    assert find_unit("MW") != find_unit("mW")
    assert find_unit("parsnips") is None
    assert currency("$") == find_unit("dollars")
    assert currency("%") is None


@pytest.mark.parametrize(
    ("draft", "source", "result"),
    [
        ("1.2 bn", "1,200 million", "same"), ("12 %", "0.12", "same"), ("0.12", "12 percent", "same"), ("12 %", "12 percent", "same"),
        ("12 %", "12 percentage points", "unit"), ("0.5 km", "500 m", "same"), ("412 m", "412 km", "unit"), ("18.4 million", "18.4 billion", "unit"),
        ("$5", "€5", "unit"), ("$5", "€6", "none"), ("5 N·s", "5 lbf·s", "unit"), ("5 km", "5 kg", "unit"), ("5 km", "6 kg", "none"),
        ("4.45", "4.45", "same"), ("44.5", "4.45", "differs"), ("4.5", "4.45", "rounded"), ("about 4.5", "4.45", "near"),
        ("4.4", "4.45", "differs"), ("-4.5", "-4.45", "rounded"), ("-5 °C", "5 °C", "differs"), ("4.45", "4.5", "differs"), ("60 km", "57 km", "differs"), ("about 60 km", "57 km", "near"),
        ("about 60 km", "50 km", "differs"), ("1.2 billion", "1,198,450,000", "rounded"), ("12 times", "10 to 14 times", "within"),
        ("10 to 14 times", "12 times", "within"), ("20 times", "10 to 14 times", "differs"), ("10 to 14", "10 to 40", "differs"),
        ("10 to 14", "10–14", "same"), ("57 km", "57", "same"), ("57", "58 km", "differs"), ("32 °F", "0 °C", "same"), ("300 kelvin", "26.85 °C", "same"),
        ("16 km", "10 miles", "near"), ("10 miles", "16.09 km", "near"), ("3 miles", "4.9 km", "rounded"), ("100", "150", "differs"), ("5 mg per litre", "5 mg per kg", "unit"),
        ("5 mg per litre", "6 mg per kg", "none"), ("section 4", "section 4", "same"), ("section 4", "section 5", "differs"), ("section 4", "page 4", "none"),
        ("fourth", "4", "none"), ("-5", "5", "same"), ("0", "0.0", "same"), ("0", "5", "differs"), ("18 kg", "18 tonnes", "unit"),
        ("one third", "33 %", "rounded"), ("about a third", "33 %", "near"), ("12 months", "1 year", "same"), ("1", "12 %", "differs"),
    ],
)  # fmt: skip
def test_agreement(draft: str, source: str, result: str) -> None:
    assert agree(one(draft), one(source)) == result


@pytest.mark.parametrize(
    ("draft", "source"),
    [
        ("4500012346", "4500012345"), ("9,876,543,219 euros", "9,876,543,210 euros"),
        ("1,234,567,890,124.45", "1,234,567,890,123.45"), ("Invoice 4500012346", "Invoice 4500012345"),
        ("98765432101234567890123456789012", "98765432101234567890123456789013"), ("-9876543210987654321098765432109876", "-9876543210987654321098765432109877"),
        ("9876543210987654321098765432109876", "-9876543210987654321098765432109877"), ("9,876,543,219 m", "9876543.210 km"),
        ("98765432101234567890123456789012 kg", "98765432101234567890123456789013 kg"), ("1.2345678901 billion", "1,234,567,890,200"),
        ("99.99999999 %", "0.9999999998"), ("10,000,000,001 to 20,000,000,000", "10,000,000,000 to 20,000,000,000"),
    ],
)  # fmt: skip
def test_figures_that_differ_in_their_last_digit_differ(draft: str, source: str) -> None:
    assert agree(one(draft), one(source)) == "differs"


@pytest.mark.parametrize(
    ("draft", "source"),
    [
        ("98.6 °F", "37 °C"), ("1 km/h", "0.277777777777777777777777777777777 m/s"), ("123,456,789 °F", "68587087.2222222222222222222222222222 °C"),
        ("1.5e3 kg", "1500 kg"), ("98765432101234567890123456789", "98,765,432,101,234,567,890,123,456,789"), ("-5.0 %", "5 %"),
    ],
)  # fmt: skip
def test_what_a_conversion_leaves_behind_is_no_difference(draft: str, source: str) -> None:
    assert agree(one(draft), one(source)) == "same"


AMOUNTS = st.builds(
    lambda v, u: f"{v} {u}", st.decimals(0, 10**7, places=2), st.sampled_from(["", "km", "%", "million", "kg", "N·s", "°F"])
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(AMOUNTS)
def test_a_figure_agrees_with_itself(text: str) -> None:
    assert agree(one(text), one(text)) == "same"


@settings(max_examples=200, deadline=None)
@given(AMOUNTS, AMOUNTS)
def test_same_is_symmetrical(a: str, b: str) -> None:
    assert (agree(one(a), one(b)) == "same") == (agree(one(b), one(a)) == "same")


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.sampled_from("0123456789.,  kmMt%$€–-+×x^eE'toandhalftwelvbn/°()[]"), max_size=40)
    | st.text(max_size=40)
)
def test_any_text_gives_figures_within_it(text: str) -> None:
    found = find_numbers(text)
    assert all(text[n.start : n.end] == n.text for n in found)
    assert all(a.start <= b.start for a, b in pairwise(found))
    assert all(n.low <= n.high for n in found)
    assert all(agree(a, b) for a in found for b in found)


@pytest.mark.parametrize("end", ["onefoo", "one-off"])
def test_a_long_run_of_number_words_is_read_once(end: str) -> None:
    """Read anew from each of its words, this would not end in a working day."""
    assert find_numbers("one " * 30_000 + end) == []


def test_two_dozen_number_words_are_one_figure_at_most() -> None:
    (number,) = find_numbers("nine hundred and ninety-nine million nine hundred and ninety-nine thousand")
    assert number.low == 999_999_000
