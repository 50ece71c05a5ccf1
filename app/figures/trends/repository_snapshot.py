"""Facts as columns in memory: loaded once where there are many, then brought up to date from what changed since.

Every change of facts is noted in `trend_change`, last in its transaction and on PostgreSQL under the lock of the audit
log, so that numbers become visible in their order. A collection someone changed without a note is loaded again as soon as
the number of its samples differs.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Session, col

from app.care.counted.service import TrendChange, TrendFinding, TrendOutcome, TrendSample, TrendTest, changing
from app.figures.trends.columnar import Coder, Facts, Mask, Table

LARGE = 20_000
"""Samples from which on columns are kept; below that they are loaded as quickly."""
PART = 500
"""Rows that are read at once: more, and the garbage collector looks through them again and again (measured: 8 s against 2)."""
CATCH_UP = 5_000
"""Changes up to which columns are brought up to date; after more they are loaded again."""
SAMPLE = (
    "submitter_group", "week", "month", "quarter", "year", "region", "agency", "site", "form", "expected",
    "expected_class", "service_type", "submitter_type", "verdict", "outcome", "turnaround_min",
)  # fmt: skip
FINDING = ("found", "found_class", "abundance", "unit", "basis", "methods")
TEST = ("method", "target", "seen", "unit", "basis")
OUTCOME = ("moment", "intention")
_PARTS: tuple[tuple[Any, tuple[str, ...]], ...] = ((TrendFinding, FINDING), (TrendTest, TEST), (TrendOutcome, OUTCOME))
_KEPT: dict[str, tuple[int, Facts]] = {}
"""By database the facts, and the number of the newest change that is in them."""
_LOCK = threading.Lock()
_SEEN = "trends.columns"


@dataclass(frozen=True)
class _Read:
    """Rows of a table: columns in numbers, and the amounts of findings."""

    codes: Table
    amounts: NDArray[np.float64]

    def where(self, mask: Mask) -> _Read:
        """Some of the rows."""
        return _Read({name: column[mask] for name, column in self.codes.items()}, self.amounts[mask])

    def within(self, live: Mask) -> _Read:
        """Without what belongs to a sample that came while the tables were read; it is read again with that sample."""
        return self.where(self.codes["sample"] < len(live))

    def joined(self, more: list[_Read]) -> _Read:
        """With rows of the same table after these."""
        codes = {name: np.concatenate([old, *(m.codes[name] for m in more)]) for name, old in self.codes.items()}
        return _Read(codes, np.concatenate([self.amounts, *(m.amounts for m in more)]))


def columns(session: Session) -> Facts:
    """The facts as this transaction sees them: as it saw them first, unless it changes some itself."""
    if changing(session):
        return _loaded(session)
    facts: Facts | None
    transaction, facts = session.info.get(_SEEN, (None, None))
    if facts is None or transaction is not session.connection():
        facts = _current(session)
        session.info[_SEEN] = session.connection(), facts
    return facts


def _current(session: Session) -> Facts:
    run = session.connection().execute
    live = int(run(sa.select(sa.func.count()).select_from(TrendSample)).scalar_one())
    version = int(run(sa.select(sa.func.max(TrendChange.id))).scalar_one() or 0)
    if live < LARGE:
        return _loaded(session)
    place = str(session.get_bind().engine.url)
    with _LOCK:
        known, facts = _KEPT.get(place, (0, None))
        if known > version:
            return _loaded(session)  # this transaction began before what is kept
        if facts is not None and 0 < version - known <= CATCH_UP:
            known, facts = version, _caught_up(session, facts, known, version)
        if facts is None or (known, facts.live.sum()) != (version, live):
            facts = _loaded(session)
        _KEPT[place] = version, facts
        return facts


def _loaded(session: Session) -> Facts:
    coders = {name: Coder() for name in (*SAMPLE, *FINDING, *TEST, *OUTCOME)}
    index = Coder()
    samples = _read(session, TrendSample, SAMPLE, coders, index).codes
    parts = [_read(session, table, names, coders, index) for table, names in _PARTS]
    live = np.ones(len(samples.pop("sample")), dtype=bool)
    return _facts(coders, index, samples, live, [part.within(live) for part in parts])


def _facts(coders: dict[str, Coder], index: dict[str, int], samples: Table, live: Mask, parts: list[_Read]) -> Facts:
    findings, tests, outcomes = parts
    return Facts(coders, index, samples, live, findings.codes, findings.amounts, tests.codes, outcomes.codes)


def _read(
    session: Session, table: Any, names: tuple[str, ...], coders: dict[str, Coder], index: Coder, which: Any = None
) -> _Read:
    """Columns of a table in numbers, `sample` first; amounts as they are."""
    connection = session.connection()
    of, key = table.__table__.c, table.__table__.c.sample_id
    # keys as the text they are kept as, or are sent as: quicker than as objects
    postgres = connection.dialect.name == "postgresql"
    text = sa.func.replace(sa.cast(key, sa.Text), "-", "") if postgres else sa.type_coerce(key, sa.String)
    amount = of.amount if table is TrendFinding else sa.null()
    query = sa.select(text, amount, *(of[name] for name in names))
    wanted = query if which is None else query.where(which)
    sql = str(wanted.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    cursor = connection.connection.cursor()  # of the driver: plain tuples, which the garbage collector passes over
    cursor.execute(sql)
    read = _Read({name: np.empty(0, np.int32) for name in ("sample", *names)}, np.empty(0))
    parts = []
    while rows := cursor.fetchmany(PART):
        keys, amounts, *values = zip(*rows, strict=True)
        codes = {name: coders[name].codes(column) for name, column in zip(names, values, strict=True)}
        parts.append(_Read({"sample": index.codes(keys), **codes}, np.array(amounts, dtype=np.float64)))
    cursor.close()
    return read.joined(parts)


def _caught_up(session: Session, facts: Facts, known: int, version: int) -> Facts:
    """What changed since, taken out and read again."""
    since = sa.select(col(TrendChange.sample_id)).where(col(TrendChange.id) > known, col(TrendChange.id) <= version)
    changed = sorted({row[0] for row in session.connection().execute(since.distinct())})
    index = dict(facts.index)
    gone = np.zeros(facts.rows, dtype=bool)
    gone[[index.pop(key.hex) for key in changed if key.hex in index]] = True
    fresh = Coder(facts.rows)  # numbered on from those there are
    batches = [changed[start : start + PART] for start in range(0, len(changed), PART)]

    def read(table: Any, names: tuple[str, ...]) -> list[_Read]:
        return [_read(session, table, names, facts.coders, fresh, col(table.sample_id).in_(keys)) for keys in batches]

    added = read(TrendSample, SAMPLE)
    samples = {
        name: np.concatenate([old, *(part.codes[name] for part in added)]) for name, old in facts.samples.items()
    }
    live = np.concatenate([facts.live & ~gone, np.ones(len(fresh), dtype=bool)])
    olds = [
        _Read(facts.findings, facts.figures),
        *(_Read(t, np.empty(len(t["sample"]))) for t in (facts.tests, facts.outcomes)),
    ]
    parts = [
        old.where(~gone[old.codes["sample"]]).joined(read(*of)).within(live)
        for old, of in zip(olds, _PARTS, strict=True)
    ]
    return _facts(facts.coders, {**index, **fresh}, samples, live, parts)
