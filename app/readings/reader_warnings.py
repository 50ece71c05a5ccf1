"""Warnings of a reader that a chemist must have looked at before anything rests on the file. Pure.

Which remarks are warnings is the readers' matter; here is only whether somebody looked, and when that has to be asked
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

WARNING = "warning"


def warnings_in(remarks: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Remarks that ask to be looked at."""
    return [remark for remark in remarks if remark.get("level") == WARNING]


def codes_in(readings_remarks: Iterable[Iterable[Mapping[str, Any]]]) -> frozenset[str]:
    """Codes of the warnings of all readings of a file."""
    return frozenset(str(remark.get("code", "")) for remarks in readings_remarks for remark in warnings_in(remarks))


def still_seen(before: frozenset[str], now: frozenset[str]) -> bool:
    """Whether a look at the warnings of before covers those of now: no code is new."""
    return now <= before
