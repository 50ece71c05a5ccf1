"""Columns in memory of large collections of facts: loaded once, then brought up to date from what changed since.

Every change of facts is noted in `trend_change`, last in its transaction and on PostgreSQL under the lock of the audit
log, so that numbers become visible in their order. A collection somebody changed without a note is loaded anew as soon as
the number of its samples differs.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col

from app.care.counted.service import TrendChange, TrendFinding, TrendSample, TrendTest, changing
from app.figures.trends.columnar import Coder, Facts, Mask

LARGE = 20_000
"""Samples from which on columns are kept; below that SQL is as quick."""
AT_ONCE = 500
PART = 500
"""Rows that are read at once: more, and the garbage collector looks through them again and again (measured: 8 s against 2)."""
CATCH_UP = 5_000
"""Changes up to which columns are brought up to date; after more they are loaded anew."""
SAMPLE = (
    "submitter_group", "agency_id", "week", "month", "quarter", "year", "region", "agency", "site", "form", "expected",
    "expected_class", "service_type", "submitter_type", "verdict", "outcome",
    "turnaround_min",
)  # fmt: skip
FINDING = ("found", "found_class", "abundance", "unit", "basis")
TEST = ("method", "target", "seen", "unit", "basis")
_SEEN = "trends.columns"
_KEPT: dict[str, _Kept] = {}
_LOCK = threading.Lock()


@dataclass(frozen=True)
class _Kept:
    facts: Facts
    version: int
    live: int


def columns(session: Session) -> Facts | None:
    """The facts as this transaction sees them, or None where SQL should count: few samples, or changes of its own."""
    info = session.info
    if changing(session):
        return None
    transaction = session.connection()
    if _SEEN in info and info[_SEEN][0] is transaction:
        return info[_SEEN][1]  # type: ignore[no-any-return]
    kept = _current(session, moment(session))
    info[_SEEN] = (transaction, kept.facts if kept else None)
    return kept.facts if kept else None


def every_column(session: Session) -> Facts:
    """The facts as columns however few they are, for striking figures."""
    return columns(session) or _loaded(session, moment(session)[0]).facts


def moment(session: Session) -> tuple[int, int]:
    """What tells one state of the facts from another: the number of the newest change, and how many samples there are."""
    run = session.connection().execute
    live = int(run(sa.select(sa.func.count()).select_from(TrendSample)).scalar_one())
    return int(run(sa.select(sa.func.max(TrendChange.id))).scalar_one() or 0), live


def _current(session: Session, at: tuple[int, int]) -> _Kept | None:
    version, live = at
    if live < LARGE:
        return None
    place = str(session.get_bind().engine.url)
    with _LOCK:
        kept = _KEPT.get(place)
        if kept is not None and kept.version > version:
            return None  # this transaction began before what is kept
        if kept is not None and 0 < version - kept.version <= CATCH_UP:
            kept = _caught_up(session, kept, version)
        if kept is None or (kept.version, kept.live) != at:
            kept = _loaded(session, version)
        _KEPT[place] = kept
        return kept


def _loaded(session: Session, version: int) -> _Kept:
    coders = {name: Coder() for name in (*SAMPLE, *FINDING, *TEST)}
    index = Coder()
    samples = _read(session, TrendSample, SAMPLE, coders, index)
    findings, tests = (_read(session, table, names, coders, index) for table, names in _PARTS)
    live = np.ones(len(samples.pop("sample")), dtype=bool)
    findings, tests = _within(findings, live), _within(tests, live)
    facts = Facts(coders, index, samples, live, findings, findings.pop("amount"), tests)
    return _Kept(facts, version, len(live))


_PARTS: tuple[tuple[Any, tuple[str, ...]], ...] = ((TrendFinding, FINDING), (TrendTest, TEST))


def _within(columns: dict[str, Any], live: Mask) -> dict[str, Any]:
    """Without what belongs to a sample that came while the tables were read; it is read again with that sample."""
    there = columns["sample"] < len(live)
    return columns if there.all() else {name: column[there] for name, column in columns.items()}


def _read(
    session: Session, table: Any, names: Sequence[str], coders: dict[str, Coder], index: Coder, which: Any = None
) -> dict[str, Any]:
    """Columns of a table in numbers, `sample` first; amounts as they are."""
    connection = session.connection()
    text = connection.dialect.name == "postgresql"

    def column(name: str) -> Any:  # keys as the text they are kept as, or are sent as: quicker than as objects
        own = table.__table__.c[name]
        if name not in ("sample_id", "agency_id"):
            return own
        return sa.func.replace(sa.cast(own, sa.Text), "-", "") if text else sa.type_coerce(own, sa.String)

    figures = ["amount"] if table is TrendFinding else []
    query = sa.select(column("sample_id"), *(column(name) for name in (*names, *figures)))
    wanted = query if which is None else query.where(which)
    sql = str(wanted.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    cursor = connection.connection.cursor()  # of the driver: plain tuples, which the garbage collector passes over
    cursor.execute(sql)
    parts: dict[str, list[Any]] = {name: [] for name in ("sample", *names, *figures)}
    while rows := cursor.fetchmany(PART):
        keys, *by_column = zip(*rows, strict=True)
        parts["sample"].append(index.codes(keys))
        for name, values in zip((*names, *figures), by_column, strict=True):
            coded = np.array(values, dtype=np.float64) if name in figures else coders[name].codes(values)
            parts[name].append(coded)
    cursor.close()
    return {name: np.concatenate(some) if some else _nothing(name) for name, some in parts.items()}


def _nothing(name: str) -> Any:
    return np.empty(0, np.float64 if name == "amount" else np.int32)


def _caught_up(session: Session, kept: _Kept, version: int) -> _Kept:
    """What changed since, taken out and read again."""
    since = sa.select(col(TrendChange.sample_id)).where(
        col(TrendChange.id) > kept.version, col(TrendChange.id) <= version
    )
    changed = sorted({row[0] for row in session.connection().execute(since.distinct())})
    facts, index = kept.facts, dict(kept.facts.index)
    gone = np.zeros(facts.rows, dtype=bool)
    gone[[index.pop(key.hex) for key in changed if key.hex in index]] = True
    fresh = _Renumbered(facts.rows)
    parts = [changed[start : start + AT_ONCE] for start in range(0, len(changed), AT_ONCE)]

    def read(table: Any, names: Sequence[str]) -> list[dict[str, Any]]:
        return [_read(session, table, names, facts.coders, fresh, col(table.sample_id).in_(part)) for part in parts]

    added = read(TrendSample, SAMPLE)
    samples = {name: np.concatenate([old, *(part[name] for part in added)]) for name, old in facts.samples.items()}
    live = np.concatenate([facts.live & ~gone, np.ones(len(fresh), dtype=bool)])
    rows: list[dict[str, Any]] = []
    olds: tuple[dict[str, Any], ...] = ({**facts.findings, "amount": facts.figures}, {**facts.tests})
    for old, (table, names) in zip(olds, _PARTS, strict=True):
        stay, more = ~gone[old["sample"]], read(table, names)
        joined = {name: np.concatenate([column[stay], *(part[name] for part in more)]) for name, column in old.items()}
        rows.append(_within(joined, live))
    findings, tests = rows
    figures = findings.pop("amount")
    new = Facts(facts.coders, {**index, **fresh}, samples, live, findings, figures, tests)
    return _Kept(new, version, int(live.sum()))


class _Renumbered(Coder):
    """Numbers samples on from those there are."""

    def __init__(self, start: int) -> None:
        super().__init__()
        self.start = start

    def __missing__(self, value: Any) -> int:
        self[value] = code = self.start + len(self)
        return code


def mask_of(session: Session, facts: Facts, holds: Any) -> Mask:
    """Which samples fulfil a condition that is asked in SQL."""
    query = sa.select(col(TrendSample.sample_id)).where(holds)
    mask = np.zeros(facts.rows, dtype=bool)
    rows = [facts.index.get(row[0].hex) for row in session.connection().execute(query)]
    mask[[at for at in rows if at is not None]] = True
    return mask
