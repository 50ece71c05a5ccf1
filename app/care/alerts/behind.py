"""How sure what an alert is about is at this moment, by the newest results of the samples behind it. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session

from app.care.alerts.domain import SIGNED, Tier
from app.care.alerts.standing import LACKING, STANDING_WORDS, Standing, claims_more, firmest, standing_of
from app.intake.tasks import service as tasks
from app.intake.tasks.service import TaskKind
from app.results import view as results
from harm_messages.register import within

UNDECIDED = "Two tests disagree: partners are told nothing until a chemist has decided which is right."


@dataclass(frozen=True, slots=True)
class EvidenceState:
    """State of the evidence in words, and what would make it firm."""

    standing: Standing
    words: str
    lacking: str


def standing_behind(session: Session, sample_ids: Iterable[uuid.UUID], about: Iterable[str]) -> Standing | None:
    """The firmest evidence for what an alert is about; None where no result says anything of it."""
    wanted = tuple(about)
    each = []
    for key in sample_ids:
        latest = results.latest(session, key)
        for f in latest.present if latest else ():
            if any(f.substance_id == one or within(f.substance_class, one) for one in wanted):
                each.append(standing_of(f))
    found = firmest(one for one in each if one is not None)
    return Standing.DISPUTED if found is Standing.STRIP and undecided(session, sample_ids) else found


def undecided(session: Session, sample_ids: Iterable[uuid.UUID]) -> bool:
    """Whether a chemist still has to decide between two tests of one of these samples."""
    return any(
        task.kind is TaskKind.REVIEW and task.closed_at is None
        for key in sample_ids
        for task in tasks.rows_of_sample(session, key)
    )


def ground(session: Session, sample_ids: Iterable[uuid.UUID], about: Iterable[str]) -> EvidenceState | None:
    """The state in words, for staff."""
    found = standing_behind(session, sample_ids, about)
    return EvidenceState(found, STANDING_WORDS[found], LACKING[found]) if found else None


def says_too_much(standing: Standing | None, words: str, told_words: str, tier: Tier) -> dict[str, str]:
    """Field → sentence for words that say more than the evidence does. Only what is confirmed was found."""
    told = told_words if tier in SIGNED else ""
    wrong = {}
    for name, text in (("words", words), ("told_words", told)):
        if claim := claims_more(text, standing):
            wrong[name] = f"It says “{claim}”, and the evidence is: {STANDING_WORDS[standing]}"  # type: ignore[index]
    return wrong
