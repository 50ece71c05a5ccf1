"""What the pages and the API of instruments share: a file read before a row is made, words and tables for screens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

from app.laboratory.instrument_checks import service
from app.laboratory.instrument_checks.forms import CheckForm
from app.laboratory.instrument_checks.tables import InstrumentCheck
from app.laboratory.readings import arrays, references
from app.laboratory.standards import service as standards
from app.platform.kernel.errors import MastError
from app.platform.kernel.ids import new_id
from app.platform.storage import BlobStore, Held
from app.platform.web.forms import Entered, fields_of
from app.runtime import Runtime
from spectra.infrared.check import CheckState, materials

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
