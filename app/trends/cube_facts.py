"""Counts the facts of a cube: samples of clients by month, region and what was expected, and what was found in them.

True counts by bucket of hashed keys: for the makers of releases only, who protect them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from scipy import sparse
from sqlmodel import Session, col

from app.trends import repository
from app.trends.disclosure.cubes import Axes, Cube, Ints
from app.trends.disclosure.sticky import BUCKETS, Marks
from app.trends.domain import Audience, Count, Dimension, Hidden
from app.trends.measures import measure_of
from app.trends.repository_columns import of_clients
from app.trends.tables import TrendFinding, TrendSample
from app.trends.targets import target_of
from harm_messages import Register

NOT_KNOWN = "not_known"
OTHERS = "all_others"
MOST_EXPECTED = 30
MOST_CLASSES = 24
LEAST = Audience.PUBLIC.threshold
"""Labels that fewer samples have than the public may see would tell of them by being there: they go into OTHERS."""

_COLUMNS = (Dimension.MONTH, Dimension.REGION, Dimension.EXPECTED, Hidden.BUCKET)


@dataclass(frozen=True)
class CubeFacts:
    """A cube with the marks of its samples. `keys`: short hashes of the keys of the samples that are counted."""

    marks: Marks
    untested: Ints
    keys: npt.NDArray[np.uint64]

    @property
    def axes(self) -> Axes:
        """The labels."""
        return self.marks.axes

    def cube(self) -> Cube:
        """The counts."""
        shape, classes = self.axes.atom_shape, len(self.axes.classes)
        samples = _total(self.marks.samples).reshape(shape)
        found = [_total(one) for one in self.marks.found]
        stacked = np.array(found, np.int64).reshape(classes, *shape)
        return Cube(self.axes, samples, stacked, self.untested)

    def digest(self) -> str:
        """sha-256 of all of it."""
        out = hashlib.sha256(
            repr((self.axes.months, self.axes.regions, self.axes.expected, self.axes.classes)).encode()
        )
        for matrix in (self.marks.samples, *self.marks.found):
            whole = sparse.coo_matrix(matrix)
            order = np.lexsort((whole.col, whole.row))
            for part in (whole.row, whole.col, whole.data):
                out.update(np.ascontiguousarray(part[order], np.int64).tobytes())
        out.update(np.ascontiguousarray(self.untested, np.int64).tobytes())
        out.update(self.keys.tobytes())
        return out.hexdigest()


def _total(matrix: object) -> Ints:
    return np.asarray(sparse.csr_matrix(matrix).sum(axis=1), np.int64).ravel()


def count(
    session: Session,
    register: Register,
    months: tuple[str, str] | None,
    last: str,
    *,
    most_classes: int = MOST_CLASSES,
) -> CubeFacts | None:
    """All client samples of these months (none given: from the first one on, up to `last`). None where there is none.

    `most_classes`: only the commonest found classes, for a cube that is proven in seconds.
    """
    span = months or _span(session)
    if span is None or span[0] > last:
        return None
    first, until = span[0], min(span[1], last) if months is None else months[1]
    cells = _dated(repository.cells(session, measure_of("samples"), _COLUMNS), first, until)
    if not cells:
        return None
    axes = Axes(_months(first, until), _regions(cells), _expected(cells), _classes(session, first, until, most_classes))
    samples, _ = _matrix(axes, cells)
    found, untested = [], []
    for name in axes.classes:
        counted = repository.cells(session, measure_of("found"), _COLUMNS, target=target_of(name, register))
        tested, hits = _matrix(axes, _dated(counted, first, until))
        found.append(hits)
        untested.append(_total(samples) - _total(tested))
    shape = (len(axes.classes), *axes.atom_shape)
    marks = Marks(axes, samples, tuple(found))
    return CubeFacts(marks, np.array(untested, np.int64).reshape(shape), keys(session, first, until))


def _span(session: Session) -> tuple[str, str] | None:
    query = sa.select(sa.func.min(TrendSample.month), sa.func.max(TrendSample.month))
    row = session.connection().execute(query.where(of_clients(None), col(TrendSample.month) != "")).one()
    return (str(row[0]), str(row[1])) if row[0] else None


def _dated(cells: list[Count], first: str, last: str) -> list[Count]:
    return [cell for cell in cells if first <= cell.key[0] <= last]


def _months(first: str, last: str) -> tuple[str, ...]:
    start, end = (int(m[:4]) * 12 + int(m[5:]) - 1 for m in (first, last))
    return tuple(f"{m // 12}-{m % 12 + 1:02d}" for m in range(start, end + 1))


def _label(value: str) -> str:
    return value or NOT_KNOWN


def _regions(cells: list[Count]) -> tuple[str, ...]:
    counted: Counter[str] = Counter()
    for cell in cells:
        counted[_label(cell.key[1])] += cell.denominator
    return _kept(counted, len(counted))


def _expected(cells: list[Count]) -> tuple[str, ...]:
    counted: Counter[str] = Counter()
    for cell in cells:
        counted[_label(cell.key[2])] += cell.denominator
    return _kept(counted, MOST_EXPECTED)


def _kept(counted: Counter[str], most: int) -> tuple[str, ...]:
    large = [name for name, n in sorted(counted.items(), key=lambda item: (-item[1], item[0])) if n >= LEAST][:most]
    return (*sorted(large), *([OTHERS] if len(large) < len(counted) else []))


def _classes(session: Session, first: str, last: str, most: int) -> tuple[str, ...]:
    """Classes found in enough samples, and the wider ones that hold more than one of them."""
    query = (
        sa.select(col(TrendFinding.found_class), sa.func.count(sa.distinct(col(TrendFinding.sample_id))))
        .join_from(TrendFinding, TrendSample, col(TrendFinding.sample_id) == TrendSample.sample_id)
        .where(of_clients(None), col(TrendSample.month) >= first, col(TrendSample.month) <= last)
        .group_by(col(TrendFinding.found_class))
    )
    counted = {str(name): int(n) for name, n in session.connection().execute(query) if name}
    large = {name: n for name, n in counted.items() if n >= LEAST}
    for name in tuple(large):
        parts = name.split(".")
        for length in range(1, len(parts)):
            wider = ".".join(parts[:length])
            members = [n for other, n in large.items() if other.startswith(wider + ".")]
            if len(members) > 1:
                large.setdefault(wider, sum(members))
    return tuple(sorted(sorted(large, key=lambda name: (-large[name], name))[:most]))


def _matrix(axes: Axes, cells: list[Count]) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Denominators and numerators as finest cell × bucket."""
    places = [{label: i for i, label in enumerate(labels)} for labels in (axes.months, axes.regions, axes.expected)]
    rows, columns = np.empty(len(cells), np.int64), np.empty(len(cells), np.int64)
    size = axes.atom_shape
    for i, cell in enumerate(cells):
        month, region, expected, bucket = cell.key
        r = places[1].get(_label(region), size[1] - 1)
        e = places[2].get(_label(expected), size[2] - 1)
        rows[i] = (places[0][month] * size[1] + r) * size[2] + e
        columns[i] = int(bucket)
    shape = (size[0] * size[1] * size[2], BUCKETS)
    both = []
    for values in ([c.denominator for c in cells], [c.numerator for c in cells]):
        matrix = sparse.csr_matrix((np.array(values, np.int64), (rows, columns)), shape)
        matrix.eliminate_zeros()
        both.append(matrix)
    return both[0], both[1]


def keys(session: Session, first: str, last: str) -> npt.NDArray[np.uint64]:
    """Short hashes of the keys of the samples counted in these months."""
    query = sa.select(col(TrendSample.sample_id)).where(
        of_clients(None), col(TrendSample.month) >= first, col(TrendSample.month) <= last
    )
    found = session.connection().execute(query)
    hashed = [int.from_bytes(hashlib.sha256(b"release" + row[0].bytes).digest()[:8], "big") for row in found]
    return np.sort(np.array(hashed, np.uint64))
