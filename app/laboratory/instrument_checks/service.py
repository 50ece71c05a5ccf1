"""The doors of instrument checks for pages, the API and other features. The use cases stand in the modules below."""

from __future__ import annotations

from app.laboratory.instrument_checks.checking import (
    CheckSource,
    InstrumentView,
    checks_page,
    close_task,
    get_check,
    get_instrument,
    instrument_views,
    latest_check,
    open_tasks,
    record,
    source_of_reading,
    withdraw,
)
from app.laboratory.instrument_checks.domain import DAILY, LEVEL_WORDS, Level, NewCheck, NewMixture
from app.laboratory.instrument_checks.responding import (
    Factors,
    Part,
    add_mixture,
    factors_of,
    parts_of,
    withdraw_mixture,
)
from app.laboratory.instrument_checks.standing import InstrumentStates, said_of
from app.laboratory.instrument_checks.transferring import in_use, make_transfer, pairs_of, retire_transfer, transfers_of

__all__ = [
    "DAILY",
    "LEVEL_WORDS",
    "CheckSource",
    "Factors",
    "InstrumentStates",
    "InstrumentView",
    "Level",
    "NewCheck",
    "NewMixture",
    "Part",
    "add_mixture",
    "checks_page",
    "close_task",
    "factors_of",
    "get_check",
    "get_instrument",
    "in_use",
    "instrument_views",
    "latest_check",
    "make_transfer",
    "open_tasks",
    "pairs_of",
    "parts_of",
    "record",
    "retire_transfer",
    "said_of",
    "source_of_reading",
    "transfers_of",
    "withdraw",
    "withdraw_mixture",
]
