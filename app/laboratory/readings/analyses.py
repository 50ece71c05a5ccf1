"""Use cases of analyses: record one, correct one, read them, their files with the main reading first. Custody is not touched here: weighing out is its own act."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

import structlog
from pydantic import JsonValue, TypeAdapter
from sqlmodel import Session, col, select

from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.laboratory.identification.answer import Answer, Level
from app.laboratory.identification.codec import StoredAnswer, UnreadableAnswer, decode
from app.laboratory.identification.domain import NEVER_ABSENT, Method, MethodInfo, method_info
from app.laboratory.readings import repository
from app.laboratory.readings.corrections import not_taken, words_of
from app.laboratory.readings.domain import AnalysisStatus, ReadingsChanged, UploadState, warnings_in
from app.laboratory.readings.tables import Analysis, Instrument, Match, Reading, Upload
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound, Stale
from app.platform.live.publish import publish
from app.platform.reactions import emit
from harm_messages.register import Register
from harm_messages.vocabulary import StripReading

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NewAnalysis:
    """What a chemist says about an analysis. The strip fields count for `Method.STRIP` only."""

    method: Method
    instrument_id: uuid.UUID | None = None
    batch: str = ""
    status: AnalysisStatus = AnalysisStatus.OK
    qc_failed: bool = False
    read_by_hand: bool = False
    observation: str = ""
    strip_target: str = ""
    strip_reading: StripReading | None = None
    strip_brand: str = ""
    strip_lot: str = ""
    strip_cut_off_ng_ml: float | None = None
    strip_dilution: str = ""


_CHANGED = TypeAdapter(NewAnalysis)
STRIP_FIELDS = tuple(f.name for f in fields(NewAnalysis) if f.name.startswith("strip_"))


@dataclass(frozen=True, slots=True)
class ReadingView:
    """One reading with its newest comparison and what that says; both None while it was not compared."""

    reading: Reading
    match: Match | None
    answer: Answer | None


def answer_of(match: Match | None) -> Answer | None:
    """The answer in a row. One that cannot be read says so in its headline, names nothing and supports nothing."""
    if match is None:
        return None
    columns = StoredAnswer(
        match.score_name, match.candidates, match.libraries, list(match.limits), match.answer, match.engine_version
    )
    try:
        return decode(columns)
    except UnreadableAnswer as error:
        _log.warning("answer_unreadable", match_id=str(match.id), engine_version=match.engine_version)
        return Answer(Level.NOT_READABLE, str(error), (str(error),), limits=(NEVER_ABSENT,))


@dataclass(frozen=True, slots=True)
class AnalysisView:
    """One analysis with everything the bench shows of it."""

    analysis: Analysis
    method: MethodInfo
    instrument: Instrument | None
    uploads: list[Upload] = field(default_factory=list)
    readings: list[ReadingView] = field(default_factory=list)


def get_analysis(session: Session, actor: Actor, analysis_id: uuid.UUID, *, lock: bool = False) -> Analysis:
    """An analysis of the actor's agency. Raises NotFound for an absent and for a foreign one alike."""
    row = repository.one(session, Analysis, analysis_id, lock=lock)
    if row is None:
        raise NotFound("analysis")
    try:
        lookup.get_sample(session, actor, row.sample_id)
    except NotFound:
        raise NotFound("analysis") from None
    return row


STRIPS_REMEMBERED = 60


@dataclass(frozen=True, slots=True)
class LastStrip:
    """What the next strip of a kind most likely shares with the last one."""

    lot: str = ""
    dilution: str = ""


def last_strips(session: Session, actor: Actor) -> dict[str, LastStrip]:
    """Targets of the strips this person read lately, the last one first, each with lot and dilution of its last strip."""
    last: dict[str, LastStrip] = {}
    rows = repository.strips_read_by(session, actor.person_id, STRIPS_REMEMBERED) if actor.person_id else ()
    for row in rows:
        last.setdefault(row.strip_target, LastStrip(row.strip_lot, row.strip_dilution))
    return last


