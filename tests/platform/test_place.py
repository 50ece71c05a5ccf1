"""Days and nights go by the clock of the service, which an operator sets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from app.care.alerts.detecting_job import next_night
from app.platform.kernel import place
from app.platform.kernel.place import day_of
from app.platform.web.templates import clock_time
from app.settings import Settings

LATE = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def the_usual_zone_again() -> Iterator[None]:
    yield
    place.use("Europe/London")


@pytest.mark.parametrize(
    ("zone", "clock", "day", "night"),
    [("Europe/London", "00:30", "2026-07-01", 3), ("America/Vancouver", "16:30", "2026-06-30", 11)],
)
def test_days_and_nights_are_those_of_the_place(zone: str, clock: str, day: str, night: int) -> None:
    Settings(time_zone=zone)
    assert clock_time(LATE) == clock
    assert day_of(LATE).isoformat() == day
    assert next_night(LATE).astimezone(UTC).hour == night


def test_a_zone_nobody_knows_is_refused() -> None:
    with pytest.raises(ValidationError, match="“Durham” is no zone this machine knows"):
        Settings(time_zone="Durham")
