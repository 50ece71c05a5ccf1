"""Use cases of own standards: enrol a spectrum, another run of the same material, retire one; and what is shown of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from sqlmodel import Session, col, select

from app.intake.people import service as people
from app.intake.samples import lookup
from app.laboratory.readings import analyses, references, uploads
from app.laboratory.standards.controlling import keep_bytes
from app.laboratory.standards.domain import NewReplicate, NewStandard, faults_of_replicate, faults_of_standard
from app.laboratory.standards.in_house_library import replicates_of, standards_of
from app.laboratory.standards.tables import Standard, StandardReplicate
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import newest, row_of
from app.platform.kernel.actor import Actor, agency_of
from app.platform.kernel.errors import Conflict, Invalid, Unreadable
from app.platform.kernel.versions import check_may_end
from app.platform.live.publish import publish
from app.platform.storage import BlobStore, Held, Received
from instruments import AmbiguousText, FileReader, InstrumentError, printable
from spectra import InfraredSpectrum, MassSpectrum, Reading, infrared_quality
from spectra.types import Level as RemarkLevel

NOT_SAVED = "The standard was not saved. What you typed is still here."
LEAST_PEAKS = 2
LEAST_POINTS = 200
LONGEST_RUN_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Source:
    """Where a spectrum came from: a reading (and peak) of a sample, or a file that was handed in for it."""

    reference: references.Reference
    reading_id: uuid.UUID | None = None
    received: Held | Received | None = None
    file_name: str = ""
    upload_sha256: str = ""


def from_reading(
    session: Session, actor: Actor, store: BlobStore, reading_id: uuid.UUID, peak: int | None
) -> tuple[Source, NewReplicate]:
    """A reading of a sample, or one peak of a run, with what the reading says of itself. Raises NotFound, Invalid."""
    row, answer = uploads.reading_with_answer(session, actor, reading_id)
    found = references.reference_of(row, answer, store, peak)
    analysis = analyses.get_analysis(session, actor, row.analysis_id)
    machine = next((i.name for i in analyses.instruments(session, actor) if i.id == analysis.instrument_id), "")
    if lookup.get_sample(session, actor, analysis.sample_id).withdrawn_at is not None:
        raise Conflict("This sample was withdrawn, so no standard was made of it.")
    upload = uploads.get_upload(session, actor, row.upload_id)
    said = NewReplicate(machine or row.instrument, analysis.started_at, found.retention_time_s, found.retention_index)
    return Source(found, row.id, None, upload.file_name, upload.blob_sha256), said


def enrol(uow: UnitOfWork, store: BlobStore, source: Source, new: NewStandard, run: NewReplicate) -> Standard:
    """A new standard with its first run. `store` is where arrays are kept. Raises Invalid, Conflict."""
    _check(source, faults_of_standard(new) | faults_of_replicate(run))
    sha256 = _once(uow, store, source)
    last = new.expires_on  # a certificate counts on its last day
    row = Standard(
        agency_id=agency_of(uow.actor), name=new.name, inchikey=new.inchikey, substance_id=new.substance_id,
        form=new.form, lot=new.lot, supplier=new.supplier, purity_percent=new.purity_percent,
        expires_at=None if last is None else datetime.combine(last, time(23, 59, 59), UTC),
        created_by=uow.actor.person_id, created_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    _add(uow, row, source, sha256, run)
    after = {
        "name": row.name, "inchikey": row.inchikey, "substance_id": row.substance_id, "form": row.form, "lot": row.lot,
        "supplier": row.supplier, "purity_percent": row.purity_percent,
        "expires_at": row.expires_at.isoformat() if row.expires_at else None,
    }  # fmt: skip
    audit.record(uow, "enrol", "standard", row.id, version=row.version, after=after)
    return row


def add_run(uow: UnitOfWork, store: BlobStore, source: Source, standard_id: uuid.UUID, run: NewReplicate) -> Standard:
    """Another run of a standard there is: replicates are what its statistics rest on. Raises NotFound, Conflict."""
    row = get_standard(uow.session, uow.actor, standard_id, lock=True)
    if row.retired_at is not None:
        raise Conflict("This standard was retired, so no run was added to it.", hint="Save the new lot as a new one.")
    _check(source, faults_of_replicate(run))
    _another_run(uow, row, source)
    _add(uow, row, source, _once(uow, store, source), run)
    row.version += 1
    audit.record(uow, "add_run", "standard", row.id, version=row.version)
    return row


def retire(uow: UnitOfWork, standard_id: uuid.UUID, version: int, reason: str) -> Standard:
    """Take a standard out of every comparison to come; it stays on record. Raises NotFound, Stale, Conflict, Invalid."""
    row = get_standard(uow.session, uow.actor, standard_id, lock=True)
    check_may_end("standard", "retired", version, row.version, row.retired_at, reason)
    row.retired_by, row.retired_at, row.retired_reason = uow.actor.person_id, uow.now, reason
    row.version += 1
    audit.record(uow, "retire", "standard", row.id, version=row.version, reason=reason)
    _tell(uow, row, "standard.retired")
    return row


def get_standard(session: Session, actor: Actor, standard_id: uuid.UUID, *, lock: bool = False) -> Standard:
    """A standard of the actor's agency. Raises NotFound, also for a foreign one."""
    return row_of(session, Standard, agency_of(actor), standard_id, "standard", lock=lock)


