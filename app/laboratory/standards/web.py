"""What the pages and the API of standards share: names as the register knows them, files read before a row is made."""

from __future__ import annotations

from typing import Any

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.parts import Candidate
from app.laboratory.readings import arrays, references
from app.laboratory.standards import controlling, service
from app.laboratory.standards.controlling import ControlRun
from app.laboratory.standards.domain import NewControl, NewReplicate
from app.laboratory.standards.forms import StandardForm
from app.platform.storage import BlobStore, Held, Received
from app.runtime import Runtime


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


def standard_facts(view: service.StandardView) -> list[tuple[str, Any]]:
    """For ui.facts."""
    row = view.row
    return [
        ("Compound", row.name), ("InChIKey", row.inchikey), ("Form", row.form), ("Lot", row.lot),
        ("Supplier", row.supplier),
        ("Purity", f"{row.purity_percent:g} %" if row.purity_percent is not None else None),
        ("Counts until", f"{row.expires_at:%-d %B %Y}" if row.expires_at else "no end"),
        ("Enrolled by", view.names.get(row.created_by, "somebody") if row.created_by else None),
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
