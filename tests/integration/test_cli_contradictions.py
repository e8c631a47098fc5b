"""`contradictions`: what a project's sources disagree on, from the command line."""

from collections.abc import Iterator

import pytest

from tests.integration.cli import Cli, running_database


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    folder, data = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("data")
    cli = Cli(folder, data, {})
    cli.write("old.md", "The bridge was opened on 4 May 1998.\n")
    cli.write("new.md", "The bridge was opened on 14 May 1998.\n")
    cli.write("other.md", "Nothing of it.\n")
    with running_database(data):
        yield cli


def test_both_sides_are_told_with_their_sources(cli: Cli) -> None:
    cli("source", "add", "old.md", "other.md", "--project", "Apart")
    none = cli("contradictions", "--project", "Apart")
    assert (none.code, "No passages were found that disagree." in none.out) == (0, True)
    cli("source", "add", "new.md", "--project", "Apart")
    done = cli("contradictions", "--project", "Apart")
    assert "bridge opened: “14 May 1998” and “4 May 1998”" in done.out
    assert "The bridge was opened on 4 May 1998." in done.out
    assert "3 of 3 passages compared." in done.out
    (item,) = cli("contradictions", "--project", "Apart", "--source", "old.md", "--json").json["items"]
    assert item["a"]["says"] == "4 May 1998"
    assert cli("contradictions", "--project", "Apart", "--source", "other.md", "--json").json["found"] == 0


def test_a_source_of_another_project_is_not_there(cli: Cli) -> None:
    cli("source", "add", "other.md", "--project", "Elsewhere")
    known = cli("source", "list", "--project", "Elsewhere", "--json").json["items"][0]["id"]
    done = cli("contradictions", "--project", "Apart", "--source", known, "--json")
    assert done.code == 3, done
