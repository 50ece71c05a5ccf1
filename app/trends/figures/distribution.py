"""How amounts are spread: the share of samples in each of the fixed bands of a unit.

Bands are fixed so that nobody can move their edges past a single sample. The bands of a row add up to all of its samples,
so a band that is hidden takes others with it (`complemented`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.trends.domain import Count, Row
from app.trends.figures.kinds import Name, Parts, Shown, named, summed, true_rows
from app.trends.figures.quantiles import amounts, of_unit
from app.trends.figures.question import Asking, Columns, Held
from app.trends.selection import Key

HIDDEN_TOGETHER = 10
"""Samples in the hidden bands of a row together: less of them could be bounded within ±4 from what is left of the row."""

BANDS: Mapping[str, tuple[float, ...]] = {
    "percent_ww": tuple(range(0, 100, 10)),
    "mg_per_unit": tuple(range(0, 401, 20)),
    "ug_per_blotter": tuple(range(0, 401, 25)),
    "mg_per_ml": tuple(range(0, 201, 10)),
    "ratio": tuple(k / 10 for k in range(10)),
}
"""Lower edges per unit; the last one is open: from there on upwards."""


def bands_of(unit: str) -> list[tuple[float, float | None]]:
    """The bands of a unit, from the lower edge (within) to the upper one (without). None: no upper edge."""
    edges = BANDS.get(unit, ())
    return [*zip(edges, (*edges[1:], None), strict=True)] if edges else []


class Distribution:
    """A part per unit, basis and band."""

    def share(self, name: Name) -> bool:
        """The share of samples in the band."""
        return True

    def parts(self, asking: Asking, columns: Columns, held: Held) -> Parts:
        """How many amounts per cell lie in each band, of how many; also bands in which there is none."""
        inside: defaultdict[tuple[str, str], Counter[tuple[Key, int]]] = defaultdict(Counter)
        for key, kind, figure in amounts(asking, columns, held):
            inside[kind][key, bisect_right(BANDS.get(kind[0], ()), max(0.0, figure)) - 1] += 1
        parts: dict[Name, list[Count]] = {}
        for kind, counted in sorted(inside.items()):
            whole: Counter[Key] = Counter()
            for (key, _), n in counted.items():
                whole[key] += n
            for place, (start, end) in enumerate(bands_of(kind[0])):
                name = (*of_unit(kind), ("band_from", start), ("band_to", end))
                parts[name] = [Count(key, counted[key, place], n) for key, n in whole.items()]
        return parts

    def behind(self, asking: Asking, columns: Columns, held: Held) -> list[Count]:
        """Samples in which it was measured."""
        counted: Counter[Key] = Counter(key for key, _, _ in amounts(asking, columns, held))
        return summed([[Count(key, 0, n) for key, n in counted.items()]])

    def finished(self, asking: Asking, shown: Shown) -> Iterator[Row]:
        """The bands of a row one after the other, with what must be hidden beside a hidden one."""
        if not asking.protected:
            yield from named(shown)
            return
        rows: defaultdict[tuple[Key, Name], list[tuple[Name, Row]]] = defaultdict(list)
        for name, of_band in shown.items():
            for row in of_band:
                rows[tuple(row.key.values()), name[:2]].append((name, row))
        true = {name: {c.key: c.numerator for c in true_rows(self, asking, name)} for name in shown}
        for (key, _), bands in sorted(rows.items()):
            counts = [true[name][key] for name, _ in bands]
            told = complemented([row for _, row in bands], counts, asking.audience.threshold)
            for (name, _), row in zip(bands, told, strict=True):
                yield replace(row, more=dict(name))


def complemented(bands: Sequence[Row], true: Sequence[int], least: int) -> list[Row]:
    """The bands of one row, with more of them hidden until no hidden one can be worked out from the rest.

    What is hidden is known to be the row less the bands that are shown. So at least two are hidden, which together hold
    10 samples or more: any split between them is then as good as another. The emptiest go first. All of them give one
    reason: which were hidden for their own sake is not said.
    """
    whole = next((row.n for row in bands if row.n is not None), None)
    hidden = {k for k, row in enumerate(bands) if row.numerator is None}
    if whole is None or not hidden:
        return list(bands)
    left = sorted((k for k in range(len(bands)) if k not in hidden), key=lambda k: (true[k] == 0, true[k], k))
    while left and (len(hidden) < 2 or sum(true[k] for k in hidden) < HIDDEN_TOGETHER):
        hidden.add(left.pop(0))
    why = f"fewer than {least} samples in this band or another"
    nothing: dict[str, Any] = {"numerator": None, "value": None, "low": None, "high": None, "suppressed": why}
    return [replace(row, n=whole, denominator=whole, **nothing) if k in hidden else row for k, row in enumerate(bands)]
