"""Opening a ticket, and the display log: which pages were shown, enough to show them again."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.care.consultations import repository
from app.care.consultations.client_view import ClientView, checking_session_of
from app.care.consultations.domain import ShownTo
from app.care.consultations.facts import page_digest, rules_on
from app.care.consultations.replaying import frame_of
from app.care.consultations.tables import DisplayLog
from app.intake.samples import service as samples
from app.platform.db import UnitOfWork


def sample_of_code(session: Session, code: str, pepper: bytes, now: datetime) -> samples.Sample | None:
    """The sample a ticket opens a page for; None for every other reason, and nobody learns which."""
    return _if_it_opens(session, samples.sample_by_ticket(session, code, pepper, now))


def sample_of_browser(session: Session, secret: str, pepper: bytes, now: datetime) -> samples.Sample | None:
    """The sample of a browser that showed its ticket before."""
    return _if_it_opens(session, samples.sample_by_ticket_session(session, secret, pepper, now))


def _if_it_opens(session: Session, sample: samples.Sample | None) -> samples.Sample | None:
    """Back of house no client page opens, and of a withdrawn sample none does any more."""
    if sample is None or sample.withdrawn_at is not None:
        return None
    return sample if checking_session_of(session, sample).licence_mode.individual_results else None


@dataclass(frozen=True, slots=True)
class _Shown:
    """A page as the log knows it."""

    result_id: uuid.UUID
    pack_digest: str
    locale: str
    messages: list[dict[str, Any]]
    page_sha256: str
    frame: dict[str, Any]

    @classmethod
    def of(cls, view: ClientView) -> _Shown | None:
        """Without anything self-reported; None where no result was shown."""
        if view.page is None or view.result_id is None:
            return None
        messages = [{"id": message_id, "version": version} for message_id, version in view.page.display_log]
        return cls(
            view.result_id, view.page.pack_digest, view.page.locale, messages, page_digest(view.page), frame_of(view)
        )

    def is_in(self, row: DisplayLog | None) -> bool:
        return row is not None and self == _Shown(
            row.result_id, row.pack_digest, row.locale, row.messages, row.page_sha256, row.frame
        )


def needs_noting(
    session: Session, sample: samples.Sample, view: ClientView, shown_to: ShownTo, by: uuid.UUID | None = None
) -> bool:
    """Whether showing this page adds to the display log, so that a plain look needs no write."""
    shown = _Shown.of(view)
    return shown is not None and not shown.is_in(repository.last_shown(session, sample.id, shown_to, by))


def note_shown(uow: UnitOfWork, sample: samples.Sample, view: ClientView, shown_to: ShownTo) -> None:
    """Append to the display log, once per screen and page that differs from the one before.

    A client who saw the result was told. A worker who looked at it has told nobody yet.
    """
    shown = _Shown.of(view)
    if shown is None or view.page is None or view.made_of is None:
        return
    by = uow.actor.person_id
    uow.session.refresh(sample, with_for_update=True)  # two looks at once: the second finds the first's line
    if not needs_noting(uow.session, sample, view, shown_to, by):
        return
    uow.session.add(
        DisplayLog(
            sample_id=sample.id,
            result_id=shown.result_id,
            pack_digest=shown.pack_digest,
            locale=shown.locale,
            messages=shown.messages,
            shown_to=shown_to,
            at=uow.now,
            agency_id=sample.agency_id,
            by_id=by,
            page_sha256=shown.page_sha256,
            made_of=view.made_of.as_json(),
            frame=shown.frame,
            rules=rules_on(view.page),
        )
    )
    if shown_to is ShownTo.CLIENT:
        samples.stamp(uow, sample, "told_at")
