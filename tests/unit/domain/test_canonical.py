"""Vectors from RFC 8785: appendix B (numbers), 3.2.3 (order of keys) and 3.2.2 (the worked example)."""

import hashlib
import json
import struct
from collections import OrderedDict
from decimal import Decimal
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from proofroom.domain.canonical import canonical, digest
from proofroom.domain.work_session import Status

NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]


@pytest.mark.parametrize(("bits", "text"), NUMBERS)
def test_numbers(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(number) == text.encode()


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (-7, "-7"), (2**53 - 1, "9007199254740991"), (1.0, "1")]
)
def test_integers(number: float, text: str) -> None:
    assert canonical(number) == text.encode()


def test_keys_are_ordered_by_utf_16_code_units() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    ordered = json.loads(canonical(dict.fromkeys(keys, 0)), object_pairs_hook=OrderedDict)
    assert list(ordered) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_the_worked_example() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert canonical(value).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\b\t\n\f\r", '"\\b\\t\\n\\f\\r"'),
        ("\x00\x0b\x1f", '"\\u0000\\u000b\\u001f"'),
        ("\x7f\u2028</script>/", '"\x7f\u2028</script>/"'),
        ("é", '"é"'),
        ("e\u0301", '"e\u0301"'),
    ],
)
def test_escapes(text: str, written: str) -> None:
    assert canonical(text) == written.encode()


def test_an_enum_is_its_value_and_a_tuple_is_a_list() -> None:
    assert canonical((Status.QUEUED, [])) == b'["queued",[]]'
    assert canonical({}) == b"{}"


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        float("-inf"),
        2**53,
        -(2**53),
        2**60,
        "\ud800",
        "a\udfffb",
        {"\ud83d": 1},
        {"a": {"b": [1, {"c": "\udead"}]}},
        {1: "a"},
        {None: "a"},
        {"a": 1, 2: "b"},
        {"a", "b"},
        b"bytes",
        Decimal("1.5"),
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^not canonical JSON"):
        canonical(value)
    with pytest.raises(ValueError, match=r"^not canonical JSON"):
        digest(value)


_KEYS = st.text(max_size=4) | st.sampled_from(["a", "\u0080", "\u20ac", "\U0001f600", "\ufb33", "\ud800"])
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**54), 2**54)
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=8)
    | st.sampled_from([Status.QUEUED, (1, "a"), Decimal("1.5")])
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS | st.integers(0, 3), inner, max_size=4),
)


@settings(max_examples=400, deadline=None)
@given(_VALUES)
def test_whatever_is_written_quickly_is_what_the_library_of_the_rfc_writes(value: Any) -> None:
    try:
        expected: bytes | None = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        expected = None
    try:
        written: bytes | None = canonical(value)
    except ValueError:
        written = None
    assert written == expected


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ([1.0, 1e21], "[1,1e+21]"),
        ({"a": (1, 2)}, '{"a":[1,2]}'),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'),
        ([-(2**53) + 1, True, None, {"b": [], "a": {}}], '[-9007199254740991,true,null,{"a":{},"b":[]}]'),
    ],
)
def test_both_ways_of_writing(value: Any, written: str) -> None:
    assert canonical(value).decode() == written


@pytest.mark.parametrize("value", [[2**53], {"a": -(2**60)}, [float("nan")], ["\ud800"], [{1: 2}]])
def test_inside_of_something_it_is_refused_too(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^not canonical JSON"):
        canonical(value)


def test_what_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append({"a": value})
    with pytest.raises(ValueError, match=r"^not canonical JSON"):
        canonical(value)


def test_nesting_too_deep_is_refused_not_a_crash() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ValueError, match=r"^not canonical JSON"):
        canonical(value)


@pytest.mark.parametrize(
    ("value", "written"),
    [({}, b"{}"), ("", b'""'), ({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}')],
)
def test_a_digest_is_the_sha256_of_the_canonical_form(value: Any, written: bytes) -> None:
    assert digest(value) == hashlib.sha256(written).hexdigest()


def test_a_digest_known_from_elsewhere() -> None:
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_any_json_value_reads_back_as_itself(value: Any) -> None:
    """As RFC 8785 reads it, every number a double: Python makes an int of a large one without fraction."""
    assert json.loads(canonical(value), parse_int=float) == value


@given(st.dictionaries(st.text(max_size=6), st.integers(0, 9), max_size=8), st.randoms(use_true_random=False))
def test_the_order_in_which_members_came_does_not_matter(value: dict[str, int], random: Any) -> None:
    members = list(value.items())
    random.shuffle(members)
    assert digest(dict(members)) == digest(value)


@given(JSON, JSON)
def test_different_values_have_different_digests(one: Any, other: Any) -> None:
    assert (digest(one) == digest(other)) == (canonical(one) == canonical(other))
