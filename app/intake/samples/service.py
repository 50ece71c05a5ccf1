"""Use cases of samples: register one with its ticket; stages, corrections, withdrawal, lost tickets.

Beside it, called by their own names: lookup (finding samples, by ticket too), queue (who waits, the board),
substances (what the register makes of words).
"""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import col

from app.intake.custody import service as custody
from app.intake.custody.domain import CustodyKind
from app.intake.samples import domain as d
from app.intake.samples import photos, tickets
from app.intake.samples.events import ExpectedChanged, NotToBeCounted
from app.intake.samples.lookup import consent_rows, consents_of, expected_of, ticket_hash
from app.intake.samples.schemas import Details, NewSample, SampleChange
from app.intake.samples.substances import Suggestion, understand
from app.intake.samples.tables import Consent, Sample, SampleExpected, TicketSession
from app.intake.sessions import service as sessions
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Conflict, Invalid
from app.platform.kernel.ids import new_id
from app.platform.kernel.sample_numbers import sample_number
from app.platform.live.publish import publish
from app.platform.reactions import emit
from harm_messages.register import Register

__all__ = ["Sample"]  # every other name is called in the module that defines it

TICKET_DAYS = 14
# What a person typed or said.
_WORDS = frozenset({"words_spoken", "sold_as", "client_believes", "logo", "shape", "group_ref", "staff_note"})
_UNWRITTEN = _WORDS | d.PERSON_FIELDS


