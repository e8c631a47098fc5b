"""Numbers as a spreadsheet shows them. The expected texts are what Excel and LibreOffice display (en-US), dates
aside, which are ISO."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.figures import parse_number
from proofroom.substrate.parsers.number_formats import BUILTIN, read_code, shown


@pytest.mark.parametrize(
    ("raw", "code", "text"),
    [
        ("1234.5", "General", "1234.5"),
        ("0.30000000000000004", "General", "0.3"),
        ("1E-3", "General", "0.001"),
        ("1e+25", "General", "1e+25"),
        ("12345678901234567890", "General", "12345678901234600000"),
        ("1234.5", "0", "1235"),
        ("-0.4", "0", "0"),
        ("1234.567", "#,##0.00", "1,234.57"),
        ("1234.5", "#,##0.##", "1,234.5"),
        ("1234", "0.##", "1234"),
        ("0.1234", "0.0%", "12.3%"),
        ("0.125", "0%", "13%"),
        ("99.5", "$#,##0.00", "$99.50"),
        ("-99.5", "$#,##0.00;[Red]($#,##0.00)", "-$99.50"),
        ("99.5", "#,##0.00 [$€-407]", "99.50 €"),
        ("99.5", "[$EUR] 0.00", "EUR 99.50"),
        ("5", '0 "USD"', "5 USD"),
        ("0", '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)', "$0.00"),
        ("1234567", "0.0,,", "1.2"),
        ("0.000123", "0.00E+00", "1.23E-04"),
        ("0.75", "# ?/?", "0.75"),
        ("7", ";;;", "7"),
        ("7", '"yes"', "7"),
        ("250", '[>100]"high" 0;0', "high 250"),
        ("45322", "m/d/yyyy", "2024-01-31"),
        ("45322.75", "yyyy-mm-dd hh:mm", "2024-01-31 18:00"),
        ("45322.751", "dd.mm.yy hh:mm:ss", "2024-01-31 18:01:26"),
        ("45322", "mmm yyyy", "2024-01"),
        ("45322", "yyyy", "2024"),
        ("45322", "d. mmm", "2024-01-31"),
        ("45322", "[$-407]d. mmmm yyyy;@", "2024-01-31"),
        ("0.75", "h:mm AM/PM", "18:00"),
        ("0.0104166666667", "mm:ss", "00:15:00"),
        ("1.5", "[h]:mm", "36:00"),
        ("59", "yyyy-mm-dd", "1900-02-28"),
        ("61", "yyyy-mm-dd", "1900-03-01"),
        ("-3", "yyyy-mm-dd", "-3"),
        ("1e9", "yyyy-mm-dd", "1000000000"),
        ("not a number", "0", "not a number"),
        ("Infinity", "0", "Infinity"),
        ("1e999999", "0", "1e999999"),
        ("1e300", "#,##0", "1e+300"),
        ("5", "", "5"),
    ],
)
def test_what_is_shown(raw: str, code: str, text: str) -> None:
    assert shown(raw, read_code(code))[0] == text


def test_a_unit_is_told_apart_from_the_figure() -> None:
    assert shown("12.345", read_code('0.0 "km"')) == ("12.3", "km")
    assert shown("5", read_code('General" kg"')) == ("5", "kg")
    assert shown("0.5", read_code('0% "of all"')) == ("50%", "of all")


def test_the_formats_that_have_only_a_number() -> None:
    for number, text in ((9, "50%"), (10, "50.00%"), (2, "0.50"), (14, "1899-12-31"), (49, "0.5")):
        assert shown("0.5", read_code(BUILTIN[number]))[0] == text


@given(st.text('0#?,.;"%$€-+()[]<>/\\_*@ymdhsEe :gGeneral', max_size=30), st.floats(allow_nan=False))
def test_any_code_shows_something(code: str, value: float) -> None:
    text, unit = shown(repr(value), read_code(code))
    assert text
    assert isinstance(unit, str)


@given(
    st.decimals(-(10**10), 10**10, places=4),
    st.sampled_from(["0.0000", "#,##0.0000", "$0.0000;($0.0000)", "General"]),
)
def test_a_figure_that_is_shown_whole_computes_to_itself(value: object, code: str) -> None:
    assert parse_number(shown(str(value), read_code(code))[0]) == value
