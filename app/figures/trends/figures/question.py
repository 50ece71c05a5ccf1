"""A question that was understood, and what is counted for it. Counts each thing once, however often it is needed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlmodel import Session

from app.figures.trends import repository
from app.figures.trends.domain import Count, Dimension, Measure
from app.figures.trends.selection import Selection
from app.figures.trends.targets import Amongst, Target, target_of
from harm_messages import Register

Columns = Sequence[Dimension]
Held = Mapping[Dimension, str]
T = TypeVar("T")

ANALOGUES = "analogues:"
"""Before a substance: its class without the substance itself, `found=analogues:fentanyl`."""


@dataclass(frozen=True)
class Asking:
    """A question that was understood, and the one agency whose samples count (None: all of them)."""

    session: Session
    measure: Measure
    selection: Selection
    found: str
    agency_id: uuid.UUID | None
    register: Register
    now: datetime
    role: str = ""
    baseline: tuple[str, str] = ("", "")
    _counted: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, name: str, columns: Columns, held: Held, count: Callable[[], T]) -> T:
        """What `count` says, asked of the database once per columns and filters."""
        key = (name, tuple(columns), tuple(sorted(held.items())))
        if key not in self._counted:
            self._counted[key] = count()
        return cast("T", self._counted[key])

    def holds(self, held: Held) -> Any:
        """The condition on samples for filters by what was found or by method; None without any."""
        return repository.holding(self.session, held) if held else None

    def target(self, name: str) -> Target:
        """What is looked for under this name. Raises Invalid for the analogues of no substance."""
        analogues = name.startswith(ANALOGUES)
        return target_of(name.removeprefix(ANALOGUES), self.register, amongst=Amongst(self.role), analogues=analogues)

    def samples(self, columns: Columns, held: Held, also: Any = None) -> list[Count]:
        """Samples per cell, whatever the figure; `also` is one more condition on them."""

        def count() -> list[Count]:
            conditions = [one for one in (self.holds(held), also) if one is not None]
            return repository.cells(
                self.session, Measure("samples", "", ""), columns, agency_id=self.agency_id,
                holds=sa.and_(*conditions) if conditions else None,
            )  # fmt: skip

        return self.once("samples", columns, held, count) if also is None else count()
