"""What a second person looks at first: what changed since the version before and since it was submitted, what is open and who
confirmed that, and what was dismissed and why. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from app.intake.samples import lookup, substances
from app.intake.samples import service as samples
from app.laboratory.readings import analyses as reading_analyses
from app.laboratory.sample_answers.domain import CurrentAnswer
from app.results import grounds, repository
from app.results.differences import changes
from app.results.domain import NameState, State
from app.results.finding import NewFinding
from app.results.left_open import LeftOpen
from app.results.named import Named
from app.results.tables import Finding
from app.results.view import ResultView
from harm_messages.register import Register


@dataclass(frozen=True, slots=True)
class Review:
    """Of a version that waits for a second person. `asked`: why the version before was returned or amended."""

    since_submit: tuple[str, ...] = ()
    since_before: tuple[str, ...] = ()
    before: int = 0
    asked: str = ""
    override_reason: str = ""
    by_hand: tuple[str, ...] = ()
    open: tuple[Named, ...] = ()
    left_open: tuple[LeftOpen, ...] = ()
    dismissed: tuple[Named, ...] = ()
    warnings: tuple[str, ...] = ()
    answered: int = 0
    """Questions that the readings raise together and someone answered: the sample's answer shows them."""

    @property
    def empty(self) -> bool:
        """Nothing of all this: the findings are the first ones, and every name is recorded."""
        said = (self.since_submit, self.since_before, self.asked, self.override_reason, self.by_hand)
        return not any((*said, self.open, self.left_open, self.dismissed, self.warnings, self.answered))


def name_of(register: Register, row: Finding | NewFinding) -> str:
    """How a finding is called on the bench."""
    if key := row.substance_id or row.substance_class:
        return substances.label_of(register, key)
    return row.unknown_label or "something without a name"


def review_of(
    session: Session,
    view: ResultView,
    sample: samples.Sample,
    analyses: Sequence[reading_analyses.AnalysisView],
    named: Sequence[Named],
    warnings: Sequence[str],
    register: Register,
    whole: CurrentAnswer | None,
) -> Review | None:
    """None before the version is submitted and after it is released."""
    row, before = view.result, view.before
    if row.state not in (State.SUBMITTED, State.VERIFIED):
        return None
    now_there = grounds.of(sample, row, analyses, lookup.expected_of(session, sample.id), whole)
    return Review(
        since_submit=tuple(grounds.differences(row, now_there, lambda key: substances.label_of(register, key))),
        since_before=tuple(_since_before(session, view, register)),
        before=before.number if before else 0,
        asked=before.reason if before else "",
        override_reason=row.override_reason,
        by_hand=tuple(
            f"{name_of(register, f)}: confidence set manually. {f.confidence_override}"
            for f in view.findings
            if f.confidence_override
        ),
        open=tuple(one for one in named if one.is_open),
        left_open=view.left_open,
        dismissed=tuple(one for one in named if one.state is NameState.DISMISSED),
        warnings=tuple(warnings),
        answered=whole.answered if whole is not None else 0,
    )


def _since_before(session: Session, view: ResultView, register: Register) -> list[str]:
    if view.before is None:
        return []
    older = repository.findings_of(session, [view.before.id])[view.before.id]
    before, after = [f.entered for f in older], [f.entered for f in view.findings]
    return changes(before, after, lambda f: name_of(register, f))
