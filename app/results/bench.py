"""The bench's worklist: samples of the sessions that are open now, what each waits for, the longest waiting first; and
everything the bench shows of one sample, gathered for reading: expectation, analyses, spectrum, findings, steps."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlmodel import Session

from app.intake.people import service as people
from app.intake.samples import lookup, queue, substances
from app.intake.samples import service as samples
from app.intake.sessions import service as sessions
from app.laboratory.identification.answer import Answer, Peak
from app.laboratory.identification.parts import Candidate, Component
from app.laboratory.readings import analyses as reading_analyses
from app.laboratory.readings import corrections
from app.laboratory.readings import figures as reading_figures
from app.laboratory.readings import quality as reading_quality
from app.laboratory.subtraction import service as subtraction
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import NotFound
from app.results import repository, service
from app.results.domain import SUCCEEDED, Action, Decision, NameState, State
from app.results.finding import NewFinding
from app.results.named import Named, mentions_of, standings
from app.results.tables import Finding
from app.results.view import ResultView
from app.results.words import ABUNDANCE_WORDS, CONFIDENCE_WORDS, STATE_WORDS, amount_words
from harm_messages.register import Register
from spectra.confidence.figures import Figure

if TYPE_CHECKING:
    from app.laboratory.readings.tables import Instrument, Match, Reading

_BENCH = (None, State.DRAFT, State.RETURNED, State.WITHDRAWN, State.AMENDED, State.RETRACTED)
_LAST = (State.RELEASED,)


@dataclass(frozen=True, slots=True)
class Row:
    """One sample on the bench. No ticket, nothing about a person."""

    queued: queue.QueueRow
    session_name: str
    expected: str
    state: State | None
    mine: bool

    @property
    def state_words(self) -> str:
        """What it waits for."""
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

    @property
    def oldest(self) -> queue.QueueRow | None:
        """The one that waits longest for its result."""
        return max((r.queued for r in self.rows if r.state not in _LAST), key=lambda r: r.waited_s, default=None)


def worklist(session: Session, actor: Actor, now: datetime, register: Register) -> Worklist:
    """What is to be done at this bench. Samples that were told or withdrawn are gone from it."""
    open_now = sessions.sessions_now(session, actor, now)
    found = [(s, row) for s in open_now for row in queue.queue(session, actor, s.id, now=now)]
    states = repository.newest_states(session, [row.id for _, row in found])
    rows = [
        Row(row, s.name, expected_words(register, row.expected, row.words_spoken), state, _mine(actor, state))
        for s, row in found
        for state in [states.get(row.id)]
    ]
    rows.sort(key=lambda r: (r.state in _LAST, not r.mine, -r.queued.waited_s))
    return Worklist(tuple(rows), tuple(s.name for s in open_now))


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
    differences: tuple[str, ...]
    named: tuple[Named, ...]
    warnings: tuple[str, ...]
    instruments: tuple[Instrument, ...]
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
    until = sample.released_at or sample.withdrawn_at or now
    told = service.released(session, sample_id)
    older = told if told and newest and told.result.id != newest.result.id else None
    shown = _shown(analyses, reading_id, peak)
    mentions = mentions_of(analyses)
    named = (
        service.named_of(session, newest.result, register, mentions)
        if newest
        else standings(mentions, (), (), register)
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
        differences=tuple(_differences(session, newest, register)) if newest else (),
        named=named,
        warnings=tuple(quality.warnings),
        instruments=tuple(machines),
        overdue=frozenset(m.id for m in machines if m.certificate_due is not None and m.certificate_due < now),
        names=people.display_names(session, [p for u in uploads for p in (u.warnings_seen_by, u.corrected_by)]),
        older=older,
        retract=dict(service.allowed_actions(session, actor, older.result, now, register))[Action.RETRACT]
        if older
        else None,
        taken_out=subtraction.standing_steps(session, [r.reading.id for r in shown.file.readings]) if shown else 0,
    )


def _lines(view: ResultView, analyses: Sequence[reading_analyses.AnalysisView], register: Register) -> Iterator[Line]:
    titles = {str(a.analysis.id): analysis_title(a) for a in analyses}
    for position, row in enumerate(view.findings):
        methods = tuple(dict.fromkeys(titles[key] for key in row.analysis_ids if key in titles))
        yield Line(position, row, name_of(register, row), amount_words(row.amount), methods, row.entered)


def name_of(register: Register, row: Finding | NewFinding) -> str:
    """How a finding is called on the bench."""
    if key := row.substance_id or row.substance_class:
        return substances.label_of(register, key)
    return row.unknown_label or "something without a name"


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


def parts_of(
    analyses: Sequence[reading_analyses.AnalysisView], reading_id: uuid.UUID
) -> tuple[reading_analyses.AnalysisView, tuple[Component, ...]]:
    """The parts of a mixture as the newest comparison of a reading gave them, with its analysis. Raises NotFound."""
    shown = _shown(analyses, reading_id, None)
    if shown is None:
        raise NotFound("reading")
    return shown.analysis, shown.answer.components if shown.answer is not None else ()


# -- what changed since the version before ------------------------------------------------------------------------


def _differences(session: Session, view: ResultView, register: Register) -> list[str]:
    """What this version changes against the one it follows."""
    if view.before is None:
        return []
    older = repository.findings_of(session, [view.before.id])[view.before.id]
    before, after = [f.entered for f in older], [f.entered for f in view.findings]
    return changes(before, after, lambda f: name_of(register, f))


def changes(before: Sequence[NewFinding], after: Sequence[NewFinding], name: Callable[[NewFinding], str]) -> list[str]:
    """What a verifier looks at first, in the order of the new version; empty when the findings are the same."""
    old = {f.key: f for f in before}
    new = {f.key: f for f in after}
    out = []
    for key, finding in new.items():
        if key not in old:
            out.append(f"Added: {name(finding)}, {ABUNDANCE_WORDS[finding.abundance]}.")
        else:
            out += [f"{name(finding)}: {said}." for said in _of_one(old[key], finding)]
    return out + [f"Removed: {name(finding)}." for key, finding in old.items() if key not in new]


def _of_one(a: NewFinding, b: NewFinding) -> Iterator[str]:
    if a.abundance is not b.abundance:
        yield f"{ABUNDANCE_WORDS[a.abundance]} → {ABUNDANCE_WORDS[b.abundance]}"
    if a.amount != b.amount:
        yield f"amount {amount_words(a.amount) or 'none'} → {amount_words(b.amount) or 'none'}"
    if a.confidence is not b.confidence:
        hand = [CONFIDENCE_WORDS[f.confidence] if f.confidence else "(by rule)" for f in (a, b)]
        yield f"confidence set by hand {hand[0]} → {hand[1]}"
    if set(a.analysis_ids) != set(b.analysis_ids):
        yield f"stands on {len(b.analysis_ids)} instead of {len(a.analysis_ids)} analyses"
    if set(a.retention_ids) != set(b.retention_ids):
        counts = f"of {len(b.retention_ids)} instead of {len(a.retention_ids)} analyses"
        yield f"retention time compared with a standard {counts}"
    if a.below != b.below:
        yield f"limit of detection “{a.below or 'none'}” → “{b.below or 'none'}”"


def strip_targets(register: Register) -> list[tuple[str, str]]:
    """What a strip may react to: the usual ones first, then every class."""
    first = [t for t in _STRIPS_FIRST if t in register or t in register.classes]
    rest = [c for c in sorted(register.classes) if c not in first]
    names = {t: register[t].name for t in first if t in register}
    return [(t, names.get(t) or t.replace(".", ": ").replace("_", " ")) for t in (*first, *rest)]