def _check(source: Source, wrong: dict[str, str]) -> None:
    spectrum = source.reference.spectrum
    if isinstance(spectrum, InfraredSpectrum):
        # a reference is compared with every sample to come, so what a sample is only warned of is refused here
        faults = [r.text for r in infrared_quality(spectrum) if r.level is RemarkLevel.ERROR]
        if spectrum.wavenumber.size < LEAST_POINTS:
            wrong["file"] = f"This spectrum has fewer than {LEAST_POINTS} points, so nothing could be compared with it."
        elif faults:
            wrong["file"] = faults[0]
    elif int((spectrum.intensity > 0).sum()) < LEAST_PEAKS:
        wrong["file"] = "This spectrum has fewer than two peaks, so nothing could be compared with it."
    if wrong:
        raise Invalid(NOT_SAVED, fields=wrong)


def _once(uow: UnitOfWork, store: BlobStore, source: Source) -> str:
    """Keep the arrays; their sha-256. The same spectrum is one replicate: copies would feign that runs agree."""
    sha256 = references.kept(store, source.reference.spectrum)
    agency_id = agency_of(uow.actor)
    uow.one_at_a_time(b"standards" + agency_id.bytes)  # of two who enrol at once, so that no spectrum comes in twice
    there = (
        select(StandardReplicate.id)
        .join(Standard, col(Standard.id) == col(StandardReplicate.standard_id))
        .where(
            Standard.agency_id == agency_id, StandardReplicate.arrays_sha256 == sha256,
            col(Standard.retired_at).is_(None),
        )
    )  # fmt: skip
    if uow.session.exec(there).first() is not None:
        raise Conflict(
            "This spectrum is already saved as a standard. It was not saved twice.",
            hint="Measure the material again for a replicate.",
        )
    return sha256


def _another_run(uow: UnitOfWork, row: Standard, source: Source) -> None:
    """A run counts once for a standard, though its file came twice or two of its peaks are shown. Raises Conflict."""
    there = replicates_of(uow.session, [row.id])
    read = {r.reading_id for r in there if r.reading_id is not None}
    files = {r.blob_sha256 for r in there}
    if source.reading_id is None:  # several readings of one file may be several runs; of a file it is always the first
        files |= uploads.files_of_readings(uow.session, read)
    sha256 = source.received.sha256 if source.received is not None else source.upload_sha256
    if source.reading_id in read or sha256 in files:
        raise Conflict(
            "This standard already has this run. It was not added twice.",
            hint="Measure the material again for a replicate.",
        )


