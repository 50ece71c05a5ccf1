"""Time as one injectable thing, UTC everywhere inside, so that every test can say what time it is. And the time zone of the
service: which clock hangs on its wall, set once, when a process starts (settings.time_zone)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
_ZONES = [ZoneInfo("Europe/London")]


def system_clock() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def use(name: str) -> None:
    """From now on this zone, an IANA name. Raises ZoneInfoNotFoundError for one nobody knows."""
    _ZONES[:] = [ZoneInfo(name)]


def zone() -> ZoneInfo:
    """The zone, for making a moment from a day and a time someone wrote down."""
    return _ZONES[0]


def local(moment: datetime) -> datetime:
    """An aware moment as the clock on the wall shows it."""
    return moment.astimezone(_ZONES[0])


def day_of(moment: datetime) -> date:
    """The day a moment belongs to."""
    return local(moment).date()
