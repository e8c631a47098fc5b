"""The generated parts of docs/reference: tables that come from the code.

    python tests/unit/doc_tables.py     writes them into the pages

A page holds `<!-- generated: NAME -->` and `<!-- end -->`; what stands between them is a table of this module.
test_docs.py fails when a page holds another one than the code gives.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from typer.main import get_command

from proofroom.agents.tools import TOOLS
from proofroom.api.app import bare_app
from proofroom.api.schemas.external import EVENT_MODELS
from proofroom.domain.work_session import TRANSITIONS, Event
from proofroom.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

PLAIN_NAMES = {
    "database_url": "DATABASE_URL",
    "anthropic_api_key": "ANTHROPIC_API_KEY",
    "anthropic_base_url": "ANTHROPIC_BASE_URL",
}
GUARDS = {
    ("in_progress", Event.CLAIM): "only when the lease has lapsed",
    ("in_progress", Event.COMPLETE): "only when the final gate was passed",
    ("in_progress", Event.RELEASE): "the lease ends at once, and the claim does not count",
    ("in_progress", Event.GIVE_UP): "after five claims in a row without a resting place",
    ("pending_review", Event.REQUEST_CHANGES): "at most three times in a session",
    ("failed", Event.RETRY): "only when the failure is retryable",
}


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]] | list[tuple[str, ...]]) -> str:
    """A Markdown table; bars in cells are escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in lines)


def settings() -> str:
    """Every field of Settings: variable, default, limits, description."""
    rows: list[tuple[str, ...]] = []
    for name, info in Settings.model_fields.items():
        default = "`~/.local/share/proofroom`" if name == "data_dir" else _default(info.default)
        limits = [str(m) for m in info.metadata]
        rows.append(
            (
                f"`{PLAIN_NAMES.get(name, f'PROOFROOM_{name.upper()}')}`",
                default,
                _limits(limits),
                (info.description or "") + ("" if is_used(name) else " Not used by this release."),
            )
        )
    return table(("variable", "default", "allowed", "meaning"), rows)


def is_used(setting: str) -> bool:
    """Whether something in src/ besides the settings reads it."""
    reads = re.compile(rf"\.{setting}\b")
    return any(
        reads.search(p.read_text("utf-8")) for p in (ROOT / "src").rglob("*.py") if p.name != "settings.py"
    )


def _default(value: object) -> str:
    return (
        "not set" if value in (None, "") else f"`{str(value).lower() if isinstance(value, bool) else value}`"
    )


def _limits(found: list[str]) -> str:
    numbers = dict(re.findall(r"(ge|le)=([\d.]+)", " ".join(found)))
    if not numbers:
        return ""
    if "le" not in numbers:
        return f"{numbers['ge']} or more"
    return f"{numbers['ge']} to {numbers['le']}"


def transitions() -> str:
    """The transition table of the domain, in its order."""
    rows = [
        (f"`{status.value}`", f"`{event.value}`", f"`{target.value}`", GUARDS.get((status.value, event), ""))
        for (status, event), target in TRANSITIONS.items()
    ]
    return table(("from", "event", "to", "condition"), rows)


def tools() -> str:
    """Every tool of an agent with its arguments; required ones are set in bold."""
    rows: list[tuple[str, ...]] = []
    for spec in TOOLS.values():
        needed = set(spec.schema.get("required", ()))
        arguments = [f"**`{a}`**" if a in needed else f"`{a}`" for a in spec.schema.get("properties", {})]
        rows.append((f"`{spec.name}`", ", ".join(arguments), spec.description))
    return table(("tool", "arguments", "what it does"), rows)


def agent_events() -> str:
    """Every event that an agent of somebody's own may post, with its members; required ones are set in bold."""
    rows: list[tuple[str, ...]] = []
    for model in EVENT_MODELS:
        schema = model.model_json_schema()
        needed = set(schema["required"])
        members = [m for m in schema["properties"] if m not in ("id", "type")]
        shown = [f"**`{m}`**" if m in needed else f"`{m}`" for m in members]
        words = " ".join((model.__doc__ or "").split())
        rows.append((f"`{schema['properties']['type']['const']}`", ", ".join(shown), words))
    return table(("type", "members", "what it says"), rows)


