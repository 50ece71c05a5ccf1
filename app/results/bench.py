"""Everything the bench shows of one sample, gathered for reading: expectation, analyses, spectrum, findings, steps."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.intake.people import service as people
from app.intake.samples import service as samples
from app.intake.sessions import service as sessions
from app.laboratory.identification.answer import Answer, Peak
from app.laboratory.identification.parts import Candidate, Component
from app.laboratory.readings import service as readings
from app.laboratory.subtraction import service as subtraction
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import NotFound
from app.results import service
from app.results.differences import changes
from app.results.domain import SUCCEEDED, Action, Decision, NameState, State
from app.results.finding import NewFinding
from app.results.named import Named, mentions_of, standings
from app.results.tables import Finding
from app.results.view import ResultView
from app.results.words import amount_words
from app.results.worklist import expected_words
from harm_messages.register import Register
from spectra.confidence.figures import Figure

_STRIPS_FIRST = ("opioid.nitazene", "opioid.fentanyl", "benzodiazepine", "xylazine", "medetomidine")


@dataclass(frozen=True, slots=True)
class Line:
    """One finding ready to print, and as it was entered."""

    position: int
    row: Finding
    name: str
    amount: str
    methods: tuple[str, ...]
    entered: NewFinding


@dataclass(frozen=True, slots=True)
class Shown:
    """The reading in the middle of the screen, of `file`. `match` and `answer` are None while nothing was compared."""

    analysis: readings.AnalysisView
    file: readings.FileView
    reading: Any
    match: Any
    answer: Answer | None = None
    candidates: tuple[Candidate, ...] = ()
    peak: Peak | None = None

    @property
    def figures(self) -> list[Figure]:
        """Figures of quality; none for readings made before there were any."""
        return readings.figures_in(self.reading.quality)

    @property
    def taken_as(self) -> tuple[readings.AxisInterpretation, ...]:
        """Technique and axes, with a note where the reader had to guess."""
        row = self.reading
        return readings.taken_as(row.kind, row.x_unit, row.y_unit, row.remarks)

    @property
    def correctable(self) -> tuple[readings.CorrectionField, ...]:
        """What a chemist may say about its axes."""
        row = self.reading
        return readings.fields_for(row.kind, row.format, self.file.upload.hints, readings.codes_of(row.remarks))

    @property
    def assurance(self) -> str:
        """How far its reader is proven: high, medium, low; "" where nobody said."""
        return str(self.reading.description.get("assurance", ""))


@dataclass(frozen=True, slots=True)
class Step:
    """One step with what stands in its way."""

    action: Action
    decision: Decision


@dataclass(frozen=True, slots=True)
class Bench:
    """One sample on the bench."""

    sample: Any
    session_name: str
    place: str
    licence_shows_results: bool
    expected: str
    waited_s: float
    analyses: tuple[readings.AnalysisView, ...]
    shown: Shown | None
    view: ResultView | None
    lines: tuple[Line, ...]
    steps: tuple[Step, ...]
    differences: tuple[str, ...]
    named: tuple[Named, ...]
    warnings: tuple[str, ...]
    instruments: tuple[Any, ...]
    overdue: frozenset[uuid.UUID]
    names: Mapping[uuid.UUID, str]  # who looked at warnings or corrected a reading
    older: ResultView | None = None  # still on the client's screen while a newer version is in work
    retract: Decision | None = None
    taken_out: int = 0  # references taken by hand out of the readings of the shown file

    @property
    def state(self) -> State | None:
        """State of the newest version, None before there is one."""
        return self.view.result.state if self.view else None

    @property
    def stands(self) -> bool:
        """Whether the newest version stands on its readings, so that none is read another way (ADR 0009)."""
        return self.state in service.STANDS

    @property
    def newest(self) -> str:
        """Key of what a fresh look would show in the middle; the page fetches it when this changes."""
        fresh = _shown(self.analyses, None, None)
        if fresh is None:
            return ""
        seen = "-seen" if fresh.file.upload.warnings_seen_at is not None else ""
        return f"{fresh.match.id if fresh.match is not None else fresh.reading.id}{seen}"

    def named_as(self, state: NameState) -> list[Named]:
        """What the readings name and is recorded, dismissed or open."""
        return [one for one in self.named if one.state is state]

    @property
    def used(self) -> frozenset[str]:
        """Analyses some finding stands on."""
        return frozenset(key for line in self.lines for key in line.row.analysis_ids)

    @property
    def can_draft(self) -> bool:
        """Whether a new draft may begin now."""
        return self.sample.withdrawn_at is None and (self.state is None or self.state in SUCCEEDED)

    @property
    def editable(self) -> bool:
        """Whether findings can be written: a draft is there, or the first finding begins one."""
        return self.sample.withdrawn_at is None and self.state in (None, State.DRAFT)

    def step(self, action: Action) -> Step | None:
        """A step by its action, if this state has it."""
        return next((s for s in self.steps if s.action is action), None)


def bench(
    session: Session,
    actor: Actor,
    sample_id: uuid.UUID,
    now: datetime,
    register: Register,
    *,
    reading_id: uuid.UUID | None = None,
    peak: int | None = None,
) -> Bench:
    """One sample of the actor's agency. Raises NotFound, also for a reading that is not of this sample."""
    sample = samples.get_sample(session, actor, sample_id)
    checking = sessions.get_session(session, actor, sample.session_id)
    analyses = readings.analyses_of(session, sample_id)
    newest = service.latest(session, sample_id)
    quality = readings.quality_of(analyses, now)
    lines = tuple(_lines(newest, analyses, register)) if newest else ()
    steps = service.allowed_actions(session, actor, newest.result, now, register, analyses) if newest else []
    machines = readings.instruments(session, actor)
    until = sample.released_at or sample.withdrawn_at or now
    told = service.released(session, sample_id)
    older = told if told and newest and told.result.id != newest.result.id else None
    shown = _shown(analyses, reading_id, peak)
    mentions = mentions_of(analyses)
    named = service.named_of(session, newest, register, mentions) if newest else standings(mentions, (), (), register)
    return Bench(
        sample=sample,
        session_name=checking.name,
        place=sessions.site_of(session, checking).name,
        licence_shows_results=checking.licence_mode.individual_results,
        expected=expected_words(register, samples.expected_of(session, sample_id), ""),
        waited_s=max(0.0, (until - sample.received_at).total_seconds()),
        analyses=tuple(analyses),
        shown=shown,
        view=newest,
        lines=lines,
        steps=tuple(Step(action, decision) for action, decision in steps),
        differences=tuple(_differences(session, newest, register)) if newest else (),
        named=named,
        warnings=tuple(quality.warnings),
        instruments=tuple(machines),
        overdue=frozenset(m.id for m in machines if m.certificate_due is not None and m.certificate_due < now),
        names=people.display_names(session, _who_acted(analyses)),
        older=older,
        retract=_retract(session, actor, older, now, register) if older else None,
        taken_out=subtraction.standing_steps(session, [r.reading.id for r in shown.file.readings]) if shown else 0,
    )


