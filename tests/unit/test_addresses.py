"""Where links lead: what their words say of it, and what they only seem to say."""

import pytest

from proofroom.domain.document import Link, in_sight, plain


@pytest.mark.parametrize(
    ("words", "address", "seen"),
    [
        ("https://a.example/x", "https://a.example/x", True),
        ("a.example", "https://a.example/", True),
        ("ada@a.example", "mailto:ada@a.example", True),
        ("here", "https://a.example", False),
        ("a.example", "https://a.example/pay", False),
    ],
)
def test_an_address_is_in_sight_where_the_words_are_it(words: str, address: str, seen: bool) -> None:
    assert in_sight(words, address) is seen


@pytest.mark.parametrize(
    ("words", "address", "misleads"),
    [
        ("the report of May", "https://mallory.example", False),
        ("bank.com", "https://mallory.example", True),
        ("bank.com", "https://www.bank.com/login", False),
        ("docs.bank.com", "https://bank.com", False),
        ("bank.com", "https://bank.com.mallory.example", True),
        ("https://intranet.bank/x", "https://mallory.example", True),
        ("www.bank.museum", "https://mallory.example", True),
        ("ada@bank.museum", "mailto:ada@mallory.example?subject=x@bank.museum", True),
        ("ada@bank.museum", "mailto:eve@bank.museum", False),
        ("bank.com", "/pay", True),
        ("b\u200bank.com", "https://mallory.example", True),
        ("bank\uff0ecom", "https://mallory.example", True),
        ("bank.de", "https://mallory.example", True),
        ("m\u00fcnchen.de", "https://xn--mnchen-3ya.de", False),
        ("a..com", "https://mallory.example", False),
        (f"{'a' * 70}.com", "https://mallory.example", True),
        ("Node.js, setup.py and e.g. 4.45", "https://mallory.example", False),
        ("the bank", "https://bank.com@mallory.example", True),
        ("the bank", "https://[::1", False),
        ("bank.com", "https://[::1", True),
    ],
)
def test_words_that_name_another_host_mislead(words: str, address: str, misleads: bool) -> None:
    assert Link(1, words, address).misleads is misleads


def test_each_address_stands_behind_its_words() -> None:
    found = plain('a [b](/c) d ![e](f.png "g") [h](<> "i") [j]() ![](k.png)')
    assert found.text == "a b d e h j "
    assert found.shown() == "a b (/c) d e (f.png “g”) h (“i”) j  (k.png)"
    assert (found.shown(0, 3), found.shown(3, 7)) == ("a b (/c)", " d e (f.png “g”)")
    assert plain("![](x.png)").shown() == " (x.png)"


def test_what_a_description_of_a_picture_holds_is_shown() -> None:
    found = plain("![a [b](/c) ![d](e) [[b1|f]] [[b2]] h](g)")
    assert found.text == "a b d [[b1|f]] [[b2]] h"
    assert [link.text for link in found.links] == ["/c", "e", "g"]


def test_a_link_whose_end_a_citation_took_away_keeps_its_place() -> None:
    found = plain("[a ](/b)[[b1|q]]")
    assert (found.text, found.shown()) == ("a", "a (/b)")