def http() -> str:
    """Every path and method of the API, from its OpenAPI description."""
    rows: list[tuple[str, ...]] = []
    for path, methods in sorted(openapi()["paths"].items()):
        for method, operation in sorted(methods.items()):
            rows.append((f"`{method.upper()} {path}`", operation.get("summary", "")))
    return table(("request", "what it does"), rows)


def openapi() -> Mapping[str, Any]:
    return bare_app().openapi()


def commands() -> Iterator[tuple[str, Any]]:
    """Each command of the command line with its full name; groups are left out."""
    from proofroom.cli.commands import app

    def walk(prefix: str, command: Any) -> Iterator[tuple[str, Any]]:
        below = getattr(command, "commands", None)
        if below is None:
            yield prefix, command
            return
        for name, one in below.items():
            yield from walk(f"{prefix} {name}", one)

    yield from walk("proofroom", get_command(app))


def cli() -> str:
    """Each command: what it does, its arguments and options, its example."""
    parts: list[str] = []
    for name, command in commands():
        lines = [f"### {name}", "", (command.help or "").strip(), ""]
        rows = [_parameter(p) for p in command.params if not getattr(p, "hidden", False)]
        lines += [table(("argument or option", "default", "meaning"), rows), ""]
        example = re.sub(r"^Example: ", "", (command.epilog or "").strip())
        shell, _, remark = example.partition("   (")
        if shell:
            lines += ["```console", f"$ {shell.strip()}", "```", ""]
        remark = re.sub(r"\)$", "", remark.strip())
        if remark:
            lines += [f"{remark[0].upper()}{remark[1:]}.", ""]
        parts.append("\n".join(lines))
    return "\n".join(parts).rstrip()


def _parameter(p: Any) -> tuple[str, ...]:
    if p.param_type_name == "argument":
        metavar = (p.metavar or p.name.upper()).strip("[]")
        return (
            f"`{metavar}`" if p.required else f"`[{metavar}]`",
            "" if p.required else "none",
            p.help or "",
        )
    names = ", ".join(f"`{o}`" for o in (*p.opts, *p.secondary_opts))
    value = "" if p.is_flag else f" `{p.metavar or p.name.upper()}`"
    many = " May be repeated." if p.multiple else ""
    return names + value, _default_of(p), (p.help or "") + many


def _default_of(p: Any) -> str:
    if p.required:
        return "required"
    if isinstance(p.show_default, str):
        return p.show_default
    if p.is_flag:
        return f"`{p.opts[0]}`" if p.default else "off"
    return "" if p.default is None else f"`{p.default}`"


PAGES: Mapping[str, tuple[str, Callable[[], str]]] = {
    "settings": ("reference/settings.md", settings),
    "transitions": ("reference/statuses-and-transitions.md", transitions),
    "tools": ("reference/agent-tools.md", tools),
    "events": ("reference/agent-events.md", agent_events),
    "http": ("reference/http-api.md", http),
    "commands": ("reference/cli.md", cli),
}


def written(text: str, name: str) -> str:
    """What stands in a page between the marks. Raises ValueError when the marks are missing."""
    found = re.search(rf"<!-- generated: {name} -->\n(.*?)\n<!-- end -->", text, re.DOTALL)
    if found is None:
        raise ValueError(f"no part called {name}")
    return found[1].strip()


def main() -> None:
    for name, (page, make) in PAGES.items():
        path = DOCS / page
        text = path.read_text(encoding="utf-8")
        old = written(text, name)
        path.write_text(text.replace(old, make()) if old else _put(text, name, make()), encoding="utf-8")
        print(f"{page}: {name}")


def _put(text: str, name: str, new: str) -> str:
    mark = f"<!-- generated: {name} -->\n"
    return text.replace(f"{mark}\n<!-- end -->", f"{mark}{new}\n<!-- end -->")


if __name__ == "__main__":
    main()
