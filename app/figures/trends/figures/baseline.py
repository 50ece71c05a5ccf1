"""Comparison with a baseline: the same figure of the months it stands for, one per series, and the difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.figures.trends.domain import Row
from app.figures.trends.figures.newcombe import difference_interval
from app.figures.trends.figures.periods import PERIODS
from app.figures.trends.figures.question import Asking
from app.figures.trends.selection import Selection

FIGURES = ("baseline_value", "difference", "difference_low", "difference_high")
COUNTS = ("n", "numerator", "denominator")
NAMING = ("unit", "basis", "band_from", "band_to", "with", "outcome", "figure")
"""What tells rows of one key apart."""


def baseline_asking(asking: Asking) -> Asking | None:
    """The question the baseline answers, or None where nothing is compared."""
    if not any(asking.baseline):
        return None
    by = tuple(d for d in asking.selection.by if d not in PERIODS)
    where = {d: value for d, value in asking.selection.where.items() if d not in PERIODS}
    return replace(asking, selection=Selection(by, where, asking.baseline), baseline=("", ""))


def series_of(row: Row) -> tuple[object, ...]:
    """What a row and its baseline have in common."""
    keys = {name: value for name, value in row.key.items() if name not in [d.value for d in PERIODS]}
    return (*sorted(keys.items()), *(row.more.get(name) for name in NAMING))


def compared(rows: Sequence[Row], baseline: Sequence[Row]) -> list[Row]:
    """Rows with the figure of the baseline and the difference; shares with Newcombe's interval of it."""
    by_series = {series_of(row): row for row in baseline}
    return [replace(row, more={**row.more, **_beside(row, by_series.get(series_of(row)))}) for row in rows]


def _beside(row: Row, base: Row | None) -> Mapping[str, object]:
    told: dict[str, object] = {f"baseline_{name}": getattr(base, name, None) for name in COUNTS}
    told |= dict.fromkeys(FIGURES)
    told["baseline_suppressed"] = False
    told["baseline_value"] = base.value if base else None
    if base is None or base.value is None or row.value is None:
        return told
    told["difference"] = round(row.value - base.value, 12)
    if row.numerator is not None and base.numerator is not None and row.denominator and base.denominator:
        told["difference_low"], told["difference_high"] = difference_interval(
            (row.numerator, row.denominator), (base.numerator, base.denominator)
        )
    return told
