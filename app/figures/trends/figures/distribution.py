"""How amounts are spread: the share of samples in each of the fixed bands of a unit.

Bands are fixed, so that two tables can be compared. Of true figures only: no table of it is given to anybody else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from app.figures.trends.domain import Count, Row
from app.figures.trends.figures.kinds import Name, Parts, Shown, named, summed
from app.figures.trends.figures.quantiles import amounts, of_unit
from app.figures.trends.figures.question import Asking, Columns, Held
from app.figures.trends.selection import Key

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
        """Band after band."""
        return named(shown)
