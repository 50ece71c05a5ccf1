"""What stands behind an alert, for staff of its agency only: evidence, steps, channels, and what may be done now."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from app.care.alerts import repository
from app.care.alerts.behind import EvidenceState, ground
from app.care.alerts.domain import ALL_STEPS, WAITING, Act, Tier, steps_from
from app.care.alerts.signals import TRIGGER_WORDS
from app.care.alerts.signing import may, samples_behind, standing_steps, unready
from app.care.alerts.tables import Alert, AlertChannel, AlertEvidence, AlertStep
from app.intake.samples.lookup import SampleLook, looks_of
from app.platform.kernel.actor import Actor

_SUBMITTED = (Act.SUBMIT, "The laboratory submits it")
_AGREED = (Act.AGREE, "The health side agrees: a health worker or a clinician")
_CLINICIAN = (Act.AGREE, "A clinician agrees")
_LEAD = (Act.APPROVE, "A session lead approves")
_OTHER_LEAD = (Act.APPROVE, "A session lead who did not write it approves")
_SECOND = (Act.APPROVE, "A second person approves: a session lead or a clinician")
PATHS: dict[Tier, tuple[tuple[Act, str], ...]] = {
    Tier.T0: (),
    Tier.T1: (),
    Tier.T2: (_SUBMITTED, _AGREED, _LEAD),
    Tier.T3: (_SUBMITTED, _CLINICIAN, _OTHER_LEAD),
    Tier.T4: (_SUBMITTED, _CLINICIAN, _OTHER_LEAD, _SECOND),
}
"""What each tier needs, in order."""


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One line of evidence with the samples it rests on, as this agency numbers them."""

    row: AlertEvidence
    samples: tuple[SampleLook, ...]

    @property
    def title(self) -> str:
        """The trigger of this line of evidence in words."""
        return TRIGGER_WORDS[self.row.trigger]


@dataclass(frozen=True, slots=True)
class AlertDetail:
    """Everything about one alert. `acts`: each step there is from here, with every reason why this person may not take
    it (none: they may); `missing`: what keeps it from leaving the service as it stands."""

    evidence: tuple[EvidenceLine, ...]
    steps: tuple[AlertStep, ...]
    channels: tuple[AlertChannel, ...]
    acts: Mapping[Act, tuple[str, ...]]
    missing: tuple[str, ...]
    path: tuple[tuple[str, AlertStep | None], ...] = ()
    """What its tier needs, in order, with the step where it was taken."""
    ground: EvidenceState | None = None
    """How sure it is now, and what is lacking; for those who write and sign."""

    def may(self, act: Act | str) -> bool:
        """Whether there is a button for it."""
        return self.acts.get(Act(act)) == ()


def detail(session: Session, actor: Actor, row: Alert) -> AlertDetail:
    """What stands behind an alert the caller has read for this person. Evidence is for those who write and sign."""
    reads = actor.has(*ALL_STEPS)
    steps = repository.steps_of(session, row.id)
    found = repository.evidence_of(session, row.id) if reads else []
    keys = {uuid.UUID(key) for one in found for key in one.samples}
    looks = looks_of(session, row.agency_id, keys)
    return AlertDetail(
        evidence=tuple(EvidenceLine(one, _samples(one, looks)) for one in found),
        steps=tuple(steps),
        channels=tuple(repository.channels_of(session, row.id)),
        acts={act: tuple(may(session, row, act, actor, steps)) for act in steps_from(row.state, row.tier)},
        missing=tuple(unready(session, row)) if reads and row.state in WAITING else (),
        path=tuple(_path(row, steps)),
        ground=ground(session, samples_behind(session, row), [*row.substances, *row.classes]) if reads else None,
    )


def _path(row: Alert, steps: Sequence[AlertStep]) -> Iterator[tuple[str, AlertStep | None]]:
    taken = list(standing_steps(steps))
    for act, title in PATHS[row.tier]:
        step = next((one for one in taken if one.act is act), None)
        if step is not None:
            taken.remove(step)
        yield title, step


def _samples(one: AlertEvidence, looks: Mapping[uuid.UUID, SampleLook]) -> tuple[SampleLook, ...]:
    keys = [uuid.UUID(key) for key in one.samples]
    return tuple(looks[key] for key in keys if key in looks)
