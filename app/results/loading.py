"""What a step of a result looks at, read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from app.intake.samples import service as samples
from app.intake.samples.domain import ConsentAnswer, ConsentKind
from app.intake.sessions import service as sessions
from app.laboratory.readings import service as readings
from app.platform.kernel.actor import Actor
from app.results import repository
from app.results.domain import State
from app.results.tables import Finding, ResultVersion


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a step looks at, read once and passed down: the sample, its session, analyses, consents, what was expected, the
    findings of the version, and all versions, the newest first."""

    sample: samples.Sample
    checking: sessions.CheckingSession
    analyses: Sequence[readings.AnalysisView]
    consents: Mapping[ConsentKind, ConsentAnswer]
    expected: Sequence[str]
    findings: Sequence[Finding]
    versions: Sequence[ResultVersion]

    @property
    def back_of_house(self) -> bool:
        """Whether nothing is ever released at the session: its figures count once they are verified."""
        return not self.checking.licence_mode.individual_results


def standing_version(session: Session, actor: Actor, sample: samples.Sample) -> ResultVersion | None:
    """The version told last, unless it was retracted; while an amendment is being made the one before stands on. Back of
    house, where nothing is ever told, the newest that is verified."""
    every = repository.versions_of(session, sample.id)
    if not sessions.get_session(session, actor, sample.session_id).licence_mode.individual_results:
        newest = next((row for row in every if row.verified_at is not None), None)
        return newest if newest is not None and newest.state is State.VERIFIED else None
    newest = next((row for row in every if row.released_at is not None), None)
    return newest if newest is not None and newest.state is not State.RETRACTED else None


def load(
    session: Session, actor: Actor, row: ResultVersion, analyses: Sequence[readings.AnalysisView] | None = None
) -> Loaded:
    """Everything about one version. `analyses`: of its sample, where they were read already. Raises NotFound when the sample
    is not of the actor's agency."""
    sample = samples.get_sample(session, actor, row.sample_id)
    return Loaded(
        sample,
        sessions.get_session(session, actor, sample.session_id),
        readings.analyses_of(session, sample.id) if analyses is None else analyses,
        samples.consents_of(session, sample.id),
        samples.expected_of(session, sample.id),
        repository.findings_of(session, [row.id])[row.id],
        repository.versions_of(session, sample.id),
    )
