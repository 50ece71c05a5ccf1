"""Strikes what is due and reads what was struck. A month is due when it counts as complete, a quarter and a year with their
last month; afterwards they are stored as they read, and later results, amendments and withdrawals do not change them."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import ceil

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Session, col, select

from app.care.counted.service import TrendSample
from app.figures.trends.domain import Dimension
from app.figures.trends.protection import lattice
from app.figures.trends.protection.counting import Collection, fixed
from app.figures.trends.protection.noise import REACH, Draws, Stream, Strength
from app.figures.trends.protection.tables import FigureList, FigurePeriod
from app.figures.trends.repository_snapshot import columns
from app.platform import audit
from app.platform.db import Database, UnitOfWork
from app.platform.kernel.errors import Conflict, Invalid
from app.platform.kernel.place import local
from harm_messages import Register

LATE_SHARE, SETTLED_DAYS, LOOK_BACK_DAYS, FEWEST_WAITS = 0.95, 31, 396, 20
"""Samples received a month to thirteen months ago say how late results come: newer ones are the quick ones only."""
BEGIN = REACH[Stream.SAMPLES] + 1
"""Data begin with the month by whose end a year has so many samples, by perturbed numbers: one more than noise makes of none."""
LATER = ((10, "fewer than 10"), (50, "10 to 49"))
"""How many results came later is said in bands: in numbers, each step would date the result of one sample."""
_LOCK_KEY = 0x4D415354
_CLIENTS = col(TrendSample.submitter_group) == "client"


@dataclass(frozen=True)
class StruckFigures:
    """Everything that was struck, of one strength."""

    periods: Mapping[str, lattice.Struck]
    strength: Strength
    _covers: dict[tuple[tuple[str, ...], lattice.Geography], list[lattice.Part] | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def until(self, month: str) -> StruckFigures:
        """Those of the months up to this one; without a month, all of them."""
        if not month:
            return self
        return replace(self, periods={k: one for k, one in self.periods.items() if lattice.months_of(k)[-1] <= month})

    def covered(self, months: tuple[str, ...], wanted: lattice.Geography) -> list[lattice.Part] | None:
        """The drawn tables that add up to these months, worked out once."""
        key = (months, wanted)
        if key not in self._covers:
            self._covers[key] = lattice.cover(self.periods, months, wanted)
        return self._covers[key]

    @cached_property
    def months(self) -> list[str]:
        """The months there are figures of."""
        return sorted(label for label in self.periods if lattice.kind_of(label) == "month")


@dataclass(frozen=True)
class Prepared:
    """Periods that were drawn and are not yet kept; `known`: what was there when they were."""

    periods: Sequence[Mapping[Strength, lattice.Struck]]
    lists: Mapping[str, lattice.Lists]
    known: frozenset[str]


def strike_due(database: Database, register: Register, draws: Draws, *, request_id: str = "striking") -> list[str]:
    """Strike every period that is due. The labels of those struck now; none where nothing is due.

    Raises Conflict where this server has another secret than the one that figures were struck with before, or where
    someone else strikes at the same moment.
    """
    with database.read() as session:
        made = prepare(session, register, draws, database.clock())
    if not made.periods:
        return []
    with database.begin(request_id=request_id) as uow:
        keep(uow, made, draws)
    return [one[Strength.PUBLIC].label for one in made.periods]


def prepare(session: Session, register: Register, draws: Draws, now: datetime) -> Prepared:
    """Count and draw what is due. Reads only."""
    _check_secret(session, draws)
    known = frozenset(session.exec(select(FigurePeriod.label)))
    lists = {row.year: lattice.Lists.of(row.content) for row in session.exec(select(FigureList))}
    there = Collection(columns(session), register, draws)
    struck = (label for label in known if lattice.kind_of(label) == "month")
    # data have begun where they began, also when the first samples are withdrawn
    begin = min(filter(None, (_begin(session, there), *struck)), default="")
    over = local(now).date() - timedelta(days=late_days(session, now))  # results had their time to come in
    complete = lattice.after(f"{over:%Y-%m}", -1)
    due = due_of(begin, complete, known) if begin else []
    if not due:
        return Prepared((), {}, known)
    volumes = {year: _volume(there, year, begin, complete) for year in sorted({label[:4] for label in due})}
    fresh = {year: fixed(there, year, volume) for year, volume in volumes.items() if year not in lists}
    at = now.astimezone(UTC).isoformat(timespec="seconds")
    made = [
        there.strike(
            label, (lists | fresh)[label[:4]], at, partial=lattice.months_of(label)[0] < begin, volume=volumes[label[:4]] * len(lattice.months_of(label)),
        )
        for label in due
    ]  # fmt: skip
    return Prepared(made, fresh, known)


def keep(uow: UnitOfWork, made: Prepared, draws: Draws) -> None:
    """Write what was drawn, or nothing where another strike came between."""
    session = uow.session
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    _check_secret(session, draws)
    years = set(session.exec(select(FigureList.year)))
    if frozenset(session.exec(select(FigurePeriod.label))) != made.known or years & made.lists.keys():
        raise Conflict(
            "Figures were struck by someone else at the same moment. What they struck stands. Nothing was drawn twice.",
            hint="Strike again if anything is still due.",
        )
    for year, lists in made.lists.items():
        session.add(FigureList(year=year, content=lists.as_data(), key_check=draws.check, fixed_at=uow.now))
    for both in made.periods:
        content, one = pack(both), both[Strength.PUBLIC]
        session.add(
            FigurePeriod(
                label=one.label,
                struck_at=uow.now,
                partial=one.partial,
                sha256=hashlib.sha256(content).hexdigest(),
                content=content,
            )
        )
    session.flush()
    audit.record(uow, "strike", "figures", made.periods[-1][Strength.PUBLIC].label,
                 after={"periods": [one[Strength.PUBLIC].label for one in made.periods]})  # fmt: skip


def revise(uow: UnitOfWork, register: Register, draws: Draws, year: str, reason: str) -> list[str]:
    """Draw a struck year once more with the facts of today: cells whose samples are the same keep their figure.

    Raises Invalid for a year that is not struck, Conflict for one that was revised before: the promise is for two draws.
    """
    session = uow.session
    _check_secret(session, draws)
    rows = list(session.exec(select(FigurePeriod).where(col(FigurePeriod.label).startswith(year))))
    listed = session.get(FigureList, year)
    if listed is None or year not in {row.label for row in rows}:
        raise Invalid(
            f"The year {year} is not struck yet, so there is nothing to revise.", fields={"year": "not struck"}
        )
    if any(row.revision > 1 for row in rows):
        raise Conflict(
            f"The figures of {year} were revised before. A year is revised once.", hint="They stay as they are."
        )
    there, lists = Collection(columns(session), register, draws), lattice.Lists.of(listed.content)
    for row in rows:
        there_were = unpack(row, lists, Strength.PUBLIC).tables
        again = there.strike(
            row.label, lists, uow.now.astimezone(UTC).isoformat(timespec="seconds"), partial=row.partial,
            volume=float("inf"),
        )  # fmt: skip
        kept = {
            s: replace(one, tables={g: figures for g, figures in one.tables.items() if g in there_were})
            for s, one in again.items()
        }
        row.content, row.struck_at, row.revision, row.reason = pack(kept), uow.now, 2, reason[:500]
        row.sha256 = hashlib.sha256(row.content).hexdigest()
        session.add(row)
    labels = sorted(row.label for row in rows)
    audit.record(uow, "revise", "figures", year, after={"periods": labels, "reason": reason[:500]})
    return labels


def due_of(begin: str, complete: str, known: frozenset[str]) -> list[str]:
    """Periods from the first month on that are complete and not struck; `complete`: the last complete month."""
    months, at = [], begin
    while at <= complete:
        months.append(at)
        at = lattice.after(at)
    whole = [q for q in dict.fromkeys(map(lattice.quarter_of, months)) if lattice.months_of(q)[-1] <= complete]
    whole += [y for y in dict.fromkeys(m[:4] for m in months) if lattice.months_of(y)[-1] <= complete]
    return [label for label in (*months, *whole) if label not in known]


def _check_secret(session: Session, draws: Draws) -> None:
    other = select(FigureList.year).where(FigureList.key_check != draws.check).limit(1)
    if session.exec(other).first() is not None:
        raise Conflict(
            "The secret of this server is not the one that figures were drawn with, so nothing is drawn: the same samples "
            "would get other figures. What was published stands as it is.",
            hint="Put the file “secret” of the old server into the data directory.",
        )


def _begin(session: Session, there: Collection) -> str:
    """The month in which the data begin; after what was released before figures were struck."""
    years = sorted({m[:4] for m in there.facts.held(Dimension.MONTH, there.among) if m})
    months = [m for year in years for m in lattice.months_of(year)]
    first = next((m for m in months if _noisy(there, [one for one in months if m[:4] < one <= m], m) >= BEGIN), "")
    if not first:
        return ""
    # months of a release that was rounded and audited keep the figures they have
    released = sa.text("SELECT max(last_month) FROM data_release WHERE facts_digest <> ''")
    rounded = session.connection().execute(released).scalar_one()
    return max(first, lattice.after(str(rounded)) if rounded else "")


def _noisy(there: Collection, months: list[str], name: str) -> int:
    return there.noisy(there.within(months), f"begin {name}", Stream.SAMPLES)


def _volume(there: Collection, year: str, begin: str, complete: str) -> float:
    """Samples of a month: of the year before where there is one, else of the year itself; by perturbed numbers."""
    before = f"{int(year) - 1}"
    of = before if before >= begin[:4] and f"{before}-12" >= begin else year
    months = [m for m in lattice.months_of(of) if begin <= m <= complete]
    counted = [_noisy(there, [m], m) for m in months]
    return max(0.0, sum(counted) / max(1, len(counted)))


def late_days(session: Session, now: datetime) -> int:
    """Whole days within which 95 % of earlier samples were released; 0 where fewer than 20 are known."""
    today = local(now).date()
    span = (today - timedelta(days=LOOK_BACK_DAYS), today - timedelta(days=SETTLED_DAYS))
    minutes, run = col(TrendSample.turnaround_min), session.connection().execute
    waits = sa.and_(_CLIENTS, minutes.is_not(None), col(TrendSample.day).between(*span))
    known = int(run(sa.select(sa.func.count()).where(waits)).scalar_one())
    if known < FEWEST_WAITS:
        return 0
    place = int(LATE_SHARE * (known - 1))
    late = run(sa.select(minutes).where(waits).order_by(minutes).offset(place).limit(1)).scalar_one()
    return ceil(int(late or 0) / (24 * 60))


# -- as bytes --------------------------------------------------------------------------------------


def pack(both: Mapping[Strength, lattice.Struck]) -> bytes:
    """A period of both strengths as a compressed numpy archive."""
    arrays: dict[str, NDArray[np.int32 | np.uint8]] = {}
    medians: dict[str, list[list[str | float | None]]] = {}
    for strength, one in both.items():
        for geography, figures in one.tables.items():
            arrays[f"{strength}.{geography[0]:d}{geography[1]:d}"] = figures.astype(np.int32)
        arrays[f"pairs.{strength}"] = one.pairs.astype(np.int32)
        medians[strength] = [
            [f"{g[0]:d}{g[1]:d}", name, place, m.n, m.value, m.low, m.high]
            for (g, name, place), m in one.medians.items()
        ]
    about = {"struck_at": next(iter(both.values())).struck_at, "medians": medians}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, **arrays)
    return out.getvalue()


def unpack(row: FigurePeriod, lists: lattice.Lists, strength: Strength) -> lattice.Struck:
    """One strength of a kept period."""
    with np.load(io.BytesIO(row.content), allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        tables = {
            _geography(name.partition(".")[2]): arrays[name].astype(np.int64)
            for name in arrays.files
            if name.startswith(f"{strength}.")
        }
        pairs = arrays[f"pairs.{strength}"].astype(np.int64)
    medians = {
        (_geography(g), name, place): lattice.Median(*rest) for g, name, place, *rest in about["medians"][strength]
    }
    return lattice.Struck(row.label, lists, about["struck_at"], tables, medians, pairs, row.partial)


def _geography(text: str) -> tuple[bool, bool]:
    return text[0] == "1", text[1] == "1"


_KEPT: dict[tuple[str, Strength], tuple[object, StruckFigures]] = {}
_GUARD = threading.Lock()


def struck_figures(session: Session, strength: Strength) -> StruckFigures:
    """Everything that was struck; kept in memory until more is, or a year is revised."""
    newest, revised = sa.func.max(FigurePeriod.struck_at), sa.func.sum(FigurePeriod.revision)
    # the bytes are others where a database was put back
    digests = sa.func.min(FigurePeriod.sha256), sa.func.max(FigurePeriod.sha256)
    at = tuple(session.connection().execute(sa.select(sa.func.count(), newest, revised, *digests)).one())
    key = (str(session.get_bind().engine.url), strength)
    with _GUARD:
        kept = _KEPT.get(key)
        if kept is not None and kept[0] == at:
            return kept[1]
    lists = {row.year: lattice.Lists.of(row.content) for row in session.exec(select(FigureList))}
    rows = session.exec(select(FigurePeriod))
    made = StruckFigures({row.label: unpack(row, lists[row.label[:4]], strength) for row in rows}, strength)
    with _GUARD:
        _KEPT[key] = (at, made)
    return made


def struck_months(session: Session) -> list[str]:
    """The months that are struck."""
    return sorted(label for label in session.exec(select(FigurePeriod.label)) if lattice.kind_of(label) == "month")


def told_as_of(session: Session, there: StruckFigures) -> tuple[str, str]:
    """The day on which the newest period was struck, and in bands how many results of these months came after theirs was."""
    struck = {m: there.periods[m].struck_at for m in there.months}
    if not struck:
        return "", ""
    counted = [
        sa.and_(
            col(TrendSample.month).in_([m for m, t in struck.items() if t == at]),
            col(TrendSample.released_at) > datetime.fromisoformat(at),
        )
        for at in sorted(set(struck.values()))
    ]
    query = sa.select(sa.func.count()).where(_CLIENTS, sa.or_(*counted))
    late = int(session.connection().execute(query).scalar_one())
    words = next((words for below, words in LATER if late < below), "50 or more")
    return local(datetime.fromisoformat(max(struck.values()))).date().isoformat(), words
