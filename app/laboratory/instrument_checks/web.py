"""What the pages and the API of instruments share: fields as people write them, a file read before a row is made, words and
tables for screens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import Annotated, TypedDict

from pydantic import BaseModel, Field

from app.laboratory.identification.domain import Method
from app.laboratory.instrument_checks import service
from app.laboratory.instrument_checks.domain import NewCheck, NewMixture
from app.laboratory.instrument_checks.tables import InstrumentCheck
from app.laboratory.readings import arrays, references
from app.laboratory.readings.machines import NewInstrument
from app.laboratory.standards import service as standards
from app.platform.kernel.errors import Invalid, MastError
from app.platform.kernel.ids import new_id
from app.platform.kernel.place import local, zone
from app.platform.storage import BlobStore, Held
from app.platform.web.fields import Text20, Text40, Text60, Text80
from app.platform.web.forms import Entered, fields_of
from app.platform.web.typed import key_of, number
from app.runtime import Runtime
from spectra.infrared.check import CheckState, materials

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
            wrong["name"] = "Enter a name, for example Alpha II."
        if self.method not in set(Method):
            wrong["method"] = "Choose a method."
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
            wrong["instrument"] = "Choose the instrument."
        if not self.material:
            wrong["material"] = "Choose what was measured."
        day = day_of(self.measured_on, "measured_on", wrong)
        if wrong:
            raise Invalid("The check was not saved. What you typed is still here.", fields=wrong)
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
            wrong["instrument"] = "Choose the instrument."
        weights = [number(text, name, wrong, example="12.5") for text, name in (
            (self.first_mg, "first_mg"), (self.second_mg, "second_mg"), (self.balance_u_mg, "balance_u_mg"),
        )]  # fmt: skip
        for value, name in zip(weights[:2], ("first_mg", "second_mg"), strict=True):
            if value is None or value <= 0:
                wrong.setdefault(name, "Enter the weight in mg, for example 312.")
        if wrong:
            raise Invalid("The mixture was not saved. What you typed is still here.", fields=wrong)
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
        wrong[field] = "Enter the date, for example 2026-07-18."
        return None
    return datetime.combine(found.date(), time(12), zone())


STATE_WORDS = {
    CheckState.IN_RANGE: "in range", CheckState.DRIFTED: "drifted", CheckState.OUT_OF_RANGE: "out of range",
}  # fmt: skip


def arrays_of(rt: Runtime) -> BlobStore:
    """Where arrays are kept."""
    return arrays.array_store(rt.blobs.root)


def source_of_file(rt: Runtime, held: Held, file_name: str) -> service.CheckSource:
    """The spectrum in a file that was handed in; its bytes are kept with the row only. Raises Unreadable, Invalid."""
    found = standards.readings_in(rt.sandbox, held.path, file_name)
    return service.CheckSource(references.infrared_in(found), None, held, file_name)


def shift_words(value: float) -> str:
    """A shift as it is printed: "+0.3 cm⁻¹"."""
    return f"{value:+.1f} cm⁻¹".replace("-", "−")


def figure_words(check: InstrumentCheck) -> list[tuple[str, str | None]]:
    """For ui.facts."""
    figures = service.figures_of(check)
    ratio, resolution = figures.signal_to_noise, figures.resolution
    found = sum(band.found is not None for band in figures.bands)
    return [
        ("Shift", f"{shift_words(figures.shift)}, bands scatter by {figures.spread:.1f} cm⁻¹"),
        (
            "Resolution",
            f"about {resolution:.0f} cm⁻¹ from the widths of sharp bands" if resolution is not None else None,
        ),
        ("Signal to noise", f"{ratio:,.0f}" if ratio is not None else None),
        ("Bands", f"{found} of {len(figures.bands)} found"),
        ("Limits of detection", f"widened by a factor of {check.widening:g}" if check.widening != 1 else "as measured"),
    ]


def band_rows(check: InstrumentCheck) -> list[list[str]]:
    """For ui.table: where each band belongs, where it was found, the error."""
    return [
        [
            f"{band.position:.1f}",
            "not found" if band.found is None else f"{band.found:.1f}",
            "–" if band.error is None else f"{band.error:+.1f}".replace("-", "−"),
        ]
        for band in service.figures_of(check).bands
    ]


class FormValues(TypedDict):
    """What every page with the form of a check wants: fields, materials, words."""

    t: CheckForm
    key: str
    materials: list[tuple[str, str, str]]
    material_titles: dict[str, str]
    state_words: dict[CheckState, str]
    shift_words: Callable[[float], str]
    error: MastError | None
    fields: Entered


def form_values(form: CheckForm, error: MastError | None, of: object = "") -> FormValues:
    """What every page with the form of a check wants: fields, materials, words."""
    known = list(materials().values())
    return {
        "t": form,
        "key": form.idempotency_key or str(new_id()),
        "materials": [(row.key, row.title, row.note) for row in known],
        "material_titles": {row.key: row.title for row in known},
        "state_words": STATE_WORDS,
        "shift_words": shift_words,
        "error": error,
        "fields": fields_of(error, of),
    }
