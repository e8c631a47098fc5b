"""Figures, dates and sentences in scripts without spaces, and with digits that are not ASCII's."""

# ruff: noqa: E501 -- one case a line, in scripts with look-alikes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.evidence import Claim, ClaimText, Passage, check_outside
from proofroom.domain.evidence.amounts import agree
from proofroom.domain.evidence.dates import find_dates, find_times, like
from proofroom.domain.evidence.numbers import find_numbers
from proofroom.domain.evidence.scripts import plain_figures
from proofroom.domain.evidence.sentences import split_sentences
from proofroom.domain.evidence.words import tokens


def checked(draft: str, *sources: str) -> Claim:
    passages = [Passage("s", 1, f"b{i}", "Source", None, 0, len(t), t) for i, t in enumerate(sources)]
    return check_outside(ClaimText("c", 1, draft, "sentence", (0,), 0, len(draft)), passages)


def figures(text: str) -> list[tuple[str, str]]:
    return [(f"{n.low.normalize():f}", n.unit.name if n.unit else n.noun) for n in find_numbers(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("台風で4500人が避難した", [("4500", "人")]), ("被害額は12億円", [("1200000000", "JPY")]), ("停電は19万3000世帯", [("193000", "世")]),
        ("前年比5%増加", [("5", "%")]), ("１，２００円と３．５％", [("1200", "JPY"), ("3.5", "%")]), ("3.5亿元，增长12%", [("350000000", "CNY"), ("12", "%")]),
        ("5千万円の1兆2,300億円", [("50000000", "JPY"), ("1230000000000", "JPY")]), ("10～14万人", [("100000", "人")]), ("매출은 19만 3000원이다", [("193000", "원")]),
        ("จำนวน4500คน", [("4500", "")]), ("約３km離れた", [("3", "km")]), ("4500の家", [("4500", "")]), ("3万5", [("30005", "")]),
        ("1万2億", [("10000", ""), ("200000000", "")]), ("5000万3000億", [("50000000", ""), ("300000000000", "")]), ("1.5万3人", [("15000", ""), ("3", "人")]),
        ("٤٬٥٠٠ شخص و ٣٫٥٪", [("4500", "شخص"), ("3.5", "%")]), ("संख्या ४५०० थी", [("4500", "")]), ("15度の3 時間と2キログラム", [("15", "度"), ("3", "h"), ("2", "kg")]), ("−5度、￥300", [("-5", "度"), ("300", "JPY")]),
        ("6か月で3倍、10 パーセント", [("6", "month"), ("3", "times"), ("10", "%")]), ("-12億円", [("-1200000000", "JPY")]),
    ],
)  # fmt: skip
def test_figures_right_beside_letters(text: str, found: list[tuple[str, str]]) -> None:
    assert figures(text) == found
    assert all(text[n.start : n.end] == n.text for n in find_numbers(text))


@pytest.mark.parametrize(
    ("draft", "source", "result"),
    [
        ("12億円", "1.2 billion yen", "same"), ("19万3000人", "193,000", "same"), ("18万3000", "19万3000", "differs"), ("４５００人", "4500人", "same"),
        ("20万", "19万6千", "rounded"), ("4600人", "4500人", "differs"), ("12億円", "12億ドル", "unit"), ("٤٥٠٠", "4500", "same"),
    ],
)  # fmt: skip
def test_they_are_compared_like_others(draft: str, source: str, result: str) -> None:
    (d,), (s,) = find_numbers(draft), find_numbers(source)
    assert agree(d, s) == result


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("復旧は2024年3月15日に完了", [(2024, 3, 15)]), ("2024年3月の", [(2024, 3, None)]), ("3月15日に", [(None, 3, 15)]), ("令和6年3月", [(2024, 3, None)]), ("平成元年", [(1989, None, None)]),
        ("２０２４年", [(2024, None, None)]), ("1990年代", [(1990, None, None)]), ("2000年間", []), ("3月に", [(None, 3, None)]), ("15日間", []), ("2024년 3월 15일", [(2024, 3, 15)]),
        ("2024年3月15号", [(2024, 3, 15)]), ("1559人", []), ("昭和64年1月7日", [(1989, 1, 7)]), ("会議は2024-03-15に", [(2024, 3, 15)]),
    ],
)  # fmt: skip
def test_dates(text: str, found: list[tuple[int | None, int | None, int | None]]) -> None:
    assert [(d.year, d.month, d.day) for d in find_dates(text)] == found
    assert all(text[d.start : d.end] == d.text for d in find_dates(text))


