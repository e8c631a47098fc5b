"""1559 tonnes are a figure, 1559 is a year."""

# ruff: noqa: E501 -- one case a line

import pytest

from proofroom.domain.evidence.features import read_sentence


@pytest.mark.parametrize(
    ("text", "years", "figures"),
    [
        ("The mill made 1559 tonnes.", [], ["1559 tonnes"]), ("It lies 1600 km away", [], ["1600 km"]), ("It cost 1999 euros", [], ["1999 euros"]), ("It cost 1999 US dollars", [], ["1999 US dollars"]), ("a 1999 € bill", [], ["1999 €"]),
        ("Then 1800 people came", [], ["1800"]), ("a rise of 1900 %", [], ["1900 %"]), ("a rise of 1900 per cent", [], ["1900 per cent"]), ("1500-1600 km", [], ["1500-1600 km"]), ("between 1500 and 1600 km", [], ["1500 and 1600 km"]),
        ("from 1500 to 1600 tonnes", [], ["1500", "1600 tonnes"]), ("some 1600 million", [], ["1600 million"]), ("held in 1559 tonnes of ore", [], ["1559 tonnes"]), ("1700 m of rope", [], ["1700 m"]), ("It uses 1800 kWh a year", [], ["1800 kWh a year"]),
        ("In 2019 people came", [2019], []), ("in 2019 dollars", [2019], []), ("in constant 2015 US dollars", [2015], []), ("(2019 USD)", [2019], []), ("In 2019 second place", [2019], []), ("The 2019 report", [2019], []), ("A rose in 2019", [2019], []),
        ("by 2019 A. Smith", [2019], []), ("from 1998 to 2008", [1998, 2008], []), ("1998-99", [1998, 1999], []), ("2019 time and again", [2019], []), ("After 2020 M came", [2020], []), ("Nature 2019 pp 3", [2019], ["3"]),
    ],
)  # fmt: skip
def test_a_year_counts_nothing(text: str, years: list[int], figures: list[str]) -> None:
    read = read_sentence(text)
    assert [d.year for d in read.dates] == years
    assert [n.text for n in read.numbers] == figures
