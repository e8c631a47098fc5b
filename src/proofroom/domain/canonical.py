"""Canonical JSON (RFC 8785) and the digests that decisions are made on."""

import hashlib
from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value.

    Raises ValueError for what it cannot say: NaN and infinity, integers beyond 2**53 - 1, lone surrogates,
    keys that are not strings, other types, and nesting too deep to walk.
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise ValueError(f"not canonical JSON: {error}") from error


def digest(value: Any) -> str:
    """The SHA-256 of a value's canonical JSON, as 64 hex characters."""
    return hashlib.sha256(canonical(value)).hexdigest()
