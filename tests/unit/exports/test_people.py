"""What a deliverable shows of tables, charts and opinions: what a person reads, and nothing for machines."""

from typing import Any

import pytest

from proofroom.domain.document import Chart, chart_figures, from_json
from proofroom.exports import markdown

COMPUTED = {
    "op": "table",
    "source_id": "s1",
    "version": 2,
    "table": 0,
    "steps": [{"sort": {"by": "Year"}}],
}


def rendered(*blocks: dict[str, Any]) -> str:
    document = from_json({"version": 1, "title": "T", "refs": {}, "blocks": list(blocks)})
    return markdown.render(document, [], {"s1": "costs.csv"})


def chart(values: Any) -> dict[str, Any]:
    drawn = {"x": {"field": "Year"}, "y": {"field": "Cost"}, "tooltip": {"field": "Note"}}
    spec = {"mark": "line", "data": {"values": values}, "layer": [{"encoding": drawn}]}
    return {"type": "chart", "title": "Cost by Year", "spec": spec, "computed": COMPUTED}


def test_a_computed_table_says_where_it_comes_from_in_words() -> None:
    table = {
        "type": "table",
        "caption": "Cost",
        "columns": [{"name": "Year"}, {"name": "Cost", "unit": "k€"}],
        "rows": [["2024", "48"]],
        "computed": COMPUTED,
    }
    text = rendered(table)
    assert "{computed" not in text
    assert "| 2024 | 48 |\n\nComputed from costs.csv, version 2, table 1." in text


def test_a_chart_is_its_figures() -> None:
    text = rendered(
        chart([{"Year": "2023", "Cost": 35.25, "Note": "9,999 owed"}, {"Year": "2024", "Cost": None}])
    )
    assert "vega" not in text
    assert "9,999" not in text
    assert "Table: Chart: Cost by Year" in text
    assert "| 2023 | 35.25 |\n| 2024 |  |" in text


@pytest.mark.parametrize("values", [[], "none", [1, 2], [{"x": 1}] * 201, None])
def test_a_chart_without_plain_figures_is_named(values: Any) -> None:
    assert "Chart: Cost by Year. Its figures stand in the program." in rendered(chart(values))


def test_a_chart_of_what_it_works_out_itself_is_named() -> None:
    figures = chart([{"Year": "2023", "Cost": 35.25}])
    figures["spec"]["transform"] = [{"filter": "datum.Cost < 1"}]
    assert "Its figures stand in the program." in rendered(figures)
    undrawn = {"type": "chart", "title": "C", "spec": {"data": {"values": [{"a": 1}]}}}
    assert "Its figures stand in the program." in rendered(undrawn)


def test_what_is_nested_without_end_draws_nothing() -> None:
    deep: dict[str, Any] = {"x": {"field": "a"}}
    for _ in range(40):
        deep = {"layer": deep}
    figures = {"data": {"values": [{"a": 1}]}, **deep}
    assert chart_figures(Chart("C", figures)) is None
    assert chart_figures(Chart("C", {**figures, "x": {"field": "a"}})) is not None


def test_names_of_sources_and_figures_of_charts_are_text() -> None:
    text = rendered(chart([{"Year": "<!-- 2023 -->", "Cost": "[a](http://b.example)"}]))
    assert "| \\<!-- 2023 --> | \\[a\\](http://b.example) |" in text


def test_an_opinion_is_called_one() -> None:
    assert "> Opinion: It is dear." in rendered({"type": "opinion", "text": "It is dear."})
