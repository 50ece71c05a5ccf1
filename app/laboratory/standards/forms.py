"""From the fields of the pages of standards to what the feature takes: numbers and days as people write them."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.laboratory.standards.domain import ControlKind, NewControl, NewReplicate, NewStandard
from app.laboratory.standards.service import NOT_SAVED
from app.platform.kernel.errors import Invalid
from app.platform.web.fields import Text20, Text40, Text60, Text80, Text140
from app.platform.web.typed import key_of, number
from harm_messages.register import MatchKind, Register

Words = Annotated[list[Text140], Field(max_length=20)]


class StandardForm(BaseModel):
    """The fields of a standard, its run, and where its spectrum comes from."""

    idempotency_key: Annotated[str, Field(max_length=120)] = ""
    reading: Text40 = ""
    peak: Text20 = ""
    standard_id: Text40 = ""
    substance: Words = []
    substance_words: Words = []
    inchikey: Text40 = ""
    form: Text40 = ""
    lot: Text60 = ""
    supplier: Text80 = ""
    purity: Text20 = ""
    expires_on: Text20 = ""
    instrument: Text80 = ""
    measured_on: Text20 = ""
    retention_min: Text20 = ""
    retention_index: Text20 = ""

    def standard(self, register: Register) -> NewStandard:
        """The reference material. Raises Invalid with a sentence per field."""
        wrong: dict[str, str] = {}
        chosen = next((w for w in self.substance if w), "")
        words = next((w for w in self.substance_words if w), "")
        purity = number(self.purity, "purity", wrong, example="98.5")
        ends = at_noon(self.expires_on, "expires_on", wrong)
        if not chosen and not words:
            wrong["substance"] = "Say which compound it is."
        if wrong:
            raise Invalid(NOT_SAVED, fields=wrong)
        name, key, substance = named(register, chosen, words[:120], self.inchikey.upper())
        expires: date | None = ends.date() if ends is not None else None
        return NewStandard(name, key, substance, self.lot, self.supplier, purity, expires, self.form)

    def run(self) -> NewReplicate:
        """The run of it. Raises Invalid."""
        wrong: dict[str, str] = {}
        minutes = number(self.retention_min, "retention_time", wrong)
        index = number(self.retention_index, "retention_index", wrong)
        day = at_noon(self.measured_on, "measured_on", wrong)
        if wrong:
            raise Invalid(NOT_SAVED, fields=wrong)
        return NewReplicate(self.instrument, day, None if minutes is None else minutes * 60, index)

    @property
    def reading_id(self) -> uuid.UUID | None:
        """The reading it is taken from, if it is one."""
        return key_of(self.reading)

    @property
    def peak_number(self) -> int | None:
        """The peak of a run."""
        return int(self.peak) if self.peak.isascii() and self.peak.isdigit() and 0 < int(self.peak) <= 200 else None

    @property
    def another_run_of(self) -> uuid.UUID | None:
        """The standard this is another run of."""
        return key_of(self.standard_id)


class ControlForm(BaseModel):
    """The fields of a control; `incoming` names a waiting file from an instrument."""

    idempotency_key: Annotated[str, Field(max_length=120)] = ""
    incoming: Text40 = ""
    version: int | None = None
    kind: Text20 = ""
    batch: Text40 = ""
    instrument: Text80 = ""
    measured_on: Text20 = ""
    first_carbon: Text20 = ""

    def entered(self) -> NewControl:
        """What was typed, in the form the service takes. Raises Invalid with a sentence per field."""
        wrong: dict[str, str] = {}
        if self.kind not in set(ControlKind):
            wrong["kind"] = "Say what was run: a blank, a ladder or a QC standard."
        if not self.batch:
            wrong["batch"] = "Say which batch it belongs to, as it is written with the samples’ analyses."
        carbon = number(self.first_carbon, "first_carbon", wrong)
        day = at_noon(self.measured_on, "measured_on", wrong)
        if carbon is not None and carbon != int(carbon):
            wrong["first_carbon"] = "The number of carbons is a whole number, for example 8."
        if wrong:
            raise Invalid("The control was not kept. What you typed is still here.", fields=wrong)
        first = None if carbon is None else int(carbon)
        return NewControl(ControlKind(self.kind), self.batch, self.instrument, day, first)


def named(register: Register, substance: str, name: str, inchikey: str) -> tuple[str, str, str]:
    """(name, InChIKey, register id) of a compound: the register's where it knows it. Raises Invalid."""
    if substance:
        row = register.get(substance)
        if row is None:
            raise Invalid(
                "The standard was not enrolled.",
                fields={"substance": f"“{substance}” is no substance of the register. Choose from the list."},
            )
        known = row.inchikey.value if row.inchikey is not None else ""
        return row.name, inchikey or known, row.id
    if name and not inchikey:
        meant = [m for m in register.resolve(name) if m.kind is not MatchKind.INTENT]
        found = register.get(meant[0].id) if len(meant) == 1 else None
        if found is not None:
            return found.name, found.inchikey.value if found.inchikey is not None else "", found.id
    return name, inchikey, ""


def at_noon(day: str, field: str, wrong: dict[str, str]) -> datetime | None:
    """A day of a form as a moment; what is no day is named in `wrong`."""
    if not day:
        return None
    try:
        return datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    except ValueError:
        wrong[field] = "Write the day like 2026-07-18."
        return None
