"""Files of packs are parsed once in a test process: tests read the shipped pack some thousand times with one file changed.

Kept is what a text came to, and each reader gets a copy of its own; a text that is refused is looked at anew.
"""

from __future__ import annotations

import pickle
from typing import Any

from harm_messages import reading

_KEPT: dict[str, bytes] = {}
_MOST = 4_000
_parse = reading._load


def forget() -> None:
    """For a test that asks what parsing costs."""
    _KEPT.clear()


def _load(text: str) -> Any:
    if (kept := _KEPT.get(text)) is not None:
        return pickle.loads(kept)
    value = _parse(text)
    if len(_KEPT) < _MOST:
        _KEPT[text] = pickle.dumps(value)
    return value


def install() -> None:
    """For this process."""
    reading._load = _load