def _retract(session: Session, actor: Actor, older: ResultView, now: datetime, register: Register) -> Decision:
    return dict(service.allowed_actions(session, actor, older.result, now, register))[Action.RETRACT]


def _who_acted(analyses: Iterable[readings.AnalysisView]) -> set[uuid.UUID | None]:
    uploads = [upload for analysis in analyses for upload in analysis.uploads]
    return {person for upload in uploads for person in (upload.warnings_seen_by, upload.corrected_by)} - {None}


def _lines(view: ResultView, analyses: Sequence[readings.AnalysisView], register: Register) -> Iterator[Line]:
    titles = {str(a.analysis.id): analysis_title(a) for a in analyses}
    for position, row in enumerate(view.findings):
        yield Line(
            position=position,
            row=row,
            name=name_of(register, row),
            amount=amount_words(
                row.amount_value, row.amount_low, row.amount_high, row.coverage_k, row.amount_unit, row.basis
            ),
            methods=tuple(dict.fromkeys(titles[key] for key in row.analysis_ids if key in titles)),
            entered=service.as_entered(row),
        )


def name_of(register: Register, row: Finding | NewFinding) -> str:
    """How a finding is called on the bench."""
    if row.substance_id:
        return samples.label_of(register, row.substance_id)
    if row.substance_class:
        return samples.label_of(register, row.substance_class)
    return row.unknown_label or "something without a name"


