"""Canonical JSON (RFC 8785) and the digests that decisions are made on."""

import hashlib
from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value. Raises ValueError for what JSON cannot say (NaN, huge integers)."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise ValueError(f"not canonical JSON: {error}") from error


def digest(value: Any) -> str:
    """The SHA-256 of a value's canonical JSON, as 64 hex characters."""
    return hashlib.sha256(canonical(value)).hexdigest()