def test_a_correction_of_such_a_date_is_what_the_source_says() -> None:
    (draft,), (source,) = find_dates("2024年3月16日"), find_dates("令和6年3月15日")
    assert like(draft, source) == "令和6年3月15日"


@pytest.mark.parametrize(
    ("text", "found"),
    [("午後3時30分に", [(15, 30)]), ("15時から", [(15, 0)]), ("午前12時", [(0, 0)]), ("午後12時", [(12, 0)]), ("3時間", []), ("会議は９:０５に", [(9, 5)]), ("9:05と8時", [(9, 5), (8, 0)])],
)  # fmt: skip
def test_times(text: str, found: list[tuple[int, int]]) -> None:
    assert [(t.hour, t.minute) for t in find_times(text)] == found
    assert all(text[t.start : t.end] == t.text for t in find_times(text))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("雨だった。風も強い！本当？はい", ["雨だった。", "風も強い！", "本当？", "はい"]),
        ("「雨だ。風だ。」と言った。次の文。", ["「雨だ。風だ。」と言った。", "次の文。"]),
        ("はい。」 次", ["はい。」", "次"]), ("（雨。風）だ。晴れ", ["（雨。風）だ。", "晴れ"]), ("え？！次。", ["え？！", "次。"]),
    ],
)  # fmt: skip
def test_sentences(text: str, parts: list[str]) -> None:
    assert [text[a:b] for a, b in split_sentences(text)] == parts


def test_words_end_where_figures_begin() -> None:
    assert [t.low for t in tokens("停電は19万3000世帯、NASAは１２台")] == [
        "停電は",
        "19万3000",
        "世帯",
        "nasa",
        "は",
        "12",
        "台",
    ]


SOURCE = "昨年の台風により4500人が避難し、被害額は12億円に達した。停電は19万3000世帯に及び、前年比で5%増加した。復旧は2024年3月15日に完了した。"


@pytest.mark.parametrize(
    ("draft", "short"),
    [
        ("昨年の台風により4600人が避難し、被害額は12億円に達した。", "Number: 4600 or 4500"),
        ("昨年の台風により4500人が避難し、被害額は92億円に達した。", "Number: 92億 or 12億"),
        ("停電は18万3000世帯に及び、前年比で5%増加した。", "Number: 18万3000 or 19万3000"),
        ("停電は１８万３０００世帯に及び、前年比で5%増加した。", "Number: １８万３０００ or 19万3000"),
        ("停電は19万3000世帯に及び、前年比で9%増加した。", "Number: 9% or 5%"),
        ("復旧は2024年3月16日に完了した。", "Date: 2024年3月16日 or 2024年3月15日"),
    ],
)
def test_a_changed_figure_is_flagged(draft: str, short: str) -> None:
    found = checked(draft, SOURCE)
    assert (found.verdict, found.short) == ("unsupported", short)


@pytest.mark.parametrize("at", range(3))
def test_what_stands_in_the_source_passes_and_says_what_was_compared(at: int) -> None:
    start, end = split_sentences(SOURCE)[at]
    found = checked(SOURCE[start:end].replace("4500", "４５００").replace("5%", "５％"), SOURCE)
    assert found.verdict == "supported"
    results = {(c.kind, c.result) for c in found.checks}
    assert ("date" if at == 2 else "number", "same") in results
    assert {("name", "not_compared"), ("negation", "not_compared")} <= results


@pytest.mark.parametrize(
    "draft",
    ["停電は19万3000世帯に及ばず、前年比で5%増加した。", "停電は19万3000世帯に及び、前年比で5%減少した。"],
)
def test_words_that_are_not_told_apart_do_not_pass_by_halves(draft: str) -> None:
    assert checked(draft, SOURCE).verdict == "partial"


def test_part_of_a_clause_is_enough() -> None:
    assert (
        checked("停電は19万3000世帯、5%増加した。", "大規模停電は19万3000世帯に及び、5%増加した。").verdict
        == "supported"
    )


