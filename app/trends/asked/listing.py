"""The log of questions for those who look after it: the operator, and the administrators of an agency."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.people import service as people
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Forbidden
from app.trends.asked import repository
from app.trends.asked.tables import TrendQuestion


@dataclass(frozen=True, slots=True)
class Line:
    """One question that was answered: by whom, when and how it was asked, what it was, how much was shown."""

    id: uuid.UUID
    who: str
    via: str
    audience: str
    question: Mapping[str, Any]
    rows_shown: int
    rows_withheld: int
    repeats: int
    asked_at: datetime
    last_at: datetime

    @property
    def asked(self) -> str:
        """The question in one line."""
        rest = {k: v for k, v in self.question.items() if k not in {"measure", "by", "where", "audience", "agency"}}
        parts = [str(self.question.get("measure", "")), "by " + (", ".join(self.question.get("by", [])) or "nothing")]
        parts += [f"{name} = {value}" for name, value in dict(self.question.get("where", {})).items()]
        parts += [f"{name}: {_plain(value)}" for name, value in rest.items()]
        return "; ".join(parts)

    @property
    def words(self) -> str:
        """For a terminal."""
        again = f", asked again {self.repeats}×, last {self.last_at:%Y-%m-%d %H:%M}" if self.repeats else ""
        shown = f"{self.rows_shown} rows shown, {self.rows_withheld} not"
        return f"{self.asked_at:%Y-%m-%d %H:%M} {self.who} ({self.via}): {self.asked}. {shown}{again}."


def _plain(value: Any) -> str:
    return " to ".join(str(v) or "…" for v in value) if isinstance(value, list | tuple) else str(value)


def everything(session: Session, *, username: str = "", limit: int = 100) -> list[Line]:
    """For the operator on this machine: everybody, or one person by sign-in name. Raises NotFound."""
    person_id = people.find_person(session, username).id if username else None
    return _lines(session, repository.questions(session, person_id=person_id, limit=limit))


def of_agency(session: Session, actor: Actor, *, after: uuid.UUID | None, limit: int) -> list[Line]:
    """What the people of the actor's agency asked, newest first, after a key."""
    if actor.agency_id is None:
        raise Forbidden("Questions are shown to administrators of the agency whose people asked them.")
    return _lines(session, repository.questions(session, agency_id=actor.agency_id, after=after, limit=limit))


def _lines(session: Session, rows: list[TrendQuestion]) -> list[Line]:
    names = people.display_names(session, [row.person_id for row in rows])
    return [
        Line(
            row.id, names.get(row.person_id, "") if row.person_id else "operator", row.via, row.audience, row.question,
            row.rows_shown, row.rows_withheld, row.repeats, row.asked_at, row.last_at,
        )
        for row in rows
    ]  # fmt: skip
