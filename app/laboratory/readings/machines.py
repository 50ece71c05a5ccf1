"""Instruments of a laboratory: add one, change its certificate, and which analyses ran on one on a day."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from app.intake.samples import service as samples
from app.laboratory.identification.domain import Method
from app.laboratory.readings import repository
from app.laboratory.readings.tables import Analysis, Instrument
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Conflict, Invalid, NotFound
from app.platform.live.publish import publish

NO_MACHINES = frozenset({Method.STRIP, Method.REAGENT, Method.TLC, Method.VISUAL})


@dataclass(frozen=True, slots=True)
class NewInstrument:
    """A machine as it is entered. `certificate_due`: the last moment its certificate counts, None where it has none."""

    name: str
    method: Method
    serial: str = ""
    certificate_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class RanOn:
    """What an analysis ran on, for the reading job, which acts for no agency."""

    agency_id: uuid.UUID
    instrument_id: uuid.UUID
    name: str
    started_at: datetime


def add_instrument(uow: UnitOfWork, new: NewInstrument) -> Instrument:
    """Add a machine to the agency. Raises Invalid, Conflict when one is called so already, NotFound without an agency."""
    if uow.actor.agency_id is None:
        raise NotFound("agency")
    wrong: dict[str, str] = {}
    if not new.name:
        wrong["name"] = "Say what it is called, such as Alpha II."
    if new.method in NO_MACHINES:
        wrong["method"] = "This method has no instrument."
    if wrong:
        raise Invalid("The instrument was not added. What you typed is still here.", fields=wrong)
    there = repository.instruments_of(uow.session, uow.actor.agency_id)
    if any(row.name.casefold() == new.name.casefold() for row in there):
        raise Conflict(f"An instrument called {new.name} is there already. Nothing was added.")
    row = Instrument(
        agency_id=uow.actor.agency_id, name=new.name, method=new.method, serial=new.serial,
        certificate_due=new.certificate_due,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    due = row.certificate_due.isoformat() if row.certificate_due else None
    after = {"name": row.name, "method": row.method.value, "serial": row.serial, "certificate_due": due}
    audit.record(uow, "add", "instrument", row.id, version=1, after=after)
    publish(uow, "instrument", "instrument.added", agency_id=row.agency_id, payload={"instrument_id": row.id})
    return row


def ran_on(session: Session, analysis_id: uuid.UUID) -> RanOn | None:
    """The instrument of an analysis; None where nobody named one, or the analysis is gone."""
    row = session.get(Analysis, analysis_id)
    machine = session.get(Instrument, row.instrument_id) if row is not None and row.instrument_id else None
    return (
        None if row is None or machine is None else RanOn(machine.agency_id, machine.id, machine.name, row.started_at)
    )


def lock_instrument(uow: UnitOfWork, instrument_id: uuid.UUID) -> None:
    """Hold an instrument until the transaction ends, so that of two who judge it at once the second sees the first."""
    uow.session.exec(select(Instrument.id).where(Instrument.id == instrument_id).with_for_update()).first()


def analyses_on(session: Session, instrument_id: uuid.UUID, since: datetime, until: datetime) -> list[uuid.UUID]:
    """Analyses of samples that were not withdrawn on one instrument, started between two moments, oldest first."""
    query = select(Analysis).where(
        Analysis.instrument_id == instrument_id, col(Analysis.started_at) >= since, col(Analysis.started_at) <= until
    )
    out = []
    for row in session.exec(query.order_by(col(Analysis.id))):
        sample = samples.sample_for_system(session, row.sample_id)
        if sample is not None and sample.withdrawn_at is None:
            out.append(row.id)
    return out
