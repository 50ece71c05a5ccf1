"""JSON routes of samples and their custody ledger. Chemists and verifiers read; no route shows them a ticket."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlmodel import Session

from app.intake.custody import service as custody
from app.intake.people import signin
from app.intake.samples import lookup, queue, schemas, service
from app.intake.sessions import service as sessions
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict
from app.platform.kernel.versions import check_version
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.web.etags import tagged
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import ChangeDep, CreationDep, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["samples"])

Staff = Annotated[Actor, allow(*SERVICE_STAFF)]
Registrar = Annotated[Actor, allow(Role.RECEPTION, Role.SESSION_LEAD, Role.HEALTH_WORKER)]
TicketKeeper = Annotated[Actor, allow(Role.RECEPTION, Role.SESSION_LEAD)]


def sample_out(session: Session, row: service.Sample, who: Actor) -> schemas.SampleOut:
    """A sample with what hangs on it."""
    return schemas.SampleOut.of(row, lookup.expected_of(session, row.id), lookup.consents_of(session, row.id), who)


@router.post("/sessions/{session_id}/samples", status_code=201, response_model=schemas.RegisteredOut)
def register_sample(
    session_id: uuid.UUID, body: schemas.NewSample, who: Registrar, rt: RuntimeDep, creation: CreationDep
) -> JSONResponse:
    """Register a sample and mint its ticket. The code is in this answer and nowhere else; a retry with the same
    Idempotency-Key gets it again."""

    def create(uow: UnitOfWork) -> schemas.RegisteredOut:
        checking_session = sessions.lock_session(uow, session_id)  # a name holds it, so that it is not read twice
        individual = checking_session.licence_mode.individual_results
        substances, days, address = rt.pack.substances, rt.settings.ticket_days, rt.settings.public_url
        done = service.register(uow, session_id, body, rt.pepper, substances=substances, ticket_days=days)
        assert done.sample.ticket_expires_at is not None
        return schemas.RegisteredOut(
            sample=schemas.SampleOut.of(done.sample, done.expected, done.consents, who),
            ticket=schemas.TicketOut.of(done.code, done.sample.ticket_expires_at, address, individual),
            offers=done.offers,
        )

    return creation.made(who, create)


@router.get("/sessions/{session_id}/samples")
def list_samples(
    session_id: uuid.UUID, who: Staff, rt: RuntimeDep, cursor: Cursor = "", limit: Limit = 50
) -> Page[queue.QueueRow]:
    """All samples of a session, in the order of their keys."""
    after = decode_cursor(cursor)
    with rt.read() as session:
        rows = queue.page(session, who, session_id, after=after, limit=limit + 1, now=rt.now())
    return cut(rows, limit, lambda row: row, lambda row: row.id)


@router.get("/sessions/{session_id}/queue")
def read_queue(session_id: uuid.UUID, who: Staff, rt: RuntimeDep) -> list[queue.QueueRow]:
    """Samples that are neither told nor withdrawn, oldest first."""
    with rt.read() as session:
        return queue.queue(session, who, session_id, now=rt.now())


@router.get("/sessions/{session_id}/board")
def read_board(session_id: uuid.UUID, who: Staff, rt: RuntimeDep) -> queue.Board:
    """Throughput and waits of a session."""
    with rt.read() as session:
        return queue.board(session, who, session_id, rt.now())


@router.get("/samples/{sample_id}")
def read_sample(sample_id: uuid.UUID, who: Staff, rt: RuntimeDep, response: Response) -> schemas.SampleOut:
    """Everything recorded about a sample; no ticket."""
    with rt.read() as session:
        return tagged(response, sample_out(session, lookup.get_sample(session, who, sample_id), who))


@router.patch("/samples/{sample_id}")
def correct_sample(
    sample_id: uuid.UUID, body: schemas.SampleChange, who: Registrar, rt: RuntimeDep, change: ChangeDep
) -> schemas.SampleOut:
    """Correct what was written down; only the fields sent change."""

    def corrected(uow: UnitOfWork) -> schemas.SampleOut:
        row = lookup.lock_sample(uow, sample_id)
        check_version("sample", change.version, row.version)
        service.change(uow, row, body, substances=rt.pack.substances)
        uow.session.flush()
        return sample_out(uow.session, row, who)

    return change.made(who, corrected)


@router.post("/samples/{sample_id}/withdraw")
def withdraw_sample(
    sample_id: uuid.UUID, body: schemas.Withdrawal, who: Registrar, rt: RuntimeDep, request: Request
) -> schemas.SampleOut:
    """Take a sample out. Needs no version: a person may withdraw whatever else is going on."""
    with rt.begin(who, request) as uow:
        row = lookup.lock_sample(uow, sample_id)
        service.withdraw(uow, row, body.reason.value)
        return sample_out(uow.session, row, who)


@router.post("/samples/{sample_id}/ticket", status_code=201, response_model=schemas.TicketOut)
def reissue_ticket(
    sample_id: uuid.UUID, body: schemas.Reissue, who: TicketKeeper, rt: RuntimeDep, creation: CreationDep
) -> JSONResponse:
    """A new code for a lost ticket; the old one stops working at once. It opens the client's page, so it asks for the
    password of the person who is signed in. A token cannot do this."""
    signin.confirm(creation.request, who, body.password)

    def create(uow: UnitOfWork) -> schemas.TicketOut:
        row = lookup.lock_sample(uow, sample_id)
        individual = sessions.get_session(uow.session, who, row.session_id).licence_mode.individual_results
        code = service.reissue_ticket(uow, row, rt.pepper)
        if row.ticket_expires_at is None:
            raise Conflict("This sample never had a ticket.")
        return schemas.TicketOut.of(code, row.ticket_expires_at, rt.settings.public_url, individual)

    return creation.made(who, create)


@router.get("/samples/{sample_id}/custody")
def read_custody(sample_id: uuid.UUID, who: Staff, rt: RuntimeDep) -> schemas.LedgerOut:
    """The custody ledger of a sample and its balance."""
    with rt.read() as session:
        row = lookup.get_sample(session, who, sample_id)
        return schemas.LedgerOut.of(custody.ledger(session, row.id))


@router.post("/samples/{sample_id}/custody", status_code=201, response_model=custody.CustodyLine)
def add_custody(sample_id: uuid.UUID, body: schemas.NewCustodyEvent, who: Staff, creation: CreationDep) -> JSONResponse:
    """Write a line into the custody ledger."""

    def create(uow: UnitOfWork) -> custody.CustodyLine:
        row = lookup.lock_sample(uow, sample_id)
        event = custody.add_event(uow, session_id=row.session_id, sample_id=row.id, **body.model_dump())
        return next(line for line in custody.ledger(uow.session, row.id).lines if line.id == event.id)

    return creation.made(who, create)


@router.post("/sessions/{session_id}/hand-over", status_code=201, response_model=schemas.HandedOver)
def hand_over(session_id: uuid.UUID, body: schemas.HandOver, who: Staff, creation: CreationDep) -> JSONResponse:
    """Hand over samples of a session, all of them or none. `fields` of a refusal says why, of a sample under `bag-` and its key."""

    def create(uow: UnitOfWork) -> schemas.HandedOver:
        sessions.get_session(uow.session, who, session_id)
        weighed = {bag.sample_id: bag.weighed_mg for bag in body.bags}
        here = lookup.lock_those_of(uow, session_id, weighed)
        strangers = {f"bag-{key}": "This sample is not in this session." for key in weighed if key not in here}
        bags = [custody.Bag(key, session_id, weighed[key]) for key in here]
        custody.hand_over(uow, bags, body.to, witness_id=body.witness_id, place=body.place, wrong=strangers)
        return schemas.HandedOver(to=body.to, at=uow.now, samples=here)

    return creation.made(who, create)
