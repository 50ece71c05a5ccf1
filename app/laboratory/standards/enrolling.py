"""Use cases of own standards: enrol a spectrum, another run of the same material, retire one with a reason."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlmodel import Session

from app.intake.samples import service as samples
from app.laboratory.readings import service as readings
from app.laboratory.standards import repository
from app.laboratory.standards.domain import NewReplicate, NewStandard, faults_of_replicate, faults_of_standard
from app.laboratory.standards.tables import Standard, StandardReplicate
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound
from app.platform.kernel.versions import check_version
from app.platform.live.publish import publish
from app.platform.storage import BlobStore, Held, Received
from instruments import printable
from spectra import InfraredSpectrum, MassSpectrum, infrared_quality
from spectra.types import Level as RemarkLevel

NOT_SAVED = "The standard was not enrolled. What you typed is still here."
LEAST_PEAKS = 2
LEAST_POINTS = 200
LONGEST_RUN_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Source:
    """Where a spectrum came from: a reading (and peak) of a sample, or a file that was handed in for it."""

    reference: readings.Reference
    reading_id: uuid.UUID | None = None
    received: Held | Received | None = None
    file_name: str = ""
    upload_sha256: str = ""

    @property
    def file_sha256(self) -> str:
        """Of the raw file it came out of, whichever way it came."""
        return self.received.sha256 if self.received is not None else self.upload_sha256


def keep_bytes(uow: UnitOfWork, raw: Held | Received) -> str:
    """Raw bytes that nothing stands against any more, durable and remembered; their sha-256."""
    received = raw.keep() if isinstance(raw, Held) else raw
    readings.keep_file(uow, received)
    return received.sha256


def agency_of(actor: Actor) -> uuid.UUID:
    """Standards and controls belong to an agency. Raises NotFound for somebody without one."""
    if actor.agency_id is None:
        raise NotFound("agency")
    return actor.agency_id


def from_reading(
    session: Session, actor: Actor, store: BlobStore, reading_id: uuid.UUID, peak: int | None
) -> tuple[Source, NewReplicate]:
    """A reading of a sample, or one peak of a run, with what the reading says of itself. Raises NotFound, Invalid."""
    row, answer = readings.reading_with_answer(session, actor, reading_id)
    found = readings.reference_of(row, answer, store, peak)
    analysis = readings.get_analysis(session, actor, row.analysis_id)
    machine = next((i.name for i in readings.instruments(session, actor) if i.id == analysis.instrument_id), "")
    if samples.get_sample(session, actor, analysis.sample_id).withdrawn_at is not None:
        raise Conflict("This sample was withdrawn, so no standard was made of it.")
    upload = readings.get_upload(session, actor, row.upload_id)
    said = NewReplicate(machine or row.instrument, analysis.started_at, found.retention_time_s, found.retention_index)
    return Source(found, row.id, None, upload.file_name, upload.blob_sha256), said


def end_of_day(day: date | None) -> datetime | None:
    """The last moment of a day, in UTC: a certificate counts on its last day."""
    return None if day is None else datetime.combine(day, time(23, 59, 59), UTC)


def enrol(uow: UnitOfWork, store: BlobStore, source: Source, new: NewStandard, run: NewReplicate) -> Standard:
    """A new standard with its first run. `store` is where arrays are kept. Raises Invalid, Conflict."""
    _check(source, faults_of_standard(new) | faults_of_replicate(run))
    sha256 = _once(uow, store, source)
    row = Standard(
        agency_id=agency_of(uow.actor), name=new.name, inchikey=new.inchikey, substance_id=new.substance_id,
        form=new.form, lot=new.lot, supplier=new.supplier, purity_percent=new.purity_percent, expires_at=end_of_day(new.expires_on),
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
        raise Conflict("This standard was retired, so no run was added to it.", hint="Enrol the new lot as a new one.")
    _check(source, faults_of_replicate(run))
    _another_run(uow, row, source)
    _add(uow, row, source, _once(uow, store, source), run)
    row.version += 1
    audit.record(uow, "add_run", "standard", row.id, version=row.version)
    return row


def retire(uow: UnitOfWork, standard_id: uuid.UUID, version: int, reason: str) -> Standard:
    """Take a standard out of every comparison to come; it stays on record. Raises NotFound, Stale, Conflict, Invalid."""
    row = get_standard(uow.session, uow.actor, standard_id, lock=True)
    check_version("standard", version, row.version)
    if row.retired_at is not None:
        raise Conflict("This standard was retired already. Nothing was changed.")
    if not reason:
        raise Invalid("The standard was not retired.", fields={"reason": "Say why it is retired."})
    row.retired_by, row.retired_at, row.retired_reason = uow.actor.person_id, uow.now, reason
    row.version += 1
    audit.record(uow, "retire", "standard", row.id, version=row.version, reason=reason)
    _tell(uow, row, "standard.retired")
    return row


def get_standard(session: Session, actor: Actor, standard_id: uuid.UUID, *, lock: bool = False) -> Standard:
    """A standard of the actor's agency. Raises NotFound, also for a foreign one."""
    row = repository.standard_of_agency(session, agency_of(actor), standard_id, lock=lock)
    if row is None:
        raise NotFound("standard")
    return row


def _check(source: Source, wrong: dict[str, str]) -> None:
    spectrum = source.reference.spectrum
    if isinstance(spectrum, InfraredSpectrum):
        wrong |= _faults_of_curve(spectrum)
    elif int((spectrum.intensity > 0).sum()) < LEAST_PEAKS:
        wrong["file"] = "This spectrum has fewer than two peaks, so nothing could be compared with it."
    if wrong:
        raise Invalid(NOT_SAVED, fields=wrong)


def _faults_of_curve(spectrum: InfraredSpectrum) -> dict[str, str]:
    """A reference is compared with every sample to come, so what a sample is only warned of is refused here."""
    if spectrum.wavenumber.size < LEAST_POINTS:
        return {"file": f"This spectrum has fewer than {LEAST_POINTS} points, so nothing could be compared with it."}
    faults = [r.text for r in infrared_quality(spectrum) if r.level is RemarkLevel.ERROR]
    return {"file": faults[0]} if faults else {}


def _once(uow: UnitOfWork, store: BlobStore, source: Source) -> str:
    """Keep the arrays; their sha-256. The same spectrum is one replicate: copies would feign that runs agree."""
    sha256 = readings.kept_reference(store, source.reference.spectrum)
    repository.one_at_a_time(uow.session, agency_of(uow.actor))
    if repository.is_enrolled(uow.session, agency_of(uow.actor), sha256):
        raise Conflict(
            "This spectrum is enrolled as a standard already, so it was not enrolled twice.",
            hint="Two runs of the material are two files: measure it again for a replicate.",
        )
    return sha256


def _another_run(uow: UnitOfWork, row: Standard, source: Source) -> None:
    """A run counts once for a standard, though its file came twice or two of its peaks are shown. Raises Conflict."""
    there = repository.replicates_of(uow.session, [row.id])
    read = {r.reading_id for r in there if r.reading_id is not None}
    files = {r.blob_sha256 for r in there}
    if source.reading_id is None:  # several readings of one file may be several runs; of a file it is always the first
        files |= readings.files_of_readings(uow.session, read)
    if source.reading_id in read or source.file_sha256 in files:
        raise Conflict(
            "This run is one of this standard’s already, so it was not added twice.",
            hint="Two runs of the material are two files: measure it again for a replicate.",
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
            file_name=readings.clean_file_name(source.file_name),
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
