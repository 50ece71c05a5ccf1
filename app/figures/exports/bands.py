"""Amounts as bands: fixed edges per unit, neighbours joined until each band holds k samples. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence

EDGES: dict[str, tuple[float, ...]] = {
    "percent_ww": (0, 10, 20, 30, 40, 50, 60, 70, 80, 90),
    "mg_per_unit": (0, 25, 50, 75, 100, 125, 150, 175, 200, 250, 300),
    "mg_per_ml": (0, 1, 5, 10, 25, 50, 100, 250),
    "ug_per_blotter": (0, 25, 50, 75, 100, 125, 150, 200, 250, 300),
}
"""Lower edges of bands; the last one is open. A unit that is not here is not shown (a ratio has no scale)."""
UNIT_WORDS = {
    "percent_ww": "% w/w", "mg_per_unit": "mg/unit", "mg_per_ml": "mg/mL", "ug_per_blotter": "µg/blotter",
}  # fmt: skip


def bands_of(amounts: Sequence[float], unit: str, k: int) -> list[str]:
    """The band of each amount, or "" for all where fewer than k were measured or the unit has no bands."""
    edges = EDGES.get(unit)
    if edges is None or len(amounts) < k:
        return [""] * len(amounts)
    which = [max(0, bisect_right(edges, amount) - 1) for amount in amounts]
    starts = _joined(Counter(which), len(edges), k)
    return [_words(edges, starts, bisect_right(starts, index) - 1, unit) for index in which]


def _joined(counts: Counter[int], n: int, k: int) -> list[int]:
    """First edges of bands that hold k amounts each, from below; what is left above joins the last one."""
    starts, held = [0], 0
    for index in range(n):
        held += counts[index]
        if held >= k and sum(counts[above] for above in range(index + 1, n)) >= k:
            starts.append(index + 1)
            held = 0
    return starts


def _words(edges: Sequence[float], starts: Sequence[int], position: int, unit: str) -> str:
    low = edges[starts[position]]
    if position + 1 == len(starts):
        return f"{low:g} or more {UNIT_WORDS[unit]}" if low else f"any amount {UNIT_WORDS[unit]}"
    return f"{low:g} to under {edges[starts[position + 1]]:g} {UNIT_WORDS[unit]}"


def band_words() -> Iterable[str]:
    """Every band there can be, for the data dictionary and its test."""
    for unit, edges in EDGES.items():
        n = len(edges)
        yield from (_words(edges, (0,), 0, unit), *(_words(edges, (0, i), 1, unit) for i in range(1, n)))
        yield from (_words(edges, (i, j), 0, unit) for i in range(n) for j in range(i + 1, n))
