"""What the findings of a version stand on: what was expected and handed in, and what every analysis could see.

Kept with the version when it is submitted; from then on its page is made of that and not of what is written down later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from sqlmodel import Session

from app.readings import service as readings
from app.readings.service import ScopeFact
from app.results.tables import ResultVersion
from app.samples import service as samples


@dataclass(frozen=True, slots=True)
class Grounds:
    """Compared as a whole: whatever is in here can change what the page says. Strips are part of `scope`."""

    expected: tuple[str, ...]
    intent: str
    form: str
    logo: str
    colours: tuple[str, ...]
    scope: tuple[ScopeFact, ...]

    def as_json(self) -> dict[str, Any]:
        """For the column."""
        kept: dict[str, Any] = _JSON.dump_python(self, mode="json")
        return kept


_JSON = TypeAdapter(Grounds)


def current(session: Session, sample: samples.Sample) -> Grounds:
    """As it is written down now."""
    return Grounds(
        expected=tuple(samples.expected_of(session, sample.id)),
        intent=sample.intent.value,
        form=sample.form.value,
        logo=sample.logo,
        colours=tuple(sample.colours),
        scope=tuple(readings.scope_of(session, sample.id)),
    )


def frozen(row: ResultVersion) -> Grounds | None:
    """As it was when this version was submitted; None before that."""
    return _JSON.validate_python(row.basis) if row.basis is not None else None