def analysis_title(view: readings.AnalysisView) -> str:
    """`FTIR`, or `Nitazene strip: positive`."""
    row = view.analysis
    if row.strip_reading is not None:
        return f"{row.strip_target.rpartition('.')[2].replace('_', ' ').capitalize()} strip: {row.strip_reading.value}"
    return view.method.title


def _shown(analyses: Sequence[readings.AnalysisView], reading_id: uuid.UUID | None, peak: int | None) -> Shown | None:
    files = [(a, f) for a in analyses for f in readings.files_of(a) if f.readings]
    view: readings.ReadingView | None
    if reading_id is not None:
        found = next(((a, f, r) for a, f in files for r in f.readings if r.reading.id == reading_id), None)
        if found is None:
            raise NotFound("reading")
        analysis, file, view = found
    elif files:
        analysis, file = max(files, key=lambda pair: _newest(pair[1]))
        view = file.main
    else:
        return None
    assert view is not None
    if view.answer is None:
        return Shown(analysis, file, view.reading, None)
    chosen = view.answer.peak_at(peak)
    candidates = (chosen or view.answer).candidates
    return Shown(analysis, file, view.reading, view.match, view.answer, candidates, chosen)


def _newest(file: readings.FileView) -> tuple[datetime, uuid.UUID]:
    """The file that was read last: a new one, or one that was corrected just now."""
    return file.upload.read_at or file.upload.created_at, file.upload.id


def candidate_of(
    analyses: Sequence[readings.AnalysisView], reading_id: uuid.UUID, place: int, peak: int | None
) -> tuple[readings.AnalysisView, Candidate]:
    """The candidate in one place of a reading's list, with its analysis. Raises NotFound."""
    shown = _shown(analyses, reading_id, peak)
    if shown is None or not 0 <= place < len(shown.candidates):
        raise NotFound("candidate")
    return shown.analysis, shown.candidates[place]


def parts_of(
    analyses: Sequence[readings.AnalysisView], reading_id: uuid.UUID
) -> tuple[readings.AnalysisView, tuple[Component, ...]]:
    """The parts of a mixture as the newest comparison of a reading gave them, with its analysis. Raises NotFound."""
    shown = _shown(analyses, reading_id, None)
    if shown is None:
        raise NotFound("reading")
    return shown.analysis, shown.answer.components if shown.answer is not None else ()


def _differences(session: Session, view: ResultView, register: Register) -> list[str]:
    """What this version changes against the one it follows."""
    if view.before is None:
        return []
    older = next(v for v in service.versions(session, view.result.sample_id) if v.result.id == view.before.id)
    before = [service.as_entered(f) for f in older.findings]
    after = [service.as_entered(f) for f in view.findings]
    return changes(before, after, lambda f: name_of(register, f))


def strip_targets(register: Register) -> list[tuple[str, str]]:
    """What a strip may react to: the usual ones first, then every class."""
    first = [t for t in _STRIPS_FIRST if t in register or t in register.classes]
    rest = [c for c in sorted(register.classes) if c not in first]
    return [(t, _target_words(register, t)) for t in (*first, *rest)]


def _target_words(register: Register, target: str) -> str:
    if target in register:
        return register[target].name
    return target.replace(".", ": ").replace("_", " ")
