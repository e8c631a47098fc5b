"""Canonical JSON (RFC 8785) and the digests that decisions are made on."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, cast

import rfc8785

_LARGEST = 2**53 - 1
# Between these, Python and RFC 8785 (ECMAScript's Number::toString) write a fraction with the same, shortest digits.
_PLAIN_FROM, _PLAIN_TO = 1e-4, 1e16


def canonical(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value.

    Raises ValueError for what it cannot say: NaN and infinity, integers beyond 2**53 - 1, lone surrogates,
    keys that are not strings, other types, and nesting too deep to walk.
    """
    try:
        # Python's own writer is several times as quick and writes the same, except for large integers, for figures
        # that one of the two writes with an exponent, and for the order of keys beyond ASCII.
        quick = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        if _is_simple(value):
            if ".0" in quick:  # a whole number that is a float, or the like in a text
                quick = json.dumps(_whole(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            return quick.encode()
    except (TypeError, ValueError, RecursionError):
        pass  # what is wrong with it is said below
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise ValueError(f"not canonical JSON: {error}") from error


def _is_simple(value: Any) -> bool:
    """Whether it holds nothing but text, truth values, null, safe integers, fractions that are written without an
    exponent, lists, and objects with ASCII keys.

    It must not be circular.
    """
    todo: list[Any] = [value]
    while todo:
        part = todo.pop()
        inside: Iterable[Any]
        if type(part) is dict:
            members = cast(dict[Any, Any], part)
            for key in members:
                if type(key) is not str or not key.isascii():
                    return False
            inside = members.values()
        elif type(part) is list:
            inside = cast(list[Any], part)
        else:
            return False
        for item in inside:
            kind = cast(Any, type(item))
            if kind is dict or kind is list:
                todo.append(item)
            elif kind is int:
                if not -_LARGEST <= item <= _LARGEST:
                    return False
            elif kind is float:
                if item and not _PLAIN_FROM <= abs(item) < _PLAIN_TO:
                    return False
            elif kind is not str and kind is not bool and item is not None:
                return False
    return True


def _whole(value: Any) -> Any:
    """The value with whole numbers that are floats as integers, which are written without ".0"."""
    if type(value) is dict:
        return {key: _whole(item) for key, item in cast(dict[Any, Any], value).items()}
    if type(value) is list:
        return [_whole(item) for item in cast(list[Any], value)]
    return int(value) if type(value) is float and value.is_integer() else value


def digest(value: Any) -> str:
    """The SHA-256 of a value's canonical JSON, as 64 hex characters."""
    return hashlib.sha256(canonical(value)).hexdigest()
