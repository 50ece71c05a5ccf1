"""What was shown of a sample, when, to whom, in which language and words, and the same page again from the log."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field, ValidationError
from sqlmodel import Session

from app.care.consultations import repository
from app.care.consultations.client_view import ClientView
from app.care.consultations.domain import ShownTo, ViewKind
from app.care.consultations.facts import KEPT, page_digest
from app.care.consultations.tables import DisplayLog
from app.intake.people import service as people
from app.intake.samples import lookup
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import NotFound
from app.results.domain import ChangeReason
from harm_messages import HarmMessageError, Pack

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
        return Replay(
            shown, None, False, "It was shown before pages were kept whole: the list of its messages is all there is."
        )
    pack = packs(row.pack_digest)
    if pack is None:
        return Replay(shown, None, False, "The message pack it was made with is not kept here any more.")
    try:
        made = KEPT.validate_python(row.made_of)
        page = made.page(pack)
    except (HarmMessageError, ValidationError) as error:
        return Replay(shown, None, False, f"This version of MAST cannot make it again ({type(error).__name__}).")
    exact = page_digest(page) == row.page_sha256
    why = "" if exact else "This version of MAST makes another page of it: the list of its messages is what was shown."
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
