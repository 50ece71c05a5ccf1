"""From the fields of the pages of instruments to what the feature takes: days, numbers and keys as people write them."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated

from pydantic import BaseModel, Field

from app.laboratory.identification.domain import Method
from app.laboratory.instrument_checks.domain import NewCheck, NewMixture
from app.laboratory.readings.machines import NewInstrument
from app.platform.kernel.errors import Invalid
from app.platform.kernel.place import local, zone
from app.platform.web.fields import Text20, Text40, Text60, Text80
from app.platform.web.typed import key_of, number

Key = Annotated[str, Field(max_length=120)]


class InstrumentForm(BaseModel):
    """The fields of a new instrument."""

    idempotency_key: Key = ""
    name: Text80 = ""
    method: Text20 = ""
    serial: Text60 = ""
    certificate_due: Text20 = ""

    def entered(self) -> NewInstrument:
        """What was typed, in the form the service takes. Raises Invalid with a sentence per field."""
        wrong: dict[str, str] = {}
        if not self.name:
            wrong["name"] = "Say what it is called, such as Alpha II."
        if self.method not in set(Method):
            wrong["method"] = "Choose what it measures."
        due = day_of(self.certificate_due, "certificate_due", wrong)
        if wrong:
            raise Invalid("The instrument was not added. What you typed is still here.", fields=wrong)
        ends = None if due is None else datetime.combine(due.date(), time(23, 59, 59), zone())
        return NewInstrument(self.name, Method(self.method), self.serial, ends)


class CheckForm(BaseModel):
    """The fields of a check; `reading` names a reading there is."""

    idempotency_key: Key = ""
    reading: Text40 = ""
    instrument: Text40 = ""
    material: Text40 = ""
    measured_on: Text20 = ""

    def entered(self, now: datetime, said: datetime | None = None) -> NewCheck:
        """As the feature takes it; `said` is the time the reading has. Raises Invalid with a sentence per field."""
        wrong: dict[str, str] = {}
        instrument = key_of(self.instrument)
        if instrument is None:
            wrong["instrument"] = "Say which instrument it was measured on."
        if not self.material:
            wrong["material"] = "Say what was measured."
        day = day_of(self.measured_on, "measured_on", wrong)
        if wrong:
            raise Invalid("The check was not kept. What you typed is still here.", fields=wrong)
        assert instrument is not None
        known = said or now
        same = day is None or day.date() == local(known).date()
        return NewCheck(instrument, self.material, known if same else day)


class MixtureForm(BaseModel):
    """The fields of a weighed mixture; `first` and `second` are keys of parts of the reading."""

    idempotency_key: Key = ""
    reading: Text40 = ""
    instrument: Text40 = ""
    first: Annotated[str, Field(max_length=160)] = ""
    second: Annotated[str, Field(max_length=160)] = ""
    first_mg: Text20 = ""
    second_mg: Text20 = ""
    balance_u_mg: Text20 = ""

    def entered(self) -> NewMixture:
        """What was typed, in the form the service takes. Raises Invalid with a sentence per field."""
        wrong: dict[str, str] = {}
        instrument = key_of(self.instrument)
        if instrument is None:
            wrong["instrument"] = "Say which instrument it was measured on."
        weights = [number(text, name, wrong, example="12.5") for text, name in (
            (self.first_mg, "first_mg"), (self.second_mg, "second_mg"), (self.balance_u_mg, "balance_u_mg"),
        )]  # fmt: skip
        for value, name in zip(weights[:2], ("first_mg", "second_mg"), strict=True):
            if value is None or value <= 0:
                wrong.setdefault(name, "Say how many milligrams were weighed.")
        if wrong:
            raise Invalid("The mixture was not kept. What you typed is still here.", fields=wrong)
        assert instrument is not None
        return NewMixture(
            instrument, self.first, self.second, weights[0] or 0.0, weights[1] or 0.0, weights[2] or 0.0,
            key_of(self.reading),
        )  # fmt: skip


def day_of(day: str, field: str, wrong: dict[str, str]) -> datetime | None:
    """Noon of a day of a form, where the service is; what is no day is named in `wrong`."""
    if not day:
        return None
    try:
        found = datetime.fromisoformat(day)
    except ValueError:
        found = None
    if found is None or not 2000 <= found.year <= 2100:
        wrong[field] = "Write the day like 2026-07-18."
        return None
    return datetime.combine(found.date(), time(12), zone())
