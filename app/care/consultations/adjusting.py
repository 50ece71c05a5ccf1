"""Use cases of what staff do to a page: add a snippet, pin a card, take one out with a reason, and undo it.

What may be done is decided by the message package; here it is only asked, kept, audited and told to the screens.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from app.care.consultations import repository
from app.care.consultations.client_view import client_view
from app.care.consultations.domain import AdjustmentKind, WhyNotRelevant, WhyRefused, person_of
from app.care.consultations.tables import PageAdjustment
from app.intake.people import service as people
from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound
from app.platform.live.publish import publish
from harm_messages import Pack, Page, snippets_of
from harm_messages.adjusting import why_not_pinned, why_not_taken_out

KEPT = "The page stays as it is."


@dataclass(frozen=True, slots=True)
class AdjustmentView:
    """Something done to a page, and by whom."""

    row: PageAdjustment
    by: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be done to a page now: snippets to add, cards to pin or to take out, each (id, title)."""

    snippets: Sequence[tuple[str, str]]
    pin: Sequence[tuple[str, str]]
    take_out: Sequence[tuple[str, str]]


def offer(pack: Pack, page: Page, done: Sequence[AdjustmentView]) -> Offer:
    """What is left to do. Cards that a self-report caused are never among them."""
    had = {(view.row.kind, view.row.target) for view in done}
    body = page.loggable().body
    return Offer(
        [
            (row.id, _title(text.title, text.short))
            for row in snippets_of(pack, "snippet")
            for text in (pack.message(row.message, "en"),)
            if (AdjustmentKind.SNIPPET, row.id) not in had
        ],
        [
            (m.rule_id, _title(m.title, m.text))
            for m in body
            if not why_not_pinned(page, m.rule_id) and (AdjustmentKind.PIN, m.rule_id) not in had
        ],
        [(m.rule_id, _title(m.title, m.text)) for m in body if not why_not_taken_out(page, m.rule_id)],
    )


def adjust(
    uow: UnitOfWork,
    sample_id: uuid.UUID,
    kind: AdjustmentKind,
    target: str,
    *,
    pack: Pack,
    reason: WhyNotRelevant | None = None,
) -> PageAdjustment:
    """Do something to the page of the result that is shown now; the same twice is done once.

    Raises NotFound (a foreign sample), Conflict (no page to adjust), Invalid with the reason why this may not be done.
    """
    sample = lookup.lock_sample(uow, sample_id)
    view = client_view(uow.session, pack, sample, uow.now)
    page, result_id = view.page, view.result_id
    if page is None or result_id is None:
        said = "No result of this sample is on a page now, so there is nothing to adjust."
        raise Conflict(said, reason_code=WhyRefused.NO_PAGE)
    there = repository.adjustments(uow.session, result_id)
    if (same := next((row for row in there if (row.kind, row.target) == (kind, target)), None)) is not None:
        return same
    message_id, title = _checked(pack, page, kind, target, reason)
    row = PageAdjustment(
        agency_id=sample.agency_id, sample_id=sample.id, result_id=result_id, kind=kind, target=target, message_id=message_id,
        title=title[:200], reason=reason if kind is AdjustmentKind.NOT_RELEVANT else None, by_id=person_of(uow.actor),
        at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    after = {"kind": kind.value, "target": target, "message": message_id, "reason": row.reason}
    audit.record(uow, "adjust", "page", row.id, version=row.version, after=after, session_id=sample.session_id)
    _tell(uow, sample)
    return row


def undo(uow: UnitOfWork, sample_id: uuid.UUID, adjustment_id: uuid.UUID) -> PageAdjustment:
    """Take it back. Raises NotFound, Conflict (undone already)."""
    sample = lookup.lock_sample(uow, sample_id)
    row = uow.session.get(PageAdjustment, adjustment_id)
    if row is None or row.sample_id != sample_id:
        raise NotFound("adjustment")
    if row.undone_at is not None:
        raise Conflict(f"This was undone already. {KEPT}", reason_code=WhyRefused.UNDONE_ALREADY)
    row.undone_at, row.undone_by = uow.now, uow.actor.person_id
    row.version += 1
    audit.record(
        uow, "undo", "page", row.id, version=row.version, session_id=sample.session_id,
        before={"kind": row.kind.value, "target": row.target},
    )  # fmt: skip
    _tell(uow, sample)
    return row


def adjustments_of(session: Session, actor: Actor, sample_id: uuid.UUID, result_id: uuid.UUID) -> list[AdjustmentView]:
    """What stands on the page of a version, the oldest first."""
    lookup.get_sample(session, actor, sample_id)
    rows = repository.adjustments(session, result_id)
    names = people.display_names(session, [row.by_id for row in rows])
    return [AdjustmentView(row, names.get(row.by_id, "")) for row in rows if row.sample_id == sample_id]


def _checked(
    pack: Pack, page: Page, kind: AdjustmentKind, target: str, reason: WhyNotRelevant | None
) -> tuple[str, str]:
    """(message, title) of what is asked for. Raises Invalid with the one sentence why not."""
    if kind is AdjustmentKind.SNIPPET:
        row = next((r for r in snippets_of(pack, "snippet") if r.id == target), None)
        if row is None:
            said = "There is no such message to add: only what the message pack holds can stand on a page."
            raise _refused(said, WhyRefused.UNKNOWN_SNIPPET)
        text = pack.message(row.message, pack.manifest.default_locale)
        return text.id, _title(text.title, text.short)
    why = why_not_taken_out(page, target) if kind is AdjustmentKind.NOT_RELEVANT else why_not_pinned(page, target)
    if why:
        raise _refused(why, _code(pack, page, kind, target))
    if kind is AdjustmentKind.NOT_RELEVANT and reason is None:
        raise Invalid(
            f"{KEPT} Say why it is not relevant.", fields={"reason": "Choose why."}, reason_code=WhyRefused.NO_REASON
        )
    card = next(m for m in page.loggable().body if m.rule_id == target)
    return card.id, _title(card.title, card.text)


def _code(pack: Pack, page: Page, kind: AdjustmentKind, rule_id: str) -> WhyRefused:
    """The code of what the message package refused in a sentence."""
    own = page.loggable()
    if any(m.rule_id == rule_id for m in own.body):
        return WhyRefused.TOO_GRAVE if kind is AdjustmentKind.NOT_RELEVANT else WhyRefused.AT_THE_TOP
    if any((m.rule_id or m.id) == rule_id for m in own.messages()):  # lines of the emergency block have no rule
        return WhyRefused.ALWAYS_STAYS
    known = any(rule.id == rule_id for rule in pack.rules)
    return WhyRefused.NOT_ON_PAGE if known else WhyRefused.UNKNOWN_RULE


def _refused(why: str, code: WhyRefused) -> Invalid:
    return Invalid(f"{KEPT} {why}", fields={"target": why}, reason_code=code)


def _title(title: str, text: str) -> str:
    """Its title; where it has none, its first words."""
    if title:
        return title
    plain = text.replace("*", "").replace("- ", "").strip()
    first = plain.split(". ")[0].splitlines()[0].rstrip(".")
    return first if len(first) <= 80 else f"{first[:79]}…"


def _tell(uow: UnitOfWork, sample: samples.Sample) -> None:
    publish(uow, "client", "adjusted", agency_id=sample.agency_id, session_id=sample.session_id, sample_id=sample.id)
