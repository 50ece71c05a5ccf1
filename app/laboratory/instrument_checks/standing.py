"""What a reading is told of its instrument: the check of its day, limits widened, transferred libraries, own factors.

`InstrumentStates(database)` is wired to the reading job in app.main; readings know nothing of checks.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlmodel import Session

from app.laboratory.identification.instrument_state import InstrumentState
from app.laboratory.instrument_checks import repository
from app.laboratory.instrument_checks.checking import latest_check, newest_check
from app.laboratory.instrument_checks.responding import factors_on, most_unexplained, weights_by
from app.laboratory.instrument_checks.tables import InstrumentCheck
from app.laboratory.instrument_checks.transferring import TransferredLibraries, in_use
from app.laboratory.readings import service as readings
from app.platform.db import Database
from app.platform.kernel.place import local
from spectra.infrared.check import CheckState


class InstrumentStates:
    """From the key of an analysis to the state of its instrument on that day, for the reading job."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._libraries = TransferredLibraries()

    def __call__(self, analysis_id: uuid.UUID) -> InstrumentState:
        """Nothing is said where nobody named the instrument."""
        with self._database.read() as session:
            on = readings.ran_on(session, analysis_id)
            if on is None:
                return InstrumentState()
            widening, sentences = said_of(session, on.instrument_id, on.name, on.started_at)
            transfers = in_use(repository.transfers_of(session, [on.instrument_id]))
            pairs = factors_on(session, on.instrument_id).pairs
        return InstrumentState(
            on.name,
            widening,
            sentences,
            (lambda books: self._libraries.of(books, transfers, on.name)) if transfers else None,
            (lambda parts: weights_by(pairs, parts)) if pairs else None,
            most_unexplained(),
        )


def said_of(session: Session, instrument_id: uuid.UUID, name: str, at: datetime) -> tuple[float, tuple[str, ...]]:
    """Factor on the limits of detection, and the sentences, for a reading of that instrument at that time."""
    check = latest_check(session, instrument_id, at)
    if check is not None:
        return check.widening, tuple(_of_the_day(check, name))
    last = newest_check(session, instrument_id, at)
    missing = f"{name} was not checked on {_day(at)}: how far its scale and noise had drifted is not known."
    if last is None:
        return 1.0, (missing,)
    if last.state is not CheckState.OUT_OF_RANGE:
        return 1.0, (f"{missing} Its last check was on {_day(last.measured_at)}.",)
    words = f"At its last check, on {_day(last.measured_at)}, it was out of range: {_widened(last.widening)}."
    return last.widening, (missing, words)


def _of_the_day(check: InstrumentCheck, name: str) -> list[str]:
    if check.state is CheckState.IN_RANGE:
        return []
    how = "had drifted" if check.state is CheckState.DRIFTED else "was out of range"
    return [f"{name} {how} that day: {_widened(check.widening)}. {' '.join(check.reasons)}"]


def _widened(factor: float) -> str:
    return f"limits of detection are widened by a factor of {factor:g}"


def _day(at: datetime) -> str:
    return f"{local(at):%-d %B %Y}"
