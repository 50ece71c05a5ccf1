"""Use cases of telling: opening a ticket, the display log of what was shown, the same page again from it, and the consultation.

The log keeps enough of each page to show it again. A consultation asks for nothing personal and keeps nothing self-reported.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from pydantic import BaseModel, Field, ValidationError
from sqlmodel import Session

from app.care.consultations import repository
from app.care.consultations.client_view import ClientView, checking_session_of
from app.care.consultations.domain import Referral, ShownTo, TalkRecorded, Tick, ViewKind, person_of
from app.care.consultations.facts import KEPT, page_digest, rules_on
from app.care.consultations.tables import Consultation, ConsultationOutcome, DisplayLog
from app.care.consultations.withdrawn import WithdrawnWarning
from app.intake.people import service as people
from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound
from app.platform.live.publish import publish
from app.platform.reactions import emit
from app.results import service as results
from app.results.domain import ChangeReason
from harm_messages import HarmMessageError, Pack, Page
from harm_messages.vocabulary import LicenceMode

PackByDigest = Callable[[str], Pack | None]
"""The message pack with this digest, as it was; None where it is not kept."""


class Frame(BaseModel, from_attributes=True, populate_by_name=True):
    """What stands around the messages of a page, as the log keeps it."""

    place: str = ""
    result_number: int = Field(0, alias="number")
    confirmed: bool = False
    under_review: bool = False
    changed_at: datetime | None = None
    reason: ChangeReason | None = None
    changed_from: str = ""
    changes: tuple[str, ...] = ()
    mate_changed_at: datetime | None = None
    withdrawn: tuple[WithdrawnWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownView:
    """One entry of the log. `number`: version of the result; `under_review`: whether it said that the result was being
    looked at again."""

    row: DisplayLog
    by: str
    number: int
    under_review: bool

    @property
    def to_client(self) -> bool:
        """Whether it stood on the client's own screen."""
        return self.row.shown_to == ShownTo.CLIENT


@dataclass(frozen=True, slots=True)
class Replay:
    """The page again. `exact`: to the byte, by the hash in the log. Without `view`, `why` says what is missing."""

    shown: ShownView
    view: ClientView | None
    exact: bool
    why: str = ""


def shown_of(session: Session, actor: Actor, sample_id: uuid.UUID) -> list[ShownView]:
    """Everything shown of a sample of the actor's agency, the newest first."""
    lookup.get_sample(session, actor, sample_id)
    return _views(session, repository.shown(session, sample_id))


def replay(session: Session, actor: Actor, sample_id: uuid.UUID, shown_id: uuid.UUID, packs: PackByDigest) -> Replay:
    """One page again as it was shown, though pack, alerts and overrides may have changed since. Raises NotFound."""
    lookup.get_sample(session, actor, sample_id)
    row = session.get(DisplayLog, shown_id)
    if row is None or row.sample_id != sample_id:
        raise NotFound("shown page")
    shown = _views(session, [row])[0]
    if row.made_of is None:
        return Replay(shown, None, False, "Whole pages were not kept at that time. Only the list of messages is left.")
    pack = packs(row.pack_digest)
    if pack is None:
        return Replay(shown, None, False, "Its message pack is no longer kept here.")
    try:
        made = KEPT.validate_python(row.made_of)
        page = made.page(pack)
    except (HarmMessageError, ValidationError) as error:
        return Replay(shown, None, False, f"This version of MAST cannot make it again ({type(error).__name__}).")
    exact = page_digest(page) == row.page_sha256
    why = "" if exact else "This version of MAST makes a different page. The list of messages is what was shown."
    view = ClientView(
        ViewKind.RESULT,
        locale=made.locale,
        page=page,
        result_id=row.result_id,
        made_of=made,
        **dict(Frame.model_validate(row.frame)),
    )
    return Replay(shown, view, exact, why)


def _views(session: Session, rows: Sequence[DisplayLog]) -> list[ShownView]:
    names = people.display_names(session, [row.by_id for row in rows])
    frames = [Frame.model_validate(row.frame) for row in rows]
    return [
        ShownView(row, names.get(row.by_id, "") if row.by_id else "", frame.result_number, frame.under_review)
        for row, frame in zip(rows, frames, strict=True)
    ]


