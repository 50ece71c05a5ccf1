"""Registering a sample: number, ticket, consents, expectation and the first line of its custody, at once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.intake.custody import service as custody
from app.intake.custody.domain import CustodyKind
from app.intake.samples import repository, tickets
from app.intake.samples.consents import wording
from app.intake.samples.domain import ConsentAnswer, ConsentKind, SubmitterType, consent_problems
from app.intake.samples.intake_schemas import NewSample
from app.intake.samples.lookup import ticket_hash
from app.intake.samples.substances import Suggestion, understand
from app.intake.samples.tables import Sample
from app.intake.sessions import service as sessions
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Conflict, Invalid
from app.platform.live.publish import publish
from harm_messages.register import Register

TICKET_DAYS = 14


@dataclass(frozen=True, slots=True)
class Registered:
    """A sample that was just registered, and its ticket code: this once, it is stored nowhere in clear."""

    sample: Sample
    code: str
    expected: list[str]
    consents: dict[ConsentKind, ConsentAnswer]
    offers: list[Suggestion] = field(default_factory=list)


def register(
    uow: UnitOfWork,
    checking_session_id: uuid.UUID,
    new: NewSample,
    pepper: bytes,
    *,
    substances: Register,
    ticket_days: int = TICKET_DAYS,
) -> Registered:
    """Write a sample down and mint its ticket.

    Raises NotFound for a foreign session, Conflict for a closed one or an id used before, Invalid for missing
    consent or a register id that does not exist. Words the register does not know are kept.
    """
    checking_session = sessions.get_session(uow.session, uow.actor, checking_session_id)
    _check_consents(new, checking_session.licence_mode.individual_results)
    meant = understand(substances, new.expected, new.words_spoken, new.intent)
    if new.id is not None and repository.sample(uow.session, new.id) is not None:
        raise Conflict(
            "This sample is already registered, so it was not registered twice.",
            hint="Send the same Idempotency-Key to see the first answer again, or mint a new id.",
        )
    number = sessions.next_number(uow, checking_session)
    code = tickets.mint()
    row = Sample(
        **_columns(new),
        agency_id=checking_session.agency_id,
        session_id=checking_session.id,
        number=number,
        intent=meant.intent,
        ticket_hmac=ticket_hash(pepper, code),
        ticket_expires_at=ticket_expiry(checking_session, uow, ticket_days),
        received_at=uow.now,
        received_by=uow.actor.person_id,
    )
    row.group_ref = row.group_ref or f"G{number:03d}"
    uow.session.add(row)
    uow.session.flush()
    repository.add_expected(uow.session, row.id, meant.expected)
    consents = _write_consents(uow, row.id, new.consents)
    _record(uow, row, meant.expected, new.consents)
    _weigh_in(uow, row, new.received_mg)
    return Registered(row, code, meant.expected, consents, meant.offers)


def ticket_expiry(checking_session: sessions.CheckingSession, uow: UnitOfWork, days: int) -> Any:
    """So many days after the session's closing time; printed on the ticket, so it never moves afterwards."""
    return max(checking_session.closes_at, uow.now) + timedelta(days=days)


def _check_consents(new: NewSample, individual_results: bool) -> None:
    wrong = consent_problems(new.consents, new.submitter_type, individual_results=individual_results)
    if wrong:
        raise Invalid(
            "The sample was not registered. " + " ".join(wrong.values()),
            fields={f"consents.{kind.value}": sentence for kind, sentence in wrong.items()},
        )


def _columns(new: NewSample) -> dict[str, Any]:
    values = new.model_dump(exclude={"id", "intent", "expected", "received_mg", "consents"})
    if new.id is not None:
        values["id"] = new.id
    return column_values(values)


def column_values(values: dict[str, Any]) -> dict[str, Any]:
    """Shapes → columns: lists of words as plain strings, empty choices in text columns as ''."""
    for name in ("colours", "texture", "effects_reported"):
        if name in values:
            values[name] = [str(v) for v in values[name]]
    for name in ("planned_route", "gender", "price_unit"):
        if name in values:
            values[name] = values[name].value if values[name] is not None else ""
    return values


def _write_consents(
    uow: UnitOfWork, sample_id: uuid.UUID, given: dict[ConsentKind, ConsentAnswer]
) -> dict[ConsentKind, ConsentAnswer]:
    answers = {kind: given.get(kind, ConsentAnswer.NOT_ASKED) for kind in ConsentKind}
    repository.add_consents(
        uow.session, sample_id, answers, wording().version, uow.now, uow.actor.person_id, earlier={}
    )
    return answers


def _record(uow: UnitOfWork, row: Sample, expected: list[str], consents: dict[ConsentKind, ConsentAnswer]) -> None:
    after = {
        "number": row.number,
        "form": row.form.value,
        "intent": row.intent.value,
        "submitter_type": row.submitter_type.value,
        "expected": expected,
        "consents": {kind.value: answer.value for kind, answer in consents.items()},
    }
    audit.record(uow, "register", "sample", row.id, version=row.version, after=after, session_id=row.session_id)
    publish(
        uow,
        "queue",
        "sample.received",
        agency_id=row.agency_id,
        session_id=row.session_id,
        sample_id=row.id,
        payload={"number": row.number},
    )


def _weigh_in(uow: UnitOfWork, row: Sample, received_mg: float | None) -> None:
    if received_mg is not None:
        custody.add_event(
            uow,
            agency_id=row.agency_id,
            session_id=row.session_id,
            sample_id=row.id,
            kind=CustodyKind.RECEIVED,
            mg=received_mg,
        )


def speaks_for_a_client(submitter: SubmitterType) -> bool:
    """Whether there is a client behind this sample at all; police and partner rows are never mixed with theirs."""
    return submitter not in (SubmitterType.POLICE_BACK_OF_HOUSE, SubmitterType.PARTNER_AGENCY)
