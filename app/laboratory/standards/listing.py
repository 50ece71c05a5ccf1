"""What screens and the API show of standards and controls. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.intake.people import service as people
from app.laboratory.standards import repository
from app.laboratory.standards.domain import counts
from app.laboratory.standards.enrolling import agency_of, get_standard
from app.laboratory.standards.tables import Control, Standard, StandardReplicate
from app.platform.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class StandardView:
    """One standard with its runs, oldest first. `names`: person id → display name."""

    row: Standard
    replicates: tuple[StandardReplicate, ...]
    names: dict[uuid.UUID, str]
    now: datetime

    @property
    def counts(self) -> bool:
        """Whether it is evidence now."""
        return counts(self.row.expires_at, self.row.retired_at, self.now)

    @property
    def state(self) -> str:
        """One word for the list."""
        if self.row.retired_at is not None:
            return "retired"
        return "in use" if self.counts else "expired"

    @property
    def days(self) -> int:
        """On how many different days its runs were measured: one day says nothing of the spread between days."""
        return len({r.measured_at.date() for r in self.replicates})

    @property
    def instruments(self) -> tuple[str, ...]:
        """Instruments named with its runs."""
        return tuple(dict.fromkeys(r.instrument for r in self.replicates if r.instrument))


def standards_page(
    session: Session, actor: Actor, now: datetime, *, before: uuid.UUID | None = None, limit: int = 50
) -> list[StandardView]:
    """Standards of the actor's agency, newest first."""
    return _views(session, repository.standards_page(session, agency_of(actor), before, limit), now)


def standard_view(session: Session, actor: Actor, standard_id: uuid.UUID, now: datetime) -> StandardView:
    """One of them. Raises NotFound."""
    return _views(session, [get_standard(session, actor, standard_id)], now)[0]


def in_use(session: Session, actor: Actor) -> list[Standard]:
    """Standards another run can be added to, by name."""
    rows = repository.standards_of(session, agency_of(actor))
    return sorted((r for r in rows if r.retired_at is None), key=lambda r: (r.name.casefold(), r.lot))


def controls_page(
    session: Session, actor: Actor, *, batch: str = "", before: uuid.UUID | None = None, limit: int = 50
) -> list[Control]:
    """Controls of the actor's agency, newest first."""
    return repository.controls_page(session, agency_of(actor), batch, before, limit)


def _views(session: Session, rows: Sequence[Standard], now: datetime) -> list[StandardView]:
    runs = repository.replicates_of(session, [row.id for row in rows])
    persons = {p for row in rows for p in (row.created_by, row.retired_by)} | {r.enrolled_by for r in runs}
    names = people.display_names(session, persons - {None})
    return [StandardView(row, tuple(r for r in runs if r.standard_id == row.id), names, now) for row in rows]
