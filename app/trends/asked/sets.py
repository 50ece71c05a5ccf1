"""The samples behind the rows of an answer, as sketches by label. Never leaves the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from app.trends import repository
from app.trends.asked.canonical import NAMING, digest_of, predicate_of
from app.trends.asked.checking import Candidate
from app.trends.asked.sketch import Counts
from app.trends.domain import BUCKETS, Count, Hidden, Kind, Question, Row
from app.trends.figures import Asking, baseline_asking
from app.trends.figures.agreement import BOTH, EITHER
from app.trends.figures.kinds import Name, parts_of
from app.trends.figures.question import Columns
from app.trends.figures.registry import figure_of
from app.trends.selection import Key, Selection

Figure = Callable[[str], object]
NOTHING: Counts = np.zeros(BUCKETS, dtype=np.int32)


def candidates(asking: Asking, asked: Question, rows: Sequence[Row]) -> list[Candidate]:
    """For each row of the answer what it is about and which sets of samples stand behind it."""
    base = baseline_asking(asking)
    behind, behind_base = _Behind(asking), None if base is None else _Behind(base)
    return [_candidate(asking, asked, row, behind, behind_base) for row in rows]


def _candidate(asking: Asking, asked: Question, row: Row, behind: _Behind, behind_base: _Behind | None) -> Candidate:
    about = predicate_of(asked, asking.measure, row, scope=str(asking.agency_id or ""))
    sets, shown = behind.of(row, lambda name: row.more.get(name) if name == "with_both" else getattr(row, name))
    if behind_base is not None:
        more, also = behind_base.of(row, lambda name: row.more.get(f"baseline_{name}"))
        sets |= {f"baseline_{label}": sketch for label, sketch in more.items()}
        shown |= {f"baseline_{label}" for label in also}
    bands = {name: value for name, value in about["of"].items() if not name.startswith("band_")}
    group = digest_of({**about, "of": bands}) if len(bands) < len(about["of"]) else ""
    return Candidate(digest_of(about), sets, frozenset(shown), group)


@dataclass(slots=True)
class _Behind:
    """Sketches of numerators and denominators by part of the figure and key of the row, drawn once each."""

    asking: Asking
    parts: Mapping[Name, Mapping[Key, tuple[Counts, Counts]]] = field(init=False)

    def __post_init__(self) -> None:
        selection, quick = self.asking.selection, self._quick()
        if quick is not None:
            self.parts = {(): _summed(quick, selection)}
            return
        columns: Columns = (*selection.columns, Hidden.BUCKET)
        counted = parts_of(figure_of(self.asking), self.asking, columns, selection.held)
        self.parts = {name: _by_row(cells, selection) for name, cells in counted.items()}

    def _quick(self) -> list[tuple[Key, Counts, Counts]] | None:
        """Sketches per cell of a figure of one part, where large collections are kept in memory."""
        asking, selection = self.asking, self.asking.selection
        if asking.measure.kind not in (Kind.SHARE, Kind.COUNT):
            return None
        return repository.bucketed(
            asking.session, asking.measure, selection.columns, agency_id=asking.agency_id,
            target=asking.target(asking.found) if asking.found else None, holds=asking.holds(selection.held),
        )  # fmt: skip

    def of(self, row: Row, figure: Figure) -> tuple[dict[str, Counts], set[str]]:
        """The sets behind a row by label, and which of them its figures show. `figure` gives a figure by its name."""
        key = tuple(row.key[d.value] for d in self.asking.selection.by)
        name = tuple((part, row.more[part]) for part in NAMING if part in row.more)
        numerator, everything = self._part(name, key)
        sets = {"all": everything}
        shown = {"all"} if figure("denominator") is not None else set()
        if figure_of(self.asking).share(name):
            sets |= {"hit": numerator, "rest": everything - numerator}
            shown |= {"hit", "rest"} if figure("numerator") is not None else set()
        if self.asking.measure.kind is Kind.AGREEMENT:
            sets |= {"either": self._part(EITHER, key)[1], "both": self._part(BOTH, key)[1]}
            shown |= {"either"} if figure("n") is not None else set()
            shown |= {"both"} if figure("with_both") is not None else set()
        elif figure("n") is not None:
            shown.add("all")
        return sets, shown

    def _part(self, name: Name, key: Key) -> tuple[Counts, Counts]:
        return self.parts.get(name, {}).get(key, (NOTHING, NOTHING))


def _summed(cells: Sequence[tuple[Key, Counts, Counts]], selection: Selection) -> dict[Key, tuple[Counts, Counts]]:
    """Numerator and denominator per row from those of cells."""
    rows: dict[Key, tuple[Counts, Counts]] = {}
    for key, hits, everything in cells:
        if selection.fits(key):
            row = selection.row_of(key)
            before = rows.get(row)
            rows[row] = (hits, everything) if before is None else (before[0] + hits, before[1] + everything)
    return rows


def _by_row(cells: Sequence[Count], selection: Selection) -> dict[Key, tuple[Counts, Counts]]:
    """Numerator and denominator per row from cells with the bucket as last part of their key."""
    rows: dict[Key, int] = {}
    places: dict[Key, int] = {}
    for key in dict.fromkeys(cell.key[:-1] for cell in cells):
        places[key] = rows.setdefault(selection.row_of(key), len(rows)) if selection.fits(key) else -1
    table = np.array(
        [(places[c.key[:-1]], int(c.key[-1]), c.numerator, c.denominator) for c in cells], dtype=np.int64
    ).reshape(-1, 4)
    row, bucket, *figures = table[table[:, 0] >= 0].T
    numerators, denominators = (
        np.bincount(row * BUCKETS + bucket, figure, len(rows) * BUCKETS).astype(np.int32).reshape(-1, BUCKETS)
        for figure in figures
    )
    return {key: (numerators[at], denominators[at]) for key, at in rows.items()}
