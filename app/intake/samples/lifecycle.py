"""What happens to a sample after it was registered: times of its stages, corrections, withdrawal, a new ticket."""

from __future__ import annotations

from typing import Any, Literal

from app.intake.samples import repository, tickets
from app.intake.samples.consents import wording
from app.intake.samples.domain import STAMPS, ConsentAnswer, ConsentKind, Intent, consent_problems
from app.intake.samples.events import NotToBeCounted
from app.intake.samples.intake_schemas import SampleChange
from app.intake.samples.lookup import consents_of, expected_of, ticket_hash
from app.intake.samples.registering import column_values
from app.intake.samples.substances import understand
from app.intake.samples.tables import Sample
from app.intake.sessions import service as sessions
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Conflict, Invalid
from app.platform.live.publish import publish
from app.platform.reactions import emit
from harm_messages.register import Register

Stamp = Literal["analysed_at", "verified_at", "released_at", "told_at"]

# What a person typed or said: the audit log says that it changed, never what it says.
_WORDS = frozenset({"words_spoken", "sold_as", "client_believes", "logo", "shape", "group_ref", "staff_note"})


def stamp(uow: UnitOfWork, sample: Sample, field: Stamp) -> None:
    """Note when a stage was reached, the first time only, never earlier than the stage before."""
    if getattr(sample, field) is not None:
        return
    earlier = [getattr(sample, name) for name in STAMPS[: STAMPS.index(field)]]
    setattr(sample, field, max([uow.now, sample.received_at, *(at for at in earlier if at is not None)]))
    _tell_queue(uow, sample, f"sample.{field.removesuffix('_at')}")


def change(uow: UnitOfWork, sample: Sample, changed: SampleChange, *, substances: Register) -> None:
    """Correct what was written down. The caller has checked the version and holds the row."""
    _refuse_if_withdrawn(sample)
    sent = changed.model_fields_set - {"consents", "expected"}
    values = column_values({name: getattr(changed, name) for name in sent})
    before = {name: _plain(getattr(sample, name)) for name in values}
    for name, value in values.items():
        setattr(sample, name, value)
    if "expected" in changed.model_fields_set or "words_spoken" in sent or "intent" in sent:
        _change_expected(uow, sample, changed, substances)
    if changed.consents:
        _change_consents(uow, sample, changed.consents)
    sample.version += 1
    after = {name: _plain(value) for name, value in values.items()}
    audit.record(
        uow,
        "correct",
        "sample",
        sample.id,
        version=sample.version,
        before={k: "…" if k in _WORDS else v for k, v in before.items()},
        after={k: "…" if k in _WORDS else v for k, v in after.items()}
        | ({"expected": expected_of(uow.session, sample.id)} if "expected" in changed.model_fields_set else {})
        | ({"consents": {k.value: v.value for k, v in changed.consents.items()}} if changed.consents else {}),
        session_id=sample.session_id,
    )
    _tell_queue(uow, sample, "sample.corrected")


def _change_expected(uow: UnitOfWork, sample: Sample, changed: SampleChange, substances: Register) -> None:
    # where only the words or the intent change, what was chosen before stands
    chosen = changed.expected if changed.expected is not None else expected_of(uow.session, sample.id)
    meant = understand(substances, chosen, sample.words_spoken, changed.intent)
    if changed.intent is Intent.UNKNOWN and chosen:
        raise Invalid(
            "Nothing can be expected where nobody knows what it is. Nothing was changed.",
            fields={"intent": "remove what is expected, or say that it is known"},
        )
    sample.intent = meant.intent
    repository.replace_expected(uow.session, sample.id, meant.expected)
    uow.session.flush()


def _change_consents(uow: UnitOfWork, sample: Sample, answers: dict[ConsentKind, ConsentAnswer]) -> None:
    checking_session = sessions.get_session(uow.session, uow.actor, sample.session_id)
    merged = consents_of(uow.session, sample.id) | answers
    wrong = consent_problems(
        merged, sample.submitter_type, individual_results=checking_session.licence_mode.individual_results
    )
    if wrong:
        raise Invalid(
            "Nothing was changed. " + " ".join(wrong.values()) + " To take the sample out, withdraw it.",
            fields={f"consents.{kind.value}": sentence for kind, sentence in wrong.items()},
        )
    earlier = repository.consents_of(uow.session, sample.id)
    repository.add_consents(
        uow.session, sample.id, answers, wording().version, uow.now, uow.actor.person_id, earlier=earlier
    )
    uow.session.flush()
    if merged[ConsentKind.AGGREGATE_DATA] is not ConsentAnswer.YES:
        emit(uow, NotToBeCounted(sample.id))


def withdraw(uow: UnitOfWork, sample: Sample, reason: str) -> None:
    """Take the sample out: no result leaves any more, and it is gone from every later figure."""
    if sample.withdrawn_at is not None:
        raise Conflict("This sample is already withdrawn.", hint="Nothing more is to be done.")
    sample.withdrawn_at = uow.now
    sample.version += 1
    emit(uow, NotToBeCounted(sample.id))
    audit.record(
        uow, "withdraw", "sample", sample.id, version=sample.version, reason=reason, session_id=sample.session_id
    )
    _tell_queue(uow, sample, "sample.withdrawn")
    publish(
        uow,
        "client",
        "sample.withdrawn",
        agency_id=sample.agency_id,
        session_id=sample.session_id,
        sample_id=sample.id,
    )


def reissue_ticket(uow: UnitOfWork, sample: Sample, pepper: bytes) -> str:
    """A new code for a lost ticket. The old one, and every browser it opened, stops working at once."""
    _refuse_if_withdrawn(sample)
    if sample.ticket_expires_at is None or uow.now >= sample.ticket_expires_at:
        raise Conflict(
            "The time for this ticket is over, so no new one was made. The sample and its result are unharmed.",
            hint="Tell the result in person, if the licence allows it.",
        )
    code = tickets.mint()
    sample.ticket_hmac = ticket_hash(pepper, code)
    sample.version += 1
    repository.end_ticket_sessions(uow.session, sample.id)
    audit.record(uow, "reissue_ticket", "sample", sample.id, version=sample.version, session_id=sample.session_id)
    publish(
        uow,
        "client",
        "ticket.replaced",
        agency_id=sample.agency_id,
        session_id=sample.session_id,
        sample_id=sample.id,
    )
    return code


def _refuse_if_withdrawn(sample: Sample) -> None:
    if sample.withdrawn_at is not None:
        raise Conflict("This sample was withdrawn, so nothing about it is changed any more.")


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)


def _tell_queue(uow: UnitOfWork, sample: Sample, kind: str) -> None:
    publish(
        uow,
        "queue",
        kind,
        agency_id=sample.agency_id,
        session_id=sample.session_id,
        sample_id=sample.id,
        payload={"number": sample.number},
    )
