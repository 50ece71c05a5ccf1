"""What is wrong with a map, in words: which key, and what to write instead."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

SHOWN = 5
_IN_WORDS = {
    "missing": "is missing",
    "string_type": "must be one text in quotation marks",
    "string_too_short": "is too short",
    "tuple_type": "must be a list in [ ]",
    "model_type": "must be a section or { key = value }",
    "dict_type": "must be a section or { key = value }",
}


def faults_of(error: ValidationError, keys: Collection[str]) -> str:
    """The first few faults as one sentence. `keys` are those a map may have."""
    faults = [f"{'.'.join(map(str, e['loc'])) or 'the map'}: {_in_words(e, keys)}" for e in error.errors()[:SHOWN]]
    more = error.error_count() - len(faults)
    return "; ".join([*faults, *([f"and {more} more"] if more else [])])


def _in_words(fault: Any, keys: Collection[str]) -> str:
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(str(fault["loc"][-1]), sorted(keys), n=1)
        return f"no such key here{f'; is {near[0]} meant?' if near else ''}"
    return _IN_WORDS.get(fault["type"]) or str(fault["msg"]).removeprefix("Value error, ")
