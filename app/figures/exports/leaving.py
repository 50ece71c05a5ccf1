"""Which rows leave when samples leave or change, so that two extracts subtracted show k rows and never one. Pure.

Samples are withdrawn and results amended one at a time. A row that is missing from the next extract would be that
sample's. So it goes together with others of its group, and those stay out of the project for good.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from app.figures.exports.domain import K
from app.figures.exports.records import Drawn, Known


def leaving(rows: Iterable[Drawn], gone: Collection[str], k: int = K) -> set[str]:
    """Keys of the rows of one batch that leave with `gone`: k or more of a group, or the whole group."""
    groups: dict[Known, list[Drawn]] = defaultdict(list)
    for row in rows:
        groups[row.known].append(row)
    out: set[str] = set()
    for members in groups.values():
        lost = [row for row in members if row.key in gone]
        if not lost:
            continue
        stay = [row for row in members if row.key not in gone]
        peers = max(k - len(lost), int(_alike(lost)))
        if len(stay) - peers < k:
            out.update(row.key for row in members)
        else:
            out.update(row.key for row in (*lost, *_company(lost, stay, peers)))
    return out


def _company(lost: Sequence[Drawn], stay: Sequence[Drawn], peers: int) -> list[Drawn]:
    """Those that go along, by a hash of their secret keys; one that differs first, or the set would tell."""
    ranked = sorted(stay, key=lambda row: hashlib.sha256(row.key.encode()).digest())
    if peers and _alike(lost):
        ranked.sort(key=lambda row: row.found == lost[0].found)  # stable: one that differs comes first
        first, rest = ranked[0], sorted(ranked[1:], key=lambda row: hashlib.sha256(row.key.encode()).digest())
        ranked = [first, *rest]
    return ranked[:peers]


def _alike(rows: Sequence[Drawn]) -> bool:
    return all(row.found == rows[0].found for row in rows)