def add_analysis(
    uow: UnitOfWork, sample_id: uuid.UUID, new: NewAnalysis, *, register: Register | None = None
) -> Analysis:
    """Record an analysis of a sample of the actor's agency; its method version is stamped now.

    `register`: in which a strip target is a substance or a class. Raises NotFound, Invalid, Conflict
    (withdrawn sample).
    """
    sample = lookup.lock_sample(uow, sample_id)  # a withdrawal at the same moment comes before this or after
    if sample.withdrawn_at is not None:
        raise Conflict(
            "This sample was withdrawn, so nothing was added to it.", hint="Register it again if it is to be analysed."
        )
    info = method_info(new.method)
    _check(uow, new, info, register)
    row = Analysis(
        sample_id=sample.id, method_version=info.version, operator_id=uow.actor.person_id, started_at=uow.now,
        **asdict(new),
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    after = {"method": new.method.value, "method_version": info.version, **_audited(row)}
    audit.record(uow, "add", "analysis", row.id, version=row.version, after=after, session_id=sample.session_id)
    tell(uow, sample, "analysis.added", analysis_id=row.id)
    if row.method is Method.STRIP:  # any other says nothing before its file is read
        in_question(uow, sample)
    return row


def update_analysis(
    uow: UnitOfWork,
    analysis_id: uuid.UUID,
    version: int,
    changes: Mapping[str, object],
    *,
    reason: str = "",
    register: Register | None = None,
) -> Analysis:
    """Correct an analysis: any field of NewAnalysis. A new method is stamped with its version of today.

    Raises NotFound, Stale, Invalid. Readings made before are kept; `reprocess_analysis` compares them again.
    """
    row = get_analysis(uow.session, uow.actor, analysis_id, lock=True)
    if row.version != version:
        raise Stale("analysis")
    known = {f.name: getattr(row, f.name) for f in fields(NewAnalysis)}
    unknown = set(changes) - set(known)
    if unknown:
        raise Invalid("These cannot be changed: " + ", ".join(sorted(unknown)) + ".")
    new = _CHANGED.validate_python({**known, **changes})
    info = method_info(new.method)
    _check(uow, new, info, register)
    before = _audited(row) | {"method": row.method.value}
    for name, value in asdict(new).items():
        setattr(row, name, value)
    if before["method"] != new.method.value:
        row.method_version = info.version
        for upload in repository.uploads_of(uow.session, [row.id]):
            upload.method_by_content = False  # the chemist's word stands when the file is read again
    row.version += 1
    sample = lookup.get_sample(uow.session, uow.actor, row.sample_id)
    after = _audited(row) | {"method": row.method.value}
    changed = {key for key in after if after[key] != before[key]}
    audit.record(
        uow, "correct", "analysis", row.id, version=row.version, reason=reason, session_id=sample.session_id,
        before={k: before[k] for k in sorted(changed)}, after={k: after[k] for k in sorted(changed)},
    )  # fmt: skip
    tell(uow, sample, "analysis.changed", analysis_id=row.id)
    in_question(uow, sample)
    return row


def _audited(row: Analysis) -> dict[str, JsonValue]:
    """What the audit log keeps; observations are free text and stay out."""
    names = ("status", "qc_failed", "read_by_hand", "batch", *STRIP_FIELDS)
    values = {name: getattr(row, name) for name in names}
    values["instrument_id"] = str(row.instrument_id) if row.instrument_id else None
    return {key: getattr(value, "value", value) for key, value in values.items()}


def _check(uow: UnitOfWork, new: NewAnalysis, info: MethodInfo, register: Register | None) -> None:
    wrong: dict[str, str] = {}
    if new.method is Method.STRIP:
        if new.strip_reading is None:
            wrong["strip_reading"] = "Choose positive, negative, faint or invalid."
        if not new.strip_target:
            wrong["strip_target"] = "Choose what the strip is for."
        elif register is not None and not (new.strip_target in register or register.is_class(new.strip_target)):
            wrong["strip_target"] = f"{new.strip_target} is not in the substance list."
        if new.strip_cut_off_ng_ml is not None and not 0 < new.strip_cut_off_ng_ml < 1e9:
            wrong["strip_cut_off_ng_ml"] = "Enter the cut-off in ng/mL, for example 200."
    elif any(getattr(new, name) for name in STRIP_FIELDS):
        wrong["strip_reading"] = f"Only a strip has a strip reading, not {info.title}."
    if not info.active:
        wrong["method"] = f"{info.title} is switched off here."
    if new.instrument_id is not None:
        _check_instrument(uow, new, info, wrong)
    if wrong:
        raise Invalid("The analysis was not saved: " + " ".join(wrong.values()), fields=wrong)


def _check_instrument(uow: UnitOfWork, new: NewAnalysis, info: MethodInfo, wrong: dict[str, str]) -> None:
    assert new.instrument_id is not None
    machine = uow.session.get(Instrument, new.instrument_id)
    if machine is None or machine.agency_id != uow.actor.agency_id:
        wrong["instrument_id"] = "This instrument was not found."
    elif machine.method is not new.method:
        wrong["instrument_id"] = f"{machine.name} is not an instrument for {info.title}."


def tell(uow: UnitOfWork, sample: samples.Sample, kind: str, **payload: uuid.UUID) -> None:
    """Publish that something of this sample changed; `payload` names what."""
    publish(
        uow, "sample", kind, agency_id=sample.agency_id, session_id=sample.session_id, sample_id=sample.id,
        payload=payload,
    )  # fmt: skip


def in_question(uow: UnitOfWork, sample: samples.Sample) -> None:
    """What follows from all readings of this sample is worked out again."""
    emit(uow, ReadingsChanged(sample.id, sample.session_id, sample.agency_id))


def instruments(session: Session, actor: Actor) -> list[Instrument]:
    """Instruments of the actor's agency by name."""
    return [] if actor.agency_id is None else repository.instruments_of(session, actor.agency_id)


def analyses_of(session: Session, sample_id: uuid.UUID) -> list[AnalysisView]:
    """Everything recorded about a sample, oldest first. The caller has looked the sample up for its actor."""
    rows = repository.analyses_of(session, sample_id)
    ids = [row.id for row in rows]
    uploads = repository.uploads_of(session, ids)
    readings = repository.readings_of(session, ids)
    matches = repository.latest_matches(session, [r.id for r in readings])
    wanted = {row.instrument_id for row in rows}
    machines = {row.id: row for row in session.exec(select(Instrument).where(col(Instrument.id).in_(wanted)))}
    return [
        AnalysisView(
            row,
            method_info(row.method),
            machines.get(row.instrument_id) if row.instrument_id else None,
            [u for u in uploads if u.analysis_id == row.id],
            [ReadingView(r, m := matches.get(r.id), answer_of(m)) for r in readings if r.analysis_id == row.id],
        )
        for row in rows
    ]


# -- files as the bench sees them ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileView:
    """One file with what was found in it, in its own order."""

    upload: Upload
    readings: tuple[ReadingView, ...]

    @property
    def main(self) -> ReadingView | None:
        """The reading to look at first: the first that was compared."""
        return max(self.readings, key=lambda v: rank_of(v.reading.kind, v.reading.y_unit, v.answer), default=None)

    @property
    def also(self) -> tuple[ReadingView, ...]:
        """The others: single beams, interferograms, further spectra."""
        return tuple(view for view in self.readings if view is not self.main)

    @property
    def warnings(self) -> list[tuple[str, str]]:
        """(reading's name where there are several, sentence) of every warning, each once."""
        found = []
        for view in self.readings:
            where = view.reading.title or view.reading.kind.replace("_", " ") if len(self.readings) > 1 else ""
            found += [(where, str(remark["text"])) for remark in warnings_in(view.reading.remarks)]
        texts = [text for _, text in found]
        return list(dict.fromkeys(("" if texts.count(t) == len(self.readings) else w, t) for w, t in found))

    @property
    def unseen(self) -> bool:
        """Warnings nobody has looked at: nothing may rest on this file yet.

        Also of readings made before, where reading it again failed: what is there is what a result would stand on.
        """
        if self.upload.state is UploadState.WAITING:
            return False  # they may change, and until then the file stops a result by itself
        return self.upload.warnings_seen_at is None and bool(self.warnings)

    @property
    def said(self) -> str:
        """How the file is to be read, as a person said it."""
        return words_of(self.upload.hints)

    @property
    def said_in_vain(self) -> str:
        """What of that its reader did not take, once it was read so."""
        if self.upload.state is not UploadState.READ or self.main is None:
            return ""
        reading = self.main.reading
        return not_taken(self.upload.hints, reading.x_unit, reading.y_unit, reading.kind, reading.format)


def files_of(view: AnalysisView) -> list[FileView]:
    """The files of an analysis, oldest first."""
    return [
        FileView(upload, tuple(r for r in view.readings if r.reading.upload_id == upload.id)) for upload in view.uploads
    ]


def rank_of(kind: str, y_unit: str, answer: Answer | None) -> int:
    """How much a reading says of the sample: compared with a library; a spectrum at least; a beam or a raw signal."""
    if answer is not None and answer.compared:
        return 2
    return 0 if kind == "other" or y_unit == "single beam" else 1
