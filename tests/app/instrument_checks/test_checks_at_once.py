"""Two checks of one instrument at the same moment, on PostgreSQL, where both would see that there is no task yet."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from app.laboratory.instrument_checks import service
from app.laboratory.instrument_checks.domain import NewCheck
from app.laboratory.readings import references
from app.platform.db import Database
from app.platform.kernel.actor import Role
from instruments import read
from tests.app.instrument_checks.conftest import Lab
from tests.support.clock import SettableClock
from tests.support.small_files import small_film

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(postgres_url: str, clock: SettableClock) -> Iterator[Database]:
    database = Database(postgres_url, clock=clock)
    yield database
    database.close()


def out_of_range(machine: str) -> Any:
    """A check that is out of range, recorded in a transaction of its own."""
    source = service.CheckSource(references.infrared_in(read(small_film(7.0), "film.jdx")))
    return lambda uow: service.record(uow, NewCheck(UUID(machine), "polystyrene_film"), source)


def test_of_two_checks_out_of_range_at_once_one_opens_the_task(lab: Lab) -> None:
    check, runtime, states = out_of_range(lab.machine()), lab.world.runtime, []
    actor = lab.world.actors[Role.CHEMIST]

    def arrive() -> None:
        with runtime.db.begin(actor) as uow:
            states.append(check(uow).state)

    other = threading.Thread(target=arrive)
    with runtime.db.begin(actor) as uow:
        states.append(check(uow).state)
        uow.session.flush()
        other.start()
        time.sleep(0.4)  # the second is at its check, and waits
    other.join(15)
    assert [state.value for state in states] == ["out_of_range"] * 2
    assert len(lab.get("/api/v1/instruments/checks")["rows"]) == 2
    assert len(lab.get("/api/v1/instruments/tasks")) == 1
