"""From a question to the rows of its answer: the parts of the figure counted, finished, flagged, compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.figures.trends import repository
from app.figures.trends.domain import Dimension, Row, unprotected
from app.figures.trends.figures import periods, testing
from app.figures.trends.figures.baseline import baseline_asking, compared
from app.figures.trends.figures.kinds import Name, parts_of, true_rows
from app.figures.trends.figures.question import Asking
from app.figures.trends.figures.registry import figure_of
from app.figures.trends.protection.striking import late_days
from app.figures.trends.selection import Key
from app.figures.trends.selection import rows_of as selected
from app.platform.kernel.place import local


def rows_of(asking: Asking) -> tuple[Row, ...]:
    """The rows of the answer."""
    rows = _finished(asking, _incomplete(asking))
    changed = _testing_changed(asking)
    if changed:
        rows = [replace(row, testing_changed=_shows(row) and _key(asking, row) in changed) for row in rows]
    base = baseline_asking(asking)
    if base is not None:
        rows = compared(rows, _finished(base, {}))
    return tuple(rows)


def _finished(asking: Asking, incomplete: Mapping[Key, bool]) -> list[Row]:
    figure, selection = figure_of(asking), asking.selection
    parts = parts_of(figure, asking, selection.columns, selection.held)
    by = selection.by

    def rows(name: Name) -> list[Row]:
        counts, share = true_rows(figure, asking, name), figure.share(name)
        return [unprotected(c, by, incomplete=incomplete.get(c.key, False), share=share) for c in counts]

    return list(figure.finished(asking, {name: rows(name) for name in parts}))


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
    today, late = local(asking.now).date(), late_days(asking.session, asking.now)
    keys = {row.key for row in selected(figure.behind(asking, selection.columns, selection.held), selection)}
    return {key: periods.incomplete(period, key[at], first=first, today=today, late_days=late) for key in keys}


def _testing_changed(asking: Asking) -> set[Key]:
    """Keys of rows before which a method came or went."""
    selection = asking.selection
    period = periods.period_of(selection.by)
    if period is None or Dimension.METHOD in selection.by:
        return set()
    finer = replace(selection, by=(*selection.by, Dimension.METHOD))
    samples = selected(asking.samples(selection.columns, selection.held), selection)
    looked = selected(asking.samples(finer.columns, finer.held), finer)
    return testing.changed(selection.by, period, samples, looked)
