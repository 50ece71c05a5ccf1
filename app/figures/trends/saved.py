"""Saved queries: a question with a name, kept for the person who named it."""

from __future__ import annotations

import uuid

from sqlmodel import Session, col, select

from app.figures.trends import service
from app.figures.trends.charts import Drawn
from app.figures.trends.domain import Question
from app.figures.trends.tables import SavedQuery
from app.figures.trends.web import asked_in, words_of
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound, Stale
from harm_messages import Register

MOST = 50
"""As many as a menu may list for one person."""
LONGEST, LONGEST_QUESTION = 80, 1500


def mine(session: Session, who: Actor) -> list[SavedQuery]:
    """This person's queries by name, however it is written."""
    found = session.exec(select(SavedQuery).where(SavedQuery.person_id == who.person_id))
    return sorted(found, key=lambda row: (row.name.casefold(), row.id))


def last_used(session: Session, who: Actor) -> SavedQuery | None:
    """The query this person opened or saved last."""
    own = select(SavedQuery).where(SavedQuery.person_id == who.person_id)
    return session.exec(own.order_by(col(SavedQuery.used_at).desc(), col(SavedQuery.id).desc()).limit(1)).first()


def one_of(session: Session, who: Actor, query_id: uuid.UUID) -> SavedQuery:
    """A query of this person. Raises NotFound, also for one of another person."""
    row = session.get(SavedQuery, query_id)
    if row is None or row.person_id != who.person_id:
        raise NotFound("saved query")
    return row


def understood(words: str, register: Register) -> tuple[Question, Drawn]:
    """What a query asks today, and how it is drawn. Raises Invalid for what is no question, or none any more."""
    asked, drawn = asked_in(words)
    _, asked = service.understood(None, asked, register)
    return asked, drawn


def save(uow: UnitOfWork, name: str, words: str, register: Register) -> SavedQuery:
    """Keep a question under a name. Raises Invalid and Conflict."""
    if uow.actor.person_id is None:
        raise NotFound("person")
    asked, drawn = understood(words, register)
    uow.one_at_a_time(f"saved-queries|{uow.actor.person_id}".encode())
    before = mine(uow.session, uow.actor)
    name = _free(before, name)
    if len(before) >= MOST:
        raise Conflict(f"You have {MOST} saved queries. This one was not saved.", hint="Remove one first.")
    words = words_of(asked, drawn=drawn.value if drawn is not Drawn.AUTO else "")
    if len(words) > LONGEST_QUESTION:
        raise Invalid(
            "This question is too long to be saved.", fields={"question": "too long"}, hint="Ask for less at once."
        )
    row = SavedQuery(
        person_id=uow.actor.person_id,
        name=name,
        question=words,
        created_at=uow.now,
        used_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    audit.record(uow, "save", "saved_query", row.id, version=row.version, after={"question": row.question})
    return row


def rename(uow: UnitOfWork, query_id: uuid.UUID, name: str, version: int) -> SavedQuery:
    """Give a query another name. Raises NotFound, Stale, Invalid and Conflict."""
    uow.one_at_a_time(f"saved-queries|{uow.actor.person_id}".encode())
    row = one_of(uow.session, uow.actor, query_id)
    if row.version != version:
        raise Stale("query")
    row.name = _free([other for other in mine(uow.session, uow.actor) if other is not row], name)
    row.version += 1
    audit.record(uow, "rename", "saved_query", row.id, version=row.version)
    return row


def remove(uow: UnitOfWork, query_id: uuid.UUID) -> str:
    """Forget a query; says what it asked. Raises NotFound."""
    row = one_of(uow.session, uow.actor, query_id)
    uow.session.delete(row)
    audit.record(uow, "remove", "saved_query", row.id, version=row.version)
    return row.question


def note_used(uow: UnitOfWork, query_id: uuid.UUID) -> None:
    """Note that a query was opened, so that it opens by itself next time."""
    one_of(uow.session, uow.actor, query_id).used_at = uow.now


def _free(others: list[SavedQuery], name: str) -> str:
    """The name, if it is one and no other query has it, however it is written."""
    name = " ".join(name.split())
    if not name:
        raise Invalid("Enter a name, for example Ketamine by month.", fields={"name": "missing"})
    if len(name) > LONGEST:
        raise Invalid(
            f"A name has at most {LONGEST} characters. This one has {len(name)}.", fields={"name": "too long"}
        )
    if any(other.name.casefold() == name.casefold() for other in others):
        raise Conflict(f"You already have a query called {name}. Nothing was saved.", hint="Choose another name.")
    return name
