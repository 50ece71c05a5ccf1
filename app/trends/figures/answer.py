"""From a question to the rows of its answer: the parts of the figure down the one road, finished, flagged, compared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from app.trends import differencing, domain, repository
from app.trends.domain import LONDON, Dimension, Row
from app.trends.figures import periods, road, testing
from app.trends.figures.baseline import baseline_asking, compared
from app.trends.figures.kinds import parts_of
from app.trends.figures.question import Asking
from app.trends.figures.registry import figure_of
from app.trends.figures.standing import keys_with_samples
from app.trends.selection import Key

LATE_SHARE = 0.95
SETTLED_DAYS, LOOK_BACK_DAYS = 31, 396
"""Samples received a month to thirteen months ago say how late results come: newer ones are the quick ones only."""
FEWEST_WAITS = 20


def rows_of(asking: Asking) -> tuple[Row, ...]:
    """The rows of the answer, protected unless the operator asks."""
    rows = _finished(asking, _incomplete(asking))
    changed = _testing_changed(asking)
    if changed:
        rows = [replace(row, testing_changed=_shows(row) and _key(asking, row) in changed) for row in rows]
    base = baseline_asking(asking)
    if base is not None:
        nothing = domain.too_few(asking.audience) if asking.protected else "no samples"
        rows = compared(rows, _finished(base, {}), nothing)
    return tuple(rows)


def _finished(asking: Asking, incomplete: Mapping[Key, bool]) -> list[Row]:
    figure, selection = figure_of(asking), asking.selection
    parts = parts_of(figure, asking, selection.columns, selection.held)
    return list(figure.finished(asking, {name: road.shown(figure, asking, name, incomplete) for name in parts}))


def _key(asking: Asking, row: Row) -> Key:
    return tuple(row.key[d.value] for d in asking.selection.by)


def _shows(row: Row) -> bool:
    return row.n is not None or row.denominator is not None


def _incomplete(asking: Asking) -> dict[Key, bool]:
    """By row whether its period is not complete."""
    selection, figure = asking.selection, figure_of(asking)
    period = periods.period_of(selection.by)
    if period is None:
        return {}
    at, first = selection.by.index(period), repository.first_of(asking.session, period, agency_id=asking.agency_id)
    today, late = asking.now.astimezone(LONDON).date(), _late_days(asking)
    keys = keys_with_samples(asking) | {
        row.key for row in differencing.rows_of(figure.behind(asking, selection.columns, selection.held), selection)
    }
    return {key: periods.incomplete(period, key[at], first=first, today=today, late_days=late) for key in keys}


def _late_days(asking: Asking) -> int:
    """Whole days within which 95 % of earlier samples were released; 0 where fewer than 20 are known."""
    today = asking.now.astimezone(LONDON).date()
    span = (today - timedelta(days=LOOK_BACK_DAYS), today - timedelta(days=SETTLED_DAYS))
    minutes = repository.wait_at(asking.session, LATE_SHARE, span, fewest=FEWEST_WAITS, agency_id=asking.agency_id)
    return math.ceil(minutes / (24 * 60))


def _testing_changed(asking: Asking) -> set[Key]:
    """Keys of rows before which a method came or went."""
    selection = asking.selection
    period = periods.period_of(selection.by)
    if period is None or Dimension.METHOD in selection.by:
        return set()
    finer = replace(selection, by=(*selection.by, Dimension.METHOD))
    samples = differencing.rows_of(asking.samples(selection.columns, selection.held), selection)
    looked = differencing.rows_of(asking.samples(finer.columns, finer.held), finer)
    return testing.changed(selection.by, period, samples, looked, asking.audience.threshold)