@dataclass(frozen=True, slots=True)
class Ready:
    """What a sample has already that was registered without the server: number, ticket, time, and the wording of its consents."""

    number: int
    ticket_hmac: str
    ticket_expires_at: datetime
    received_at: datetime
    wording: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A sample that was just registered, and its ticket code: this once, it is stored nowhere in clear. Empty where the ticket
    was there before."""

    sample: Sample
    code: str
    expected: list[str]
    consents: dict[d.ConsentKind, d.ConsentAnswer]
    offers: list[Suggestion]


def register(
    uow: UnitOfWork,
    checking_session_id: uuid.UUID,
    new: NewSample,
    pepper: bytes,
    *,
    substances: Register,
    ticket_days: int = TICKET_DAYS,
    ready: Ready | None = None,
) -> Registered:
    """Write a sample down and mint its ticket, unless both are `ready`.

    Raises NotFound for a foreign session, Conflict for a closed one or an id used before, Invalid for missing
    consent or a register id that does not exist. Words the register does not know are kept.
    """
    checking_session = sessions.get_session(uow.session, uow.actor, checking_session_id)
    _check_consents(new.consents, new.submitter_type, checking_session, "The sample was not registered.")
    meant = understand(substances, new.expected, new.words_spoken, new.intent)
    if new.id is not None and uow.session.get(Sample, new.id) is not None:
        raise Conflict(
            "This sample is already registered. It was not registered again.",
            hint="Send the same Idempotency-Key to see the first answer again, or mint a new id.",
        )
    code = "" if ready else tickets.mint()
    at = ready or Ready(
        sessions.next_number(uow, checking_session),
        ticket_hash(pepper, code),
        # printed on the ticket, so it never moves afterwards
        max(checking_session.closes_at, uow.now) + timedelta(days=ticket_days),
        uow.now,
        wording().version,
    )
    row = Sample(
        id=new.id or new_id(),
        agency_id=checking_session.agency_id,
        session_id=checking_session.id,
        number=at.number,
        intent=meant.intent,
        ticket_hmac=at.ticket_hmac,
        ticket_expires_at=at.ticket_expires_at,
        received_at=at.received_at,
        received_by=uow.actor.person_id,
    )
    _take_over(row, new, type(new).model_fields.keys() - {"id", "intent", "expected", "received_mg", "consents"})
    row.group_ref = row.group_ref or f"G{sample_number(row.number)}"
    uow.session.add(row)
    uow.session.flush()
    _expect(uow, row.id, meant.expected)
    consents = {kind: new.consents.get(kind, d.ConsentAnswer.NOT_ASKED) for kind in d.ConsentKind}
    add_consents(uow, row.id, consents, earlier={}, version=at.wording, at=at.received_at)
    _record(uow, row, meant.expected, new.consents)
    if new.received_mg is not None:
        custody.add_event(
            uow, session_id=row.session_id, sample_id=row.id, kind=CustodyKind.RECEIVED, mg=new.received_mg
        )
    return Registered(row, code, meant.expected, consents, meant.offers)


def _check_consents(
    answers: Mapping[d.ConsentKind, d.ConsentAnswer],
    submitter: d.SubmitterType,
    of: sessions.CheckingSession,
    nothing: str,
    otherwise: str = "",
) -> None:
    """Refuse a sample whose necessary consents are missing. Raises Invalid, whose sentence begins with `nothing`, what did not happen."""
    wrong = d.consent_problems(answers, submitter, individual_results=of.licence_mode.individual_results)
    if wrong:
        raise Invalid(
            " ".join(filter(None, (nothing, *wrong.values(), otherwise))),
            fields={f"consents.{kind.value}": sentence for kind, sentence in wrong.items()},
        )


def _take_over(row: Sample, shape: Details, names: Iterable[str]) -> None:
    """Write these fields into their columns: lists of words as plain strings, empty choices in text columns as ''."""
    for name in names:
        value = getattr(shape, name)
        if isinstance(value, list):
            value = [str(word) for word in value]
        elif name in ("planned_route", "gender", "price_unit"):
            value = value.value if value is not None else ""
        setattr(row, name, value)


def _expect(uow: UnitOfWork, sample_id: uuid.UUID, expected: list[str]) -> None:
    uow.session.add_all(
        SampleExpected(sample_id=sample_id, substance_id=substance_id, position=position)
        for position, substance_id in enumerate(expected)
    )


@dataclass(frozen=True, slots=True)
class Wording:
    """All questions of consent in one version of their wording."""

    version: str
    ask: dict[d.ConsentKind, str]


@cache
def wording() -> Wording:
    """The questions in use, from consents.toml. A question without a text stops the start, not the first client."""
    table = tomllib.loads(Path(__file__).with_name("consents.toml").read_text("utf-8"))
    return Wording(str(table["version"]), {kind: str(table[kind.value]["ask"]) for kind in d.ConsentKind})


def add_consents(
    uow: UnitOfWork,
    sample_id: uuid.UUID,
    answers: Mapping[d.ConsentKind, d.ConsentAnswer],
    *,
    earlier: Mapping[d.ConsentKind, Consent],
    version: str = "",
    at: datetime | None = None,
) -> None:
    """Add answers; the earlier ones stay. A later answer has the later time, also after a clock was set back.

    `version`: of the wording they were asked in, where it may be another one than is asked now; `at`: when, where not now.
    """
    now = at or uow.now
    rows = [
        {
            "id": new_id(),
            "sample_id": sample_id,
            "kind": kind,
            "answer": answer,
            "wording_version": version or wording().version,
            "at": max(now, earlier[kind].at + timedelta(microseconds=1)) if kind in earlier else now,
            "recorded_by": uow.actor.person_id,
        }
        for kind, answer in answers.items()
    ]
    if rows:
        uow.session.connection().execute(sa.insert(Consent), rows)


def _record(uow: UnitOfWork, row: Sample, expected: list[str], consents: dict[d.ConsentKind, d.ConsentAnswer]) -> None:
    said = row.model_dump(mode="json", include={"number", "form", "intent", "submitter_type"})
    answers = {kind.value: answer.value for kind, answer in consents.items()}
    after = {**said, "expected": expected, "consents": answers}
    audit.record(uow, "register", "sample", row.id, version=row.version, after=after, session_id=row.session_id)
    _publish_to_queue(uow, row, "sample.received")


def stamp(uow: UnitOfWork, sample: Sample, field: d.Stamp) -> None:
    """Note when a stage was reached, the first time only, never earlier than the stage before."""
    if getattr(sample, field) is not None:
        return
    earlier = [getattr(sample, name) for name in d.STAMPS[: d.STAMPS.index(field)]]
    setattr(sample, field, max([uow.now, sample.received_at, *(at for at in earlier if at is not None)]))
    _publish_to_queue(uow, sample, f"sample.{field.removesuffix('_at')}")


def step_back(uow: UnitOfWork, sample: Sample) -> None:
    """Its findings went back to their author: it waits for analysis again, unless a result was released before."""
    if sample.released_at is not None or sample.analysed_at is None:
        return
    sample.analysed_at = sample.verified_at = None
    _publish_to_queue(uow, sample, "sample.returned")


def change(uow: UnitOfWork, sample: Sample, changed: SampleChange, *, substances: Register) -> None:
    """Correct what was written down. The caller has checked the version and holds the row."""
    _refuse_if_withdrawn(sample)
    sent = changed.model_fields_set - {"consents", "expected"}
    before = _said(sample, sent)
    _take_over(sample, changed, sent)
    after = _said(sample, sent)
    if "expected" in changed.model_fields_set or "words_spoken" in sent or "intent" in sent:
        _change_expected(uow, sample, changed, substances)
    if changed.consents:
        _change_consents(uow, sample, changed.consents)
    sample.version += 1
    if "expected" in changed.model_fields_set:
        after["expected"] = [*expected_of(uow.session, sample.id)]
    if changed.consents:
        after["consents"] = {kind.value: answer.value for kind, answer in changed.consents.items()}
    audit.record(
        uow, "correct", "sample", sample.id, version=sample.version, before=before, after=after,
        session_id=sample.session_id,
    )  # fmt: skip
    _publish_to_queue(uow, sample, "sample.corrected")


def _change_expected(uow: UnitOfWork, sample: Sample, changed: SampleChange, substances: Register) -> None:
    # where only the words or the intent change, what was chosen before stands
    chosen = changed.expected if changed.expected is not None else expected_of(uow.session, sample.id)
    meant = understand(substances, chosen, sample.words_spoken, changed.intent)
    if changed.intent is d.Intent.UNKNOWN and chosen:
        raise Invalid(
            "Remove what is expected, or say that it is known. Nothing was changed.",
            fields={"intent": "remove what is expected, or say that it is known"},
        )
    sample.intent = meant.intent
    uow.session.execute(sa.delete(SampleExpected).where(col(SampleExpected.sample_id) == sample.id))
    _expect(uow, sample.id, meant.expected)
    uow.session.flush()
    emit(uow, ExpectedChanged(sample.id, sample.session_id, sample.agency_id))


def _change_consents(uow: UnitOfWork, sample: Sample, answers: dict[d.ConsentKind, d.ConsentAnswer]) -> None:
    checking_session = sessions.get_session(uow.session, uow.actor, sample.session_id)
    merged = consents_of(uow.session, sample.id) | answers
    otherwise = "To remove the sample, withdraw it."
    _check_consents(merged, sample.submitter_type, checking_session, "Nothing was changed.", otherwise)
    add_consents(uow, sample.id, answers, earlier=consent_rows(uow.session, sample.id))
    uow.session.flush()
    if merged[d.ConsentKind.AGGREGATE_DATA] is not d.ConsentAnswer.YES:
        emit(uow, NotToBeCounted(sample.id))


def withdraw(uow: UnitOfWork, sample: Sample, reason: str) -> None:
    """Take the sample out: no result leaves any more, and it is gone from every later figure."""
    if sample.withdrawn_at is not None:
        raise Conflict("This sample is already withdrawn.", hint="Nothing more is to be done.")
    sample.withdrawn_at = uow.now
    sample.version += 1
    photos.remove(uow, sample.id)
    emit(uow, NotToBeCounted(sample.id))
    audit.record(
        uow, "withdraw", "sample", sample.id, version=sample.version, reason=reason, session_id=sample.session_id
    )
    _publish_to_queue(uow, sample, "sample.withdrawn")
    _publish(uow, sample, "client", "sample.withdrawn")


def reissue_ticket(uow: UnitOfWork, sample: Sample, pepper: bytes) -> str:
    """A new code for a lost ticket. The old one, and every browser it opened, stops working at once."""
    _refuse_if_withdrawn(sample)
    if sample.ticket_expires_at is None or uow.now >= sample.ticket_expires_at:
        raise Conflict(
            "This ticket has expired. No new one was made. The sample and its result are kept.",
            hint="Tell the result in person, if the licence allows it.",
        )
    code = tickets.mint()
    sample.ticket_hmac = ticket_hash(pepper, code)
    sample.version += 1
    uow.session.execute(sa.delete(TicketSession).where(col(TicketSession.sample_id) == sample.id))
    audit.record(uow, "reissue_ticket", "sample", sample.id, version=sample.version, session_id=sample.session_id)
    _publish(uow, sample, "client", "ticket.replaced")
    return code


def note_label(uow: UnitOfWork, sample: Sample) -> None:
    """Remember who printed the label of a bag once more."""
    _refuse_if_withdrawn(sample)
    audit.record(uow, "print_label", "sample", sample.id, version=sample.version, session_id=sample.session_id)


def _refuse_if_withdrawn(sample: Sample) -> None:
    if sample.withdrawn_at is not None:
        raise Conflict("This sample was withdrawn and can no longer be changed.")


def _said(sample: Sample, names: Iterable[str]) -> dict[str, JsonValue]:
    """These fields for the audit log, which says that words and what is known of the person changed, and never what it is."""
    values = {name: getattr(sample, name) for name in names}
    return {name: "…" if name in _UNWRITTEN else getattr(value, "value", value) for name, value in values.items()}


def _publish_to_queue(uow: UnitOfWork, sample: Sample, kind: str) -> None:
    _publish(uow, sample, "queue", kind, {"number": sample.number})


def _publish(
    uow: UnitOfWork, sample: Sample, topic: str, kind: str, payload: dict[str, JsonValue] | None = None
) -> None:
    publish(
        uow, topic, kind, agency_id=sample.agency_id, session_id=sample.session_id, sample_id=sample.id, payload=payload
    )
