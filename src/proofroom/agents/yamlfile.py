"""YAML files that people write, read so that every complaint can name the line.

Only plain data is accepted: no tags, anchors or aliases (a few short lines of aliases can unfold to
gigabytes), no deep nesting (the parser takes time by the square of it), no number and no text that JSON or the database
cannot hold, and no key twice, because the first of the two would be lost silently.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import yaml

from proofroom.agents.schemas import dotted, first_problem, path_of, say, unknown_keys
from proofroom.domain.errors import InvalidInput

MAX_BYTES = 1_000_000
MAX_NODES = 50_000
MAX_DEPTH = 30
MAX_INTEGER = 2**53 - 1
"""Beyond it a number is no longer the same number to every reader of JSON."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_OPENING = (
    yaml.BlockSequenceStartToken, yaml.BlockMappingStartToken, yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken,
)  # fmt: skip
_CLOSING = (yaml.BlockEndToken, yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class YamlFile:
    """`data` is the plain value of the file `name`; `lines` maps a path in it to its line, from 1 on."""

    name: str
    data: Any
    lines: Mapping[Path, int]

    def line(self, path: Sequence[str | int]) -> int:
        """The line of the value at `path`, or of the nearest enclosing value that has one."""
        for end in range(len(path), -1, -1):
            found = self.lines.get(tuple(path[:end]))
            if found is not None:
                return found
        return 1


class _Reader:
    def __init__(self, name: str, code: str) -> None:
        self.name = name
        self.code = code
        self.lines: dict[Path, int] = {}
        self.seen = 0
        self.loader = yaml.SafeLoader("")

    def refuse(self, line: int, what: str) -> InvalidInput:
        return InvalidInput(self.code, f"{self.name}, line {line}: {what}", "Correct the file and try again.")

    def value(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self.seen += 1
        if self.seen > MAX_NODES:
            raise self.refuse(line, f"the file holds more than {MAX_NODES:,} values.")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            items = cast("list[yaml.Node]", node.value)
            return [self.value(item, (*path, at)) for at, item in enumerate(items)]
        try:
            found: Any = self.loader.construct_object(node, deep=True)  # pyright: ignore[reportUnknownMemberType]
        except (yaml.YAMLError, ValueError) as error:
            raise self.refuse(
                line, f"a value of this kind is not read here ({_first_line(error)})."
            ) from error
        if (isinstance(found, float) and not math.isfinite(found)) or (
            isinstance(found, int) and abs(found) > MAX_INTEGER
        ):
            raise self.refuse(line, f"a number is finite, and a whole one at most {MAX_INTEGER}.")
        if isinstance(found, str) and _UNSTORABLE.search(found):
            raise self.refuse(line, "this text holds NUL or half of a character, which cannot be stored.")
        return found

    def scan(self, text: str) -> None:
        """Refuses what is not plain data before anything is built of it."""
        depth = 0
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            line = token.start_mark.line + 1
            if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
                raise self.refuse(line, "anchors, aliases and tags are not read here; write the value out.")
            depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
            if depth > MAX_DEPTH:
                raise self.refuse(line, f"values stand more than {MAX_DEPTH} deep in one another.")

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str | int, Any]:
        out: dict[str | int, Any] = {}
        for key_node, value_node in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            line = key_node.start_mark.line + 1
            key = self.value(key_node, (*path, "\0key")) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str | int) or isinstance(key, bool):
                raise self.refuse(line, "a key must be a word or a whole number.")
            if key in out:
                raise self.refuse(line, f"the key {key!r} stands here a second time.")
            self.lines[(*path, key)] = line
            out[key] = self.value(value_node, (*path, key))
        return out


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def read_yaml(text: str, *, name: str, code: str) -> YamlFile:
    """Parse `text`, the content of the file called `name`.

    Raises InvalidInput with `code` when it is not YAML of plain data; the message starts with name and line.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise InvalidInput(
            code,
            f"{name} is larger than {MAX_BYTES:,} bytes.",
            "Split the file or remove what it does not need.",
        )
    reader = _Reader(name, code)
    try:
        reader.scan(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise reader.refuse(line, f"this is not YAML: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise reader.refuse(1, f"this is not YAML: {_first_line(error)}.") from error
    if node is None:
        raise reader.refuse(1, "the file is empty.")
    return YamlFile(name=name, data=reader.value(node, ()), lines=reader.lines)


def check_yaml(file: YamlFile, schema: Mapping[str, Any], *, code: str, whole: str) -> None:
    """Hold the file against a JSON Schema; raises InvalidInput with `code`, naming the line and the place. `whole` is
    what the file holds."""
    error = first_problem(schema, file.data)
    if error is None:
        return
    path = (*path_of(error), *unknown_keys(error)[:1])
    raise yaml_error(file, path, say(error, whole), code=code)


def yaml_error(file: YamlFile, path: Sequence[str | int], what: str, *, code: str) -> InvalidInput:
    """An error about the value at `path`; its message starts with the file's name and the line."""
    line = file.line(path)
    return InvalidInput(
        code,
        f"{file.name}, line {line}: {what}",
        "Correct the file and try again.",
        field=dotted(path) or None,
        extra={"line": line},
    )