def _add(uow: UnitOfWork, row: Standard, source: Source, arrays_sha256: str, run: NewReplicate) -> None:
    found, raw = source.reference, source.received
    time_s = found.retention_time_s if run.retention_time_s is None else run.retention_time_s
    if time_s is not None and not 0 <= time_s < LONGEST_RUN_S:  # a file may write anything
        time_s = None
    uow.session.add(
        StandardReplicate(
            standard_id=row.id,
            reading_id=source.reading_id,
            peak=found.peak,
            blob_sha256=keep_bytes(uow, raw) if raw is not None else None,
            file_name=uploads.clean_file_name(source.file_name),
            arrays_sha256=arrays_sha256,
            technique=found.technique,
            accurate=found.accurate,
            ionisation=printable(found.spectrum.ionisation, 20) if isinstance(found.spectrum, MassSpectrum) else "",
            precursor_mz=found.spectrum.precursor_mz if isinstance(found.spectrum, MassSpectrum) else None,
            n_peaks=found.n_points,
            instrument=run.instrument[:120],
            measured_at=run.measured_at or uow.now,
            retention_time_s=time_s,
            retention_index=run.retention_index,
            enrolled_by=uow.actor.person_id,
            enrolled_at=uow.now,
        )
    )
    uow.session.flush()
    _tell(uow, row, "standard.enrolled")


def _tell(uow: UnitOfWork, row: Standard, kind: str) -> None:
    publish(uow, "standard", kind, agency_id=row.agency_id, payload={"standard_id": row.id})


# -- what is shown


@dataclass(frozen=True, slots=True)
class StandardView:
    """One standard with its runs, oldest first. `names`: person id → display name."""

    row: Standard
    replicates: tuple[StandardReplicate, ...]
    names: dict[uuid.UUID, str]
    now: datetime

    @property
    def counts(self) -> bool:
        """Whether it is evidence now: neither retired nor out of date."""
        expires_at = self.row.expires_at
        return self.row.retired_at is None and (expires_at is None or self.now <= expires_at)

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
    rows = newest(session, Standard, col(Standard.agency_id) == agency_of(actor), before=before, limit=limit)
    return _views(session, rows, now)


def standard_view(session: Session, actor: Actor, standard_id: uuid.UUID, now: datetime) -> StandardView:
    """One of them. Raises NotFound."""
    return _views(session, [get_standard(session, actor, standard_id)], now)[0]


def in_use(session: Session, actor: Actor) -> list[Standard]:
    """Standards another run can be added to, by name."""
    rows = standards_of(session, agency_of(actor))
    return sorted((r for r in rows if r.retired_at is None), key=lambda r: (r.name.casefold(), r.lot))


def _views(session: Session, rows: Sequence[Standard], now: datetime) -> list[StandardView]:
    runs = replicates_of(session, [row.id for row in rows])
    persons = {p for row in rows for p in (row.created_by, row.retired_by)} | {r.enrolled_by for r in runs}
    names = people.display_names(session, persons - {None})
    return [StandardView(row, tuple(r for r in runs if r.standard_id == row.id), names, now) for row in rows]


def readings_in(sandbox: FileReader, path: Path, name: str) -> list[Reading]:
    """What is in a file. Raises Unreadable with what was wrong and what to do; nothing was stored then."""
    try:
        return sandbox.read(path, name)
    except AmbiguousText as question:
        raise Unreadable(
            f"This file does not say what it is, so it was not kept. {printable(question.message, 400)}",
            hint="Export it as netCDF, mzML, MSP or JCAMP-DX, which say what their numbers are.",
        ) from question
    except InstrumentError as error:
        raise Unreadable(
            f"The file was not read, so nothing was kept. {printable(error.message, 600)}",
            hint=printable(error.hint, 400) or "Export it in another format and try again.",
        ) from error