@pytest.mark.parametrize(
    ("draft", "source"),
    [
        ("بلغ عدد القتلى ٤٦٠٠ شخص في المدينة.", "بلغ عدد القتلى ٤٥٠٠ شخص في المدينة."),
        ("ผู้เสียชีวิตจำนวน4600คนในปี", "ผู้เสียชีวิตจำนวน4500คนในปี"), ("매출은 19만 4000원이다.", "매출은 19만 3000원이다."),
        ("मृतकों की संख्या 4600 थी।", "मृतकों की संख्या ४५०० थी।"),
    ],
)  # fmt: skip
def test_other_scripts(draft: str, source: str) -> None:
    assert checked(draft, source).short.startswith("Number: ")
    assert checked(source, source).verdict == "supported"


def test_figures_of_a_source_may_stand_in_its_digits() -> None:
    assert [value for value, _ in figures("१२ और ١٢ १२.५")] == ["12", "12", "12.5"]


def test_full_width_digits_in_latin_text_are_still_a_disguise() -> None:
    found = checked("The plant made ４５００ tonnes.", "The plant made 4500 tonnes.")
    assert found.headline == "Characters cannot be compared"


@pytest.mark.parametrize(
    ("said", "verdict", "result"),
    [
        ("被害の全体はまだ確認できていない", "supported", ["same"]), ("被害の全体はすでに確認できている", "unsupported", ["not_found"]),
        ("被害の全体", "supported", ["none"]),
    ],
)  # fmt: skip
def test_quotations_between_corner_brackets(said: str, verdict: str, result: list[str]) -> None:
    found = checked(
        f"知事は会見で「{said}」と述べた。",
        "知事は会見で「被害の全体はまだ確認できていない」と述べた。被害の全体。",
    )
    assert [c.result for c in found.checks if c.kind == "quote"] == result
    assert found.verdict == verdict


# Words with digits that are no figures


@pytest.mark.parametrize(
    ("draft", "source", "verdict", "number"),
    [
        ("The mill runs version 2.3.2 of the tool.", "The mill runs version 2.3.1 of the tool.", "unsupported", "differs"),
        ("The mill runs version 2.3.1 of the tool.", "The mill runs version 2.3.1 of the tool.", "supported", "same"),
        ("The mill runs version 2.3.1 of the tool.", "The mill runs version 2.3.1.4 of the tool.", "unsupported", "differs"),
        ("The mill wrote ticket #46 on the pump.", "The mill wrote ticket #45 on the pump.", "unsupported", "differs"),
        ("The mill wrote ticket #45 on the pump.", "On the pump the mill wrote ticket 45.", "supported", "same"),
        ("The mill built a 5g network there.", "There the mill built a network.", "partial", "not_found"),
        ("The mill built a network, says [12].", "The mill built a network.", "supported", "not_compared"),
        ("The mill paid by account " + "9" * 41 + " in full.", "The mill paid by account " + "9" * 40 + "8 in full.", "unsupported", "differs"),
        ("It “is built by 12 men and women”, says the mill.", "The mill says it is built by 12 men and women.", "supported", "not_compared"),
        ("It “is built by 4x4x4 men and women”, says the mill.", "The mill says it is built by 4x4x4 men and women.", "supported", "not_compared"),
        ("The mill was built by men and women.", "The mill was built by men and women.", "supported", "none"),
        ("The mill made some 1850 sorts of paper and board.", "The mill made sorts of paper and board in 1850.", "supported", "same"),
    ],
)  # fmt: skip
def test_no_digit_passes_unseen(draft: str, source: str, verdict: str, number: str) -> None:
    found = checked(draft, source)
    assert found.verdict == verdict
    assert [c.result for c in found.checks if c.kind == "number"] == [number]


@pytest.mark.no_cover
@pytest.mark.parametrize("piece", ["#1 ", "a", "1a", "万", "。」", "a@", "4G-", "1,"])
def test_hostile_runs_end(piece: str) -> None:
    text = piece * (18_000 // len(piece))
    assert checked(text, text.replace("1", "2")).text == text


@given(
    st.text(st.sampled_from("0123456789 .,万億年月日人%０５，．～٤٬円午後時分a-"), max_size=30)
    | st.text(max_size=30)
)
def test_any_text_keeps_its_places(text: str) -> None:
    assert len(plain_figures(text)) == len(text)
    for found in (find_numbers(text), find_dates(text), find_times(text), tokens(text)):
        assert all(0 <= x.start < x.end <= len(text) for x in found)
    assert all(text[n.start : n.end] == n.text for n in find_numbers(text))
    assert all(text[d.start : d.end] == d.text for d in find_dates(text))
    assert all(agree(n, n) == "same" for n in find_numbers(text))
