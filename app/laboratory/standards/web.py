"""What the pages and the API of standards share: fields as people write them, names as the register knows them, files read before
a row is made; pictures and figures of a standard's spectra: one run as sticks, and how far its runs agree m/z by m/z."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, Field

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.parts import Candidate
from app.laboratory.incoming import service as incoming
from app.laboratory.library.service import sticks
from app.laboratory.readings import arrays, references
from app.laboratory.standards import controlling, service
from app.laboratory.standards.controlling import ControlRun
from app.laboratory.standards.domain import ControlKind, NewControl, NewReplicate, NewStandard
from app.laboratory.standards.service import NOT_SAVED
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid
from app.platform.plots import Plot
from app.platform.storage import BlobStore, Held, Received
from app.platform.web.fields import Text20, Text40, Text60, Text80, Text140
from app.platform.web.typed import key_of, number
from app.runtime import Runtime
from harm_messages.register import MatchKind, Register
from spectra import InfraredSpectrum, MassSpectrum
from spectra.confidence.standards import ReplicateStatistics
from spectra.infrared_grid import curve

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
            wrong["substance"] = "Enter the compound."
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
            wrong["kind"] = "Choose blank, ladder or QC standard."
        if not self.batch:
            wrong["batch"] = "Enter the batch as it is written with the samples’ analyses."
        carbon = number(self.first_carbon, "first_carbon", wrong)
        day = at_noon(self.measured_on, "measured_on", wrong)
        if carbon is not None and carbon != int(carbon):
            wrong["first_carbon"] = "Enter a whole number, for example 8."
        if wrong:
            raise Invalid("The control was not saved. What you typed is still here.", fields=wrong)
        first = None if carbon is None else int(carbon)
        return NewControl(ControlKind(self.kind), self.batch, self.instrument, day, first)


def named(register: Register, substance: str, name: str, inchikey: str) -> tuple[str, str, str]:
    """(name, InChIKey, register id) of a compound: the register's where it knows it. Raises Invalid."""
    if substance:
        row = register.get(substance)
        if row is None:
            raise Invalid(
                "The standard was not saved.",
                fields={"substance": f"“{substance}” is not in the substance list. Choose from the list."},
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
        wrong[field] = "Enter the date, for example 2026-07-18."
        return None


def arrays_of(rt: Runtime) -> BlobStore:
    """Where arrays are kept."""
    return arrays.array_store(rt.blobs.root)


def source_of(rt: Runtime, held: Held, file_name: str) -> service.Source:
    """The reference in a file that was handed in; its bytes are kept with the row only. Raises Unreadable, Invalid."""
    found = service.readings_in(rt.sandbox, held.path, file_name)
    return service.Source(references.reference_in(found), None, held, file_name)


def control_run_of(rt: Runtime, raw: Held | Received, file_name: str, new: NewControl) -> ControlRun:
    """The run in a file that was handed in, or that waits and is on disk already. Raises Unreadable, Invalid."""
    path = raw.path if isinstance(raw, Held) else rt.blobs.path(raw.sha256)
    found = service.readings_in(rt.sandbox, path, file_name)
    return controlling.control_run(arrays_of(rt), raw, file_name, found, new)


def control_run_waiting(rt: Runtime, who: Actor, incoming_id: uuid.UUID, new: NewControl) -> ControlRun:
    """The run in a waiting file from an instrument. Raises NotFound, Conflict where its bytes are gone, Unreadable, Invalid."""
    with rt.read() as session:
        row = incoming.get_incoming(session, who, incoming_id)
    if row.blob_sha256 is None:
        raise Conflict("The bytes of this file were deleted, so it cannot be a control.", hint="Send it again.")
    return control_run_of(rt, Received(row.blob_sha256, row.size), row.file_name, new)


def standard_facts(view: service.StandardView) -> list[tuple[str, Any]]:
    """For ui.facts."""
    row = view.row
    return [
        ("InChIKey", row.inchikey), ("Form", row.form), ("Lot", row.lot),
        ("Supplier", row.supplier),
        ("Purity", f"{row.purity_percent:g} %" if row.purity_percent is not None else None),
        ("Valid until", f"{row.expires_at:%-d %B %Y}" if row.expires_at else "no end"),
        ("Saved by", view.names.get(row.created_by, "someone") if row.created_by else None),
        ("Runs", f"{len(view.replicates)} on {view.days} {'day' if view.days == 1 else 'days'}"),
    ]  # fmt: skip


def best_of(answer: Answer | None, peak: int | None) -> Candidate | None:
    """The best candidate of what is enrolled: a first guess at its name, which a chemist confirms."""
    found = answer if answer is None or peak is None else answer.peak_at(peak)
    return next(iter(found.candidates), None) if found is not None else None


def prefilled(said: NewReplicate, best: Candidate | None) -> StandardForm:
    """The form as far as the reading fills it in."""
    known = best.substance_id if best is not None else ""
    minutes = "" if said.retention_time_s is None else f"{said.retention_time_s / 60:.3f}"
    return StandardForm.model_construct(  # words of files and libraries, not of a form
        substance=[known] if known else [],
        substance_words=[] if known or best is None else [best.substance[:120]],
        instrument=said.instrument[:80],
        measured_on=said.measured_at.date().isoformat() if said.measured_at else "",
        retention_min=minutes,
        retention_index="" if said.retention_index is None else f"{said.retention_index:.0f}",
    )


SHOWN = 10
MOST_STICKS = 500
MOST_POINTS = 2000


@dataclass(frozen=True, slots=True)
class Spread:
    """One m/z over all runs, in percent of the base peak."""

    mz: float
    mean: float
    low: float
    high: float


def spread_of(spectra: Mapping[uuid.UUID, MassSpectrum | InfraredSpectrum]) -> list[Spread]:
    """The strongest m/z with mean, lowest and highest over the mass spectra; nothing for fewer than two."""
    masses = [one for one in spectra.values() if isinstance(one, MassSpectrum)]
    if len(masses) < 2:
        return []
    found = ReplicateStatistics.of(masses)
    order = np.argsort(-found.mean, kind="stable")[:SHOWN]
    rows = [Spread(float(found.mz[k]), float(found.mean[k]), float(found.low[k]), float(found.high[k])) for k in order]
    return sorted(rows, key=lambda row: row.mz)


def likeness_of(spectra: Mapping[uuid.UUID, MassSpectrum | InfraredSpectrum]) -> list[float]:
    """How much each further curve correlates with the first one (0–1), over the points both have."""
    curves = [curve(one) for one in spectra.values() if isinstance(one, InfraredSpectrum)]
    out = []
    for other in curves[1:]:
        both = np.isfinite(curves[0]) & np.isfinite(other)
        a, b = (row[both] - row[both].mean() for row in (curves[0], other)) if both.any() else (np.ones(1), np.zeros(1))
        size = float(np.sqrt((a @ a) * (b @ b)))
        out.append(float(a @ b) / size if size > 0 else 0.0)
    return out


def replicate_plot(spectrum: MassSpectrum | InfraredSpectrum, label: str) -> Plot:
    """For plots.spectrum."""
    if isinstance(spectrum, InfraredSpectrum):
        return _curve_plot(spectrum, label)
    return sticks(spectrum, label, MOST_STICKS)


def _curve_plot(spectrum: InfraredSpectrum, label: str) -> Plot:
    x, y = spectrum.wavenumber, spectrum.absorbance
    every = max(1, -(-x.size // MOST_POINTS))
    top = float(x[int(np.argmax(y))])
    return {
        "kind": "ir", "x_label": "Wavenumber / cm⁻¹", "y_label": "Absorbance", "marks": [],
        "series": [{"label": label, "role": "query", "x": [round(float(v), 2) for v in x[::every]],
                    "y": [float(f"{v:.5g}") for v in y[::every]]}],
        "summary": f"{x.size:,} points from {x[0]:.0f} to {x[-1]:.0f} cm⁻¹; strongest band at {top:.0f} cm⁻¹.",
        "table": {"head": [], "rows": []},
    }  # fmt: skip
