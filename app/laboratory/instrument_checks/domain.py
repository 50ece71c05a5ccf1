"""When an instrument is in date, and what is entered about it. Pure: no database, no web, no arrays."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.platform.kernel.place import local
from app.platform.kernel.worded import Worded

DAILY = frozenset({"ftir"})
"""Methods whose instruments want a check each day they are used."""


class Level(Worded):
    """How an instrument stands, the worst last."""

    IN_DATE = "in_date", "in date"
    NOT_CHECKED = "not_checked", "not checked today"
    DRIFTED = "drifted", "drifted"
    OUT_OF_RANGE = "out_of_range", "out of range"
    OVERDUE = "overdue", "certificate expired"


@dataclass(frozen=True, slots=True)
class NewCheck:
    """What is said about a check. `measured_at` None: now."""

    instrument_id: uuid.UUID
    material: str
    measured_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewMixture:
    """Two substances weighed together and measured: weights in mg, `balance_u_mg` the standard uncertainty of one."""

    instrument_id: uuid.UUID
    first: str
    second: str
    first_mg: float
    second_mg: float
    balance_u_mg: float = 0.0
    reading_id: uuid.UUID | None = None


def same_day(one: datetime, other: datetime) -> bool:
    """Whether two moments lie on one day of the service.

    >>> from datetime import UTC
    >>> same_day(datetime(2026, 7, 1, 23, 30, tzinfo=UTC), datetime(2026, 7, 2, 9, tzinfo=UTC))
    True
    """
    return local(one).date() == local(other).date()


def level_of(
    check: str | None, measured_at: datetime | None, certificate_due: datetime | None, now: datetime, *, daily: bool
) -> Level:
    """How an instrument stands now. `check` is the state of its newest check, None where there is none."""
    if certificate_due is not None and certificate_due < now:
        return Level.OVERDUE
    if not daily:
        return Level.IN_DATE
    today = measured_at is not None and same_day(measured_at, now)
    if check == Level.OUT_OF_RANGE.value:  # stays so on later days, until a check is in range again
        return Level.OUT_OF_RANGE
    if not today:
        return Level.NOT_CHECKED
    return Level.DRIFTED if check == Level.DRIFTED.value else Level.IN_DATE


def faults_of_mixture(new: NewMixture, share: float, share_u: float) -> dict[str, str]:
    """Field → sentence for what cannot be stored as it is; `share` (0–1) of the signal is the first's, ± `share_u`."""
    wrong: dict[str, str] = {}
    if not new.first or not new.second or new.first == new.second:
        wrong["second"] = "Choose two different substances."
    for name, value in (("first_mg", new.first_mg), ("second_mg", new.second_mg)):
        if not 0 < value < 1e6:
            wrong[name] = "Enter the weight in mg, for example 312."
    if not 0 < share < 1:
        wrong["share"] = "Both substances must be seen, each with a share between 0 and 100 %."
    if not 0 <= share_u < 0.5:
        wrong["share_u"] = "The uncertainty of the share is not below zero and below 50 %."
    if not 0 <= new.balance_u_mg < min(new.first_mg, new.second_mg, 1e6):
        wrong["balance_u_mg"] = "The balance must be finer than the smaller weight."
    return wrong
