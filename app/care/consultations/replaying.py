"""What was shown of a sample, when, to whom, in which language and words, and the same page again from the log."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from app.care.consultations import repository
from app.care.consultations.client_view import ClientView
from app.care.consultations.domain import ShownTo, ViewKind
from app.care.consultations.facts import MadeOf, page_digest
from app.care.consultations.tables import DisplayLog
from app.intake.people import service as people
from app.intake.samples import service as samples
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import NotFound
from app.results.domain import ChangeReason
from harm_messages import HarmMessageError, Pack

PackByDigest = Callable[[str], Pack | None]
"""The message pack with this digest, as it was; None where it is not kept."""


@dataclass(frozen=True, slots=True)
class ShownView:
    """One entry of the log. `number`: version of the result."""

    row: DisplayLog
    by: str
    number: int

    @property
    def to_client(self) -> bool:
        """Whether it stood on the client's own screen."""
        return self.row.shown_to == ShownTo.CLIENT

    @property
    def under_review(self) -> bool:
        """Whether it said that the result was being looked at again."""
        return bool(self.row.frame.get("under_review"))


@dataclass(frozen=True, slots=True)
class Replay:
    """The page again. `exact`: to the byte, by the hash in the log. Without `view`, `why` says what is missing."""

    shown: ShownView
    view: ClientView | None
    exact: bool
    why: str = ""


def frame_of(view: ClientView) -> dict[str, Any]:
    """What stands around the messages, for the log."""
    return {
        "place": view.place,
        "number": view.result_number,
        "confirmed": view.confirmed,
        "under_review": view.under_review,
        "changed_at": view.changed_at.isoformat() if view.changed_at else None,
        "reason": view.reason.value if view.reason else None,
        "changed_from": view.changed_from,
        "changes": list(view.changes),
        "mate_changed_at": view.mate_changed_at.isoformat() if view.mate_changed_at else None,
    }


def shown_of(session: Session, actor: Actor, sample_id: uuid.UUID) -> list[ShownView]:
    """Everything shown of a sample of the actor's agency, the newest first."""
    samples.get_sample(session, actor, sample_id)
    return _views(session, repository.shown(session, sample_id))


def replay(session: Session, actor: Actor, sample_id: uuid.UUID, shown_id: uuid.UUID, packs: PackByDigest) -> Replay:
    """One page again as it was shown, though pack, alerts and overrides may have changed since. Raises NotFound."""
    samples.get_sample(session, actor, sample_id)
    row = repository.shown_once(session, sample_id, shown_id)
    if row is None:
        raise NotFound("shown page")
    shown = _views(session, [row])[0]
    if row.made_of is None:
        return Replay(
            shown, None, False, "It was shown before pages were kept whole: the list of its messages is all there is."
        )
    pack = packs(row.pack_digest)
    if pack is None:
        return Replay(shown, None, False, "The message pack it was made with is not kept here any more.")
    try:
        made = MadeOf.of(row.made_of)
        page = made.page(pack)
    except (HarmMessageError, ValidationError, KeyError) as error:
        return Replay(shown, None, False, f"This version of MAST cannot make it again ({type(error).__name__}).")
    exact = page_digest(page) == row.page_sha256
    why = "" if exact else "This version of MAST makes another page of it: the list of its messages is what was shown."
    changed_at, reason = row.frame.get("changed_at"), row.frame.get("reason")
    mate_changed_at = row.frame.get("mate_changed_at")
    view = ClientView(
        ViewKind.RESULT,
        row.frame.get("place", ""),
        locale=made.locale,
        page=page,
        result_id=row.result_id,
        result_number=row.frame.get("number", 0),
        confirmed=bool(row.frame.get("confirmed")),
        under_review=shown.under_review,
        changed_at=datetime.fromisoformat(changed_at) if changed_at else None,
        reason=ChangeReason(reason) if reason else None,
        changed_from=row.frame.get("changed_from", ""),
        changes=tuple(row.frame.get("changes", ())),
        mate_changed_at=datetime.fromisoformat(mate_changed_at) if mate_changed_at else None,
        made_of=made,
    )
    return Replay(shown, view, exact, why)


def _views(session: Session, rows: Sequence[DisplayLog]) -> list[ShownView]:
    names = people.display_names(session, [row.by_id for row in rows])
    return [ShownView(row, names.get(row.by_id, "") if row.by_id else "", row.frame.get("number", 0)) for row in rows]