# -- tickets and what was shown ----------------------------------------------------------------------------------


def if_it_opens(session: Session, sample: samples.Sample | None) -> samples.Sample | None:
    """The sample of a ticket, if its page may open; None for every other reason, and nobody learns which. Back of house no
    client page opens, and of a withdrawn sample none does any more."""
    if sample is None or sample.withdrawn_at is not None:
        return None
    return sample if checking_session_of(session, sample).licence_mode.individual_results else None


def needs_noting(
    session: Session, sample: samples.Sample, view: ClientView, shown_to: ShownTo, by: uuid.UUID | None = None
) -> bool:
    """Whether showing this page adds to the display log, so that a plain look needs no write."""
    page = view.page
    if page is None or view.result_id is None:
        return False
    last = repository.last_shown(session, sample.id, shown_to, by)
    return last is None or (
        last.result_id, last.pack_digest, last.locale, last.messages, last.page_sha256, Frame.model_validate(last.frame)
    ) != (
        view.result_id, page.pack_digest, page.locale, _messages(page), page_digest(page), Frame.model_validate(view)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClientSaw:
    """What the client's own screen showed last: when, which version, and whether it said what the page says now."""

    at: datetime
    number: int
    same: bool


def client_saw(session: Session, sample: samples.Sample, view: ClientView, pack: Pack) -> ClientSaw | None:
    """None: the client has opened no result. Another language is no difference."""
    last = repository.last_shown(session, sample.id, ShownTo.CLIENT)
    if last is None:
        return None
    frame = Frame.model_validate(last.frame)
    page = view.page.loggable() if view.page else None
    same = page is not None and (last.result_id, _said(last.messages, pack), frame.under_review) == (
        view.result_id, _said(_messages(page), pack), view.under_review
    )  # fmt: skip
    return ClientSaw(last.at, frame.result_number, same)


def _said(messages: Sequence[dict[str, str | int]], pack: Pack) -> list[dict[str, str | int]]:
    """What a page says in any language: without the notices about its translation."""
    of_language = {pack.manifest.fixed[name] for name in ("ask_us", "machine_drafted")}
    return [one for one in messages if one["id"] not in of_language]


def note_shown(uow: UnitOfWork, sample: samples.Sample, view: ClientView, shown_to: ShownTo) -> None:
    """Append to the display log, once per screen and page that differs from the one before. Nothing self-reported is in it.

    A client who saw the result was told. A worker who looked at it has told nobody yet.
    """
    page, by = view.page, uow.actor.person_id
    if page is None or view.result_id is None or view.made_of is None:
        return
    uow.session.refresh(sample, with_for_update=True)  # two looks at once: the second finds the first's line
    if not needs_noting(uow.session, sample, view, shown_to, by):
        return
    uow.session.add(
        DisplayLog(
            sample_id=sample.id,
            result_id=view.result_id,
            pack_digest=page.pack_digest,
            locale=page.locale,
            messages=_messages(page),
            shown_to=shown_to,
            at=uow.now,
            agency_id=sample.agency_id,
            by_id=by,
            page_sha256=page_digest(page),
            made_of=view.made_of.as_json(),
            frame=Frame.model_validate(view).model_dump(mode="json", by_alias=True),
            rules=rules_on(page),
        )
    )
    if shown_to is ShownTo.CLIENT:
        samples.stamp(uow, sample, "told_at")


def _messages(page: Page) -> list[dict[str, str | int]]:
    return [{"id": message_id, "version": version} for message_id, version in page.display_log]


# -- the consultation --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConsultationView:
    """A consultation with its ticks and who held it."""

    row: Consultation
    ticks: tuple[ConsultationOutcome, ...]
    by: str


def consultations_of(session: Session, actor: Actor, sample_id: uuid.UUID) -> list[ConsultationView]:
    """Talks about a sample of the actor's agency, newest first."""
    lookup.get_sample(session, actor, sample_id)
    rows = repository.of_sample(session, sample_id)
    ticks = repository.outcomes_of(session, [r.id for r in rows])
    names = people.display_names(session, [r.by_id for r in rows])
    return [ConsultationView(r, tuple(ticks[r.id]), names.get(r.by_id, "")) for r in rows]


def record_consultation(
    uow: UnitOfWork,
    sample_id: uuid.UUID,
    ticks: Sequence[Tick],
    *,
    minutes: int | None = None,
    group_size: int | None = None,
    naloxone_given: bool | None = None,
    referral: Referral | None = None,
    dependent_adult_confirmed: bool = False,
) -> ConsultationView:
    """Record one talk, with the advice that was on the worker's screen.

    Raises NotFound for a foreign sample, Conflict for a withdrawn one, Invalid for a tick of a person outside the
    group, for nothing at all, and for a confirmation the licence does not ask for.
    """
    sample = lookup.lock_sample(uow, sample_id)  # what is counted of it changes too: a release waits, or is seen
    if sample.withdrawn_at is not None:
        raise Conflict("This sample was withdrawn. Nothing more is recorded about it.")
    size = group_size or sample.group_size
    _check(uow.session, sample, ticks, size or 1, minutes, dependent_adult_confirmed)
    told = results.released(uow.session, sample_id)
    row = Consultation(
        sample_id=sample_id,
        result_id=told.result.id if told else None,
        by_id=person_of(uow.actor),
        at=uow.now,
        minutes=minutes,
        group_size=size,
        naloxone_given=naloxone_given,
        referral=referral.value if referral else "",
        dependent_adult_confirmed=dependent_adult_confirmed,
        advice_shown=_advice_shown(uow.session, sample_id) if told else [],
    )
    uow.session.add(row)
    uow.session.flush()
    outcomes = tuple(ConsultationOutcome(consultation_id=row.id, **asdict(tick)) for tick in dict.fromkeys(ticks))
    uow.session.add_all(outcomes)
    if outcomes:
        emit(uow, TalkRecorded(sample_id))
    if told is not None and (ticks or minutes is not None):  # confirming who someone is tells them nothing
        samples.stamp(uow, sample, "told_at")
    _announce(uow, sample, row, len(outcomes))
    uow.session.flush()
    return ConsultationView(row, outcomes, uow.actor.display_name)


def _check(
    session: Session, sample: samples.Sample, ticks: Sequence[Tick], size: int, minutes: int | None, confirmed: bool
) -> None:
    wrong = [t.person_index for t in ticks if not 1 <= t.person_index <= size]
    if wrong:
        raise Invalid(
            f"Person {wrong[0]} is not in this group of {size}. Nothing was recorded.",
            fields={"person_index": "not in the group"},
        )
    if confirmed and checking_session_of(session, sample).licence_mode is not LicenceMode.FOH_DEPENDENT_ADULT:
        raise Invalid(
            "This session's licence does not ask whether someone is a dependent user, so it is not recorded.",
            fields={"dependent_adult_confirmed": "not asked for at this session"},
        )
    if not ticks and not confirmed and minutes is None:
        raise Invalid(
            "Tick at least one plan, or “did not want to say”. Nothing was recorded.",
            fields={"outcomes": "none ticked"},
        )


def _advice_shown(session: Session, sample_id: uuid.UUID) -> list[dict[str, str | int]]:
    """Messages by version, as the worker's screen last showed them; the client's where no worker looked."""
    seen = repository.last_shown(session, sample_id, ShownTo.STAFF)
    seen = seen or repository.last_shown(session, sample_id, ShownTo.CLIENT)
    return list(seen.messages) if seen else []


def _announce(uow: UnitOfWork, sample: samples.Sample, row: Consultation, outcomes: int) -> None:
    after = {"consultation": str(row.id), "outcomes": outcomes, "dependent_adult": row.dependent_adult_confirmed}
    audit.record(uow, "consult", "sample", sample.id, session_id=sample.session_id, after=after)
    for topic in ("queue", "client") if row.dependent_adult_confirmed else ("queue",):
        publish(uow, topic, "consulted", agency_id=sample.agency_id, session_id=sample.session_id, sample_id=sample.id)
