"""The documentation says what the code says: settings, errors, commands, transitions, tools, routes, links."""

import re
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import doc_errors
import doc_tables
from doc_tables import DOCS, PAGES, ROOT

MARKDOWN = sorted([*DOCS.rglob("*.md"), ROOT / "README.md"])


@pytest.mark.parametrize("name", PAGES)
def test_generated_parts_are_what_the_code_gives(name: str) -> None:
    page, make = PAGES[name]
    stands = doc_tables.written((DOCS / page).read_text("utf-8"), name)
    assert stands == make().strip(), "run: python tests/unit/doc_tables.py"


def test_every_setting_is_documented_with_a_meaning() -> None:
    rows = [r for r in doc_tables.settings().splitlines()[2:] if not r.rstrip(" |").endswith("|")]
    documented = set(re.findall(r"^\| `([A-Z_]+)`", "\n".join(rows), re.MULTILINE))
    names = doc_tables.Settings.model_fields
    assert documented == {doc_tables.PLAIN_NAMES.get(n, f"PROOFROOM_{n.upper()}") for n in names}


def test_every_error_code_is_documented_and_no_other() -> None:
    found = doc_errors.codes_in(ROOT / "src" / "proofroom")
    patterns = [code for code in found if "*" in code]
    codes = set(found) - set(patterns)
    rows = re.findall(
        r"^\| `([a-z0-9_]+)` \| (.+?) \| (.+?) \|$", (DOCS / "reference/errors.md").read_text(), re.MULTILINE
    )
    documented = [code for code, _, _ in rows]
    assert sorted(documented) == sorted(set(documented)), "a code stands there twice"
    assert codes - set(documented) == set(), "not in docs/reference/errors.md"
    unknown = {c for c in set(documented) - codes if not any(fnmatch(c, p) for p in patterns)}
    assert unknown == set(), "no code in src/ gives these"


def test_every_command_has_an_example_and_every_option_a_meaning() -> None:
    for name, command in doc_tables.commands():
        assert command.epilog, f"{name} has no example"
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert parameter.help, f"{name} {parameter.name} says nothing"


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = path if not file else (path.parent / file).resolve()
        assert there.exists(), f"{target} does not exist"
        if anchor:
            assert anchor in anchors(there), f"{target} has no such heading"


def anchors(path: Path) -> set[str]:
    """Headings as GitHub makes anchors of them."""
    found = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in found}


def test_every_page_is_reachable_from_the_index() -> None:
    seen: set[Path] = set()
    todo = [DOCS / "index.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", page.read_text("utf-8"))
        todo += [(page.parent / t).resolve() for t in targets if not re.match(r"[a-z]+:", t)]
    assert set(DOCS.rglob("*.md")) - seen == set()


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda p: str(p.relative_to(ROOT)))
def test_plain_language(path: Path) -> None:
    """No emoji, no exclamation marks, and nothing is ever called verified."""
    prose = re.sub(r"```.*?```|`[^`]*`", "", path.read_text("utf-8"), flags=re.DOTALL)
    assert not re.search("[\U0001f000-\U0001faff\u2600-\u27bf]", prose)
    assert not re.search(r"\w!(?!\[)", prose)
    assert not re.search(r"(?i)(?<!never says “)\bverified\b", prose)
