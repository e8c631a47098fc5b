"""The error codes of src/, found by reading the code, not by running it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

FAMILIES = (
    "ProofroomError", "InvalidInput", "NotFound", "Conflict", "NotAllowed", "PreconditionRequired", "Unavailable",
    "TooLarge", "TooMany", "UnsupportedMedia", "Failure", "Failed", "NotSent",
)  # fmt: skip
_CODE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


def codes_in(source: Path) -> dict[str, set[str]]:
    """Each code with the modules that give it.

    A code is a text that goes into an error's or failure's `code`: directly, through a function with a parameter
    or a variable of that name, or as the member `code` of a dict. A code that is put together, such as
    `f"{what}_not_found"`, is answered as a pattern: `*_not_found`.
    """
    trees = {p.relative_to(source).as_posix(): ast.parse(p.read_text("utf-8")) for p in source.rglob("*.py")}
    places: dict[str, int] = dict.fromkeys(FAMILIES, 0)
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [a.arg for a in node.args.args if a.arg != "self"]
                if "code" in names:
                    places[node.name] = names.index("code")
    found: dict[str, set[str]] = {}
    for name, tree in trees.items():
        for code in _codes(tree, places):
            found.setdefault(code, set()).add(name)
    return found


def _codes(tree: ast.AST, places: dict[str, int]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            place = places.get(_name(node.func))
            if place is not None and len(node.args) > place:
                yield from _texts(node.args[place])
            for keyword in node.keywords:
                if keyword.arg == "code":
                    yield from _texts(keyword.value)
        elif isinstance(node, ast.Assign):
            if any(_name(target) == "code" for target in node.targets):
                yield from _texts(node.value)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "code":
                    yield from _texts(value)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _texts(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.IfExp):
        yield from _texts(value.body)
        yield from _texts(value.orelse)
    elif isinstance(value, ast.Constant) and isinstance(value.value, str) and _CODE.fullmatch(value.value):
        yield value.value
    elif isinstance(value, ast.JoinedStr):
        pattern = "".join(str(v.value) if isinstance(v, ast.Constant) else "*" for v in value.values)
        if _CODE.fullmatch(pattern.replace("*", "x")) and "_" in pattern:
            yield pattern
