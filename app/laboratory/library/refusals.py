"""What an import refused, for people: grouped by reason, and as a table a spreadsheet cannot be tricked by. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_FIGURES = re.compile(r"[-+−]?\d[\d,.]*")


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: in the words of its first case, which is named, and how many there are of the kind."""

    words: str
    count: int
    name: str
    file: str


def reasons_of(refusals: Iterable[Mapping[str, Any]]) -> list[Reason]:
    """The kinds of reasons, the commonest first. Sentences that differ in figures only are of one kind."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in refusals:
        groups.setdefault(_FIGURES.sub("#", str(one.get("reason", ""))), []).append(one)
    found = [
        Reason(str(g[0].get("reason", "")), len(g), str(g[0].get("name", "")), str(g[0].get("file", "")))
        for g in groups.values()
    ]
    return sorted(found, key=lambda reason: -reason.count)


def refusals_csv(refusals: Sequence[Mapping[str, Any]]) -> str:
    """File, spectrum and reason of each, as CSV with a head."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["file", "spectrum", "reason"])
    for row in refusals:
        writer.writerow([_neutral(str(row.get(key, ""))) for key in ("file", "name", "reason")])
    return out.getvalue()


def _neutral(value: str) -> str:
    """Text that begins like a formula gets an apostrophe (OWASP: CSV injection)."""
    return "'" + value if value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else value
