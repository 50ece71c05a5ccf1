"""What the findings of a version stand on: what was expected and handed in, and what every analysis could see.

Kept with the version when it is submitted; from then on its page is made of that and not of what is written down later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from pydantic import JsonValue, TypeAdapter
from sqlmodel import Session

from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.laboratory.readings import analyses as reading_analyses
from app.laboratory.readings import quality
from app.laboratory.readings.domain import ScopeFact
from app.laboratory.sample_answers import service as sample_answers
from app.laboratory.sample_answers.domain import CurrentAnswer
from app.results.finding import NewFinding
from app.results.named import Dismissal, Mention, Named, dismissals_from, mentions_of, resolve_names
from app.results.tables import ResultVersion
from app.results.whole import MethodSays, matrix_of, with_blind_spots
from harm_messages.register import Register
from harm_messages.vocabulary import Form


@dataclass(frozen=True, slots=True)
class SubmissionSnapshot:
    """Compared as a whole: whatever is in here can change what the page says. Strips are part of `scope`."""

    expected: tuple[str, ...]
    intent: str
    form: Form
    logo: str
    colours: tuple[str, ...]
    scope: tuple[ScopeFact, ...]
    named: tuple[Mention, ...] = ()
    """What the readings name."""
    dismissed: tuple[Dismissal, ...] = ()
    words: str = ""
    """What was said where the register knows none of it."""
    unit_mass_mg: float | None = None
    """What one tablet weighs, where someone weighed one."""
    matrix: tuple[MethodSays, ...] | None = None
    """What each method says of each part; None where no such answer was made."""

    def as_json(self) -> dict[str, JsonValue]:
        """For the column."""
        kept: dict[str, JsonValue] = _JSON.dump_python(self, mode="json")
        return kept


_JSON = TypeAdapter(SubmissionSnapshot)


def current(session: Session, sample: samples.Sample, row: ResultVersion) -> SubmissionSnapshot:
    """The grounds as the sample is written down now, with what is dismissed in this version."""
    analyses = reading_analyses.analyses_of(session, sample.id)
    whole = sample_answers.current_answer(session, sample.id, analyses)
    return of(sample, row, analyses, lookup.expected_of(session, sample.id), whole)


def of(
    sample: samples.Sample,
    row: ResultVersion,
    analyses: Sequence[reading_analyses.AnalysisView],
    expected: Sequence[str],
    whole: CurrentAnswer | None,
) -> SubmissionSnapshot:
    """A snapshot of what was read already."""
    return SubmissionSnapshot(
        expected=tuple(expected),
        intent=sample.intent.value,
        form=sample.form,
        logo=sample.logo,
        colours=tuple(sample.colours),
        scope=tuple(with_blind_spots(fact, whole) for fact in quality.scope_of(analyses)),
        named=mentions_of(list(analyses)),
        dismissed=dismissals_from(row.dismissals),
        words="" if expected else sample.words_spoken,
        unit_mass_mg=(sample.weight_mg or None) if sample.form is Form.TABLET else None,
        matrix=matrix_of(whole),
    )


def frozen(row: ResultVersion) -> SubmissionSnapshot | None:
    """The grounds as they were when this version was submitted; None before that."""
    return _JSON.validate_python(row.basis) if row.basis is not None else None


def changed(row: ResultVersion, now_there: SubmissionSnapshot) -> bool:
    """Whether something came to it since it was submitted."""
    snapshot = frozen(row)
    if snapshot is not None and snapshot.matrix is None:
        now_there = replace(now_there, matrix=None)
    return snapshot != now_there


def named(
    row: ResultVersion, now_named: tuple[Mention, ...], findings: Sequence[NewFinding], register: Register
) -> tuple[Named, ...]:
    """What became of each name: of a version that was submitted as it was then, else as it is now."""
    snapshot = frozen(row)
    if snapshot is not None:
        return resolve_names(snapshot.named, findings, snapshot.dismissed, register)
    return resolve_names(now_named, findings, dismissals_from(row.dismissals), register)


def differences(row: ResultVersion, now_there: SubmissionSnapshot, label: Callable[[str], str]) -> list[str]:
    """What came to the sample since this version was submitted, in sentences; `label` is how the register calls an id."""
    then = frozen(row)
    if then is None or not changed(row, now_there):
        return []
    out = []
    if then.expected != now_there.expected:
        before, after = (", ".join(map(label, one.expected)) or "not known" for one in (then, now_there))
        out.append(f"Expected was {before} and is {after} now.")
    out += _of_analyses({s.analysis_id: s for s in then.scope}, {s.analysis_id: s for s in now_there.scope})
    keys = {m.key for m in then.named}
    names = dict.fromkeys(m.name for m in now_there.named if m.key not in keys)
    out += [f"A spectrum names {name} now." for name in names]
    return out or ["The form, the look or what the spectra show changed."]


def _of_analyses(then: Mapping[UUID, ScopeFact], now_there: Mapping[UUID, ScopeFact]) -> Iterator[str]:
    for key, fact in now_there.items():
        if key not in then:
            yield f"{fact.title} was added."
        elif fact != then[key]:
            yield f"{fact.title} changed."
    for key, fact in then.items():
        if key not in now_there:
            yield f"{fact.title} was removed."
