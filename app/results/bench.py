"""The bench's worklist: samples of the sessions that are open now, what each waits for, the longest waiting first; and
everything the bench shows of one sample, gathered for reading: expectation, analyses, spectrum, findings, steps."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import TypeAdapter
from sqlmodel import Session

from app.intake.people import service as people
from app.intake.samples import lookup, queue, substances
from app.intake.samples import service as samples
from app.intake.sessions import service as sessions
from app.laboratory.identification.answer import Answer, Peak
from app.laboratory.identification.parts import ALL_OF_IT, Candidate
from app.laboratory.readings import analyses as reading_analyses
from app.laboratory.readings import corrections
from app.laboratory.readings import figures as reading_figures
from app.laboratory.readings import quality as reading_quality
from app.laboratory.sample_answers import service as sample_answers
from app.laboratory.sample_answers.domain import CurrentAnswer
from app.laboratory.subtraction import service as subtraction
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import NotFound
from app.results import repository, service
from app.results.derivation import Signal
from app.results.domain import SUCCEEDED, Action, Decision, NameState, State
from app.results.finding import NewFinding
from app.results.named import Named, mentions_of, resolve_names
from app.results.review import Review, name_of, review_of
from app.results.tables import Finding
from app.results.view import ResultView
from app.results.words import STATE_WORDS, amount_words
from harm_messages.register import Register
from spectra.confidence.figures import Figure
from spectra.infrared.sentences import limit_percent

if TYPE_CHECKING:
    from app.laboratory.readings.tables import Instrument, Match, Reading

_BENCH = (None, State.DRAFT, State.RETURNED, State.WITHDRAWN, State.AMENDED, State.RETRACTED)
_LAST = (State.RELEASED,)
NEAR = 60
"""Rows of the worklist that stand beside a sample."""


@dataclass(frozen=True, slots=True)
class Row:
    """One sample on the bench. No ticket, nothing about a person."""

    queued: queue.QueueRow
    session_id: uuid.UUID
    session_name: str
    expected: str
    state: State | None
    mine: bool

    @property
    def state_words(self) -> str:
        """The state of this sample in words."""
        return STATE_WORDS[self.state]


@dataclass(frozen=True, slots=True)
class Worklist:
    """The rows, and where they come from."""

    rows: tuple[Row, ...]
    session_names: tuple[str, ...]

    def count(self, *states: State | None) -> int:
        """How many are in one of these states."""
        return sum(row.state in states for row in self.rows)

    @property
    def to_analyse(self) -> int:
        """Everything that is on the chemist's side."""
        return self.count(*_BENCH)

    def around(self, sample_id: uuid.UUID) -> tuple[Row, ...]:
        """The rows round a sample, from the top where it is not among them: hundreds beside it would slow its page."""
        place = next((k for k, row in enumerate(self.rows) if row.queued.id == sample_id), 0)
        first = max(0, min(place - NEAR // 2, len(self.rows) - NEAR))
        return self.rows[first : first + NEAR]

    @property
    def oldest(self) -> queue.QueueRow | None:
        """The one that waits longest for its result."""
        return max((r.queued for r in self.rows if r.state not in _LAST), key=lambda r: r.waited_s, default=None)


def worklist(session: Session, actor: Actor, now: datetime, register: Register) -> Worklist:
    """What is to be done at this bench. Samples that were told are gone from it while their result stands, withdrawn ones too;
    of a session that is closed, everything whose result is out."""
    at_work = sessions.sessions_at_work(session, actor, now)
    client_knows = queue.told_sample_ids(session, actor, [s.id for s in at_work])
    again = {key for key, state in repository.newest_states(session, client_knows).items() if state not in _LAST}
    found = [(s, row) for s in at_work for row in queue.queue(session, actor, s.id, now=now, also=again)]
    states = repository.newest_states(session, [row.id for _, row in found])
    rows = [
        Row(row, s.id, s.name, expected_words(register, row.expected, row.words_spoken), state, _mine(actor, state))
        for s, row in found
        for state in [states.get(row.id)]
        if s.closed_at is None or state not in _LAST
    ]
    closed = {s.id for s in at_work if s.closed_at is not None}
    rows.sort(key=lambda r: (r.state in _LAST, not r.mine, r.session_id in closed, -r.queued.waited_s))
    with_work = {r.session_id for r in rows}
    return Worklist(tuple(rows), tuple(s.name for s in at_work if s.closed_at is None or s.id in with_work))


def amended_at(session: Session, actor: Actor, session_ids: Sequence[uuid.UUID], state: State) -> list[uuid.UUID]:
    """Samples of these sessions whose client has a result while a newer version stands at `state`; the oldest first."""
    return queue.have_a_result(session, actor, session_ids, repository.newer_at(session, state))


def expected_words(register: Register, expected: Sequence[str], spoken: str) -> str:
    """What was expected, in the register's names; else the words that were spoken."""
    names = ", ".join(substances.labels(register, expected))
    return names or (f"“{spoken}”" if spoken else "not known")


def _mine(actor: Actor, state: State | None) -> bool:
    """Whether the next step is one this person's role takes: such rows come first."""
    return (
        (state in _BENCH and actor.has(Role.CHEMIST))
        or (state is State.SUBMITTED and actor.has(Role.VERIFIER))
        or (state is State.VERIFIED and actor.has(Role.SESSION_LEAD))
    )


_SIGNAL = TypeAdapter(tuple[Signal, ...])


@dataclass(frozen=True, slots=True)
class Line:
    """One finding ready to print, and as it was entered."""

    position: int
    row: Finding
    name: str
    amount: str
    methods: tuple[str, ...]
    entered: NewFinding

    @property
    def share(self) -> float | None:
        """The largest share it has in a reading, None where it is the only part of each."""
        shares = (one.share for one in _SIGNAL.validate_python(self.row.signal))
        return max((share for share in shares if share < ALL_OF_IT), default=None)

    @property
    def shares(self) -> list[str]:
        """Its share of the signal by each reading in words."""
        return [_share_words(one) for one in _SIGNAL.validate_python(self.row.signal)]


def _share_words(one: Signal) -> str:
    share, low, high = (f"{100 * value:.0f}" for value in (one.share, one.low, one.high))
    between = f" ({low} to {high})" if low != high else ""
    said = "the only part" if one.share >= ALL_OF_IT else f"{share}\u00a0%{between} of the signal"
    limit = f". Detection limit here {limit_percent(one.limit_percent / 100)}" if one.limit_percent else ""
    return f"{one.method}: {said}{limit}"


@dataclass(frozen=True, slots=True)
class Shown:
    """The reading in the middle of the screen, of `file`. `match` and `answer` are None while nothing was compared."""

    analysis: reading_analyses.AnalysisView
    file: reading_analyses.FileView
    reading: Reading
    match: Match | None
    answer: Answer | None = None
    candidates: tuple[Candidate, ...] = ()
    peak: Peak | None = None

    @property
    def figures(self) -> list[Figure]:
        """Figures of quality; none for readings made before there were any."""
        return reading_figures.figures_in(self.reading.quality)

    @property
    def taken_as(self) -> tuple[corrections.AxisInterpretation, ...]:
        """Technique and axes, with a note where the reader had to guess."""
        row = self.reading
        return corrections.taken_as(row.kind, row.x_unit, row.y_unit, row.remarks)

    @property
    def correctable(self) -> tuple[corrections.Field, ...]:
        """What a chemist may say about its axes."""
        row = self.reading
        return corrections.fields_for(row.kind, row.format, self.file.upload.hints, corrections.codes_of(row.remarks))

    @property
    def assurance(self) -> str:
        """How far its reader is proven: high, medium, low; "" where nobody said."""
        return str(self.reading.description.get("assurance", ""))


@dataclass(frozen=True, slots=True)
class Bench:
    """One sample on the bench."""

    sample: samples.Sample
    session_name: str
    place: str
    expected: str
    waited_s: float
    analyses: tuple[reading_analyses.AnalysisView, ...]
    shown: Shown | None
    view: ResultView | None
    lines: tuple[Line, ...]
    steps: tuple[tuple[Action, Decision], ...]  # each with what stands in its way
    review: Review | None
    named: tuple[Named, ...]
    warnings: tuple[str, ...]
    instruments: tuple[Instrument, ...]
    overdue: frozenset[uuid.UUID]
    names: Mapping[uuid.UUID, str]  # who looked at warnings, corrected a reading or answered a question
    older: ResultView | None = None  # still on the client's screen while a newer version is in work
    retract: Decision | None = None
    taken_out: int = 0  # references taken by hand out of the readings of the shown file
    whole: CurrentAnswer | None = None  # the answer made of all readings together

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
    sample = lookup.get_sample(session, actor, sample_id)
    checking = sessions.get_session(session, actor, sample.session_id)
    analyses = reading_analyses.analyses_of(session, sample_id)
    newest = service.latest(session, sample_id)
    quality = reading_quality.quality_of(analyses, now)
    lines = tuple(_lines(newest, analyses, register)) if newest else ()
    steps = service.allowed_actions(session, actor, newest.result, now, register, analyses) if newest else []
    machines = reading_analyses.instruments(session, actor)
    uploads = [upload for analysis in analyses for upload in analysis.uploads]
    seen_by = [person for upload in uploads for person in (upload.warnings_seen_by, upload.corrected_by)]
    until = sample.released_at or sample.withdrawn_at or now
    released = service.released(session, sample_id)
    older = released if released and newest and released.result.id != newest.result.id else None
    shown = _shown(analyses, reading_id, peak)
    mentions = mentions_of(analyses)
    whole = sample_answers.current_answer(session, sample_id, analyses)
    named = (
        service.named_of(session, newest.result, register, mentions)
        if newest
        else resolve_names(mentions, (), (), register)
    )
    return Bench(
        sample=sample,
        session_name=checking.name,
        place=sessions.site_of(session, checking).name,
        expected=expected_words(register, lookup.expected_of(session, sample_id), ""),
        waited_s=max(0.0, (until - sample.received_at).total_seconds()),
        analyses=tuple(analyses),
        shown=shown,
        view=newest,
        lines=lines,
        steps=tuple(steps),
        review=review_of(session, newest, sample, analyses, named, quality.warnings, register, whole)
        if newest
        else None,
        named=named,
        warnings=tuple(quality.warnings),
        instruments=tuple(machines),
        overdue=frozenset(m.id for m in machines if m.certificate_due is not None and m.certificate_due < now),
        names=people.display_names(session, [*seen_by, *(one.by for one in (whole.replies if whole else ()))]),
        older=older,
        retract=dict(service.allowed_actions(session, actor, older.result, now, register))[Action.RETRACT]
        if older
        else None,
        whole=whole,
        taken_out=subtraction.count_active_steps(session, [r.reading.id for r in shown.file.readings]) if shown else 0,
    )


def _lines(view: ResultView, analyses: Sequence[reading_analyses.AnalysisView], register: Register) -> Iterator[Line]:
    titles = {str(a.analysis.id): analysis_title(a) for a in analyses}
    for position, row in enumerate(view.findings):
        methods = tuple(dict.fromkeys(titles[key] for key in row.analysis_ids if key in titles))
        yield Line(position, row, name_of(register, row), amount_words(row.amount), methods, row.entered)


def analysis_title(view: reading_analyses.AnalysisView) -> str:
    """`FTIR`, or `Nitazene strip: positive`."""
    row = view.analysis
    if row.strip_reading is not None:
        return f"{row.strip_target.rpartition('.')[2].replace('_', ' ').capitalize()} strip: {row.strip_reading.value}"
    return view.method.title


def _shown(
    analyses: Sequence[reading_analyses.AnalysisView], reading_id: uuid.UUID | None, peak: int | None
) -> Shown | None:
    files = [(a, f) for a in analyses for f in reading_analyses.files_of(a) if f.readings]
    view: reading_analyses.ReadingView | None
    if reading_id is not None:
        found = next(((a, f, r) for a, f in files for r in f.readings if r.reading.id == reading_id), None)
        if found is None:
            raise NotFound("reading")
        analysis, file, view = found
    elif files:
        # the file that was read last: a new one, or one that was corrected just now
        analysis, file = max(
            files, key=lambda pair: (pair[1].upload.read_at or pair[1].upload.created_at, pair[1].upload.id)
        )
        view = file.main
    else:
        return None
    assert view is not None
    if view.answer is None:
        return Shown(analysis, file, view.reading, None)
    chosen = view.answer.peak_at(peak)
    candidates = (chosen or view.answer).candidates
    return Shown(analysis, file, view.reading, view.match, view.answer, candidates, chosen)


def candidate_of(
    analyses: Sequence[reading_analyses.AnalysisView], reading_id: uuid.UUID, place: int, peak: int | None
) -> tuple[reading_analyses.AnalysisView, Candidate]:
    """The candidate in one place of a reading's list, with its analysis. Raises NotFound."""
    shown = _shown(analyses, reading_id, peak)
    if shown is None or not 0 <= place < len(shown.candidates):
        raise NotFound("candidate")
    return shown.analysis, shown.candidates[place]
