"""Which hints a person has hidden: by the area they stand on, and for the person, so that a shared tablet shows each their own."""

from __future__ import annotations

from sqlmodel import Session

from app.intake.people.tables import Person
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor


def hidden(session: Session, who: Actor, area: str) -> bool:
    """Whether this person has hidden the hints of an area; so has everybody who is nobody in particular."""
    person = session.get(Person, who.person_id) if who.person_id else None
    return person is None or area in person.hints_hidden


def hide(uow: UnitOfWork, area: str) -> None:
    """Hide the hints of an area for the actor."""
    _set(uow, area, hidden=True)


def show(uow: UnitOfWork, area: str) -> None:
    """Show the hints of an area to the actor again."""
    _set(uow, area, hidden=False)


def _set(uow: UnitOfWork, area: str, *, hidden: bool) -> None:
    person = uow.session.get_one(Person, uow.actor.person_id, with_for_update=True)
    others = [name for name in person.hints_hidden if name != area]
    person.hints_hidden = [*others, area] if hidden else others
