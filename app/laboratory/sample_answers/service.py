"""Use cases of the answer of a sample: read it as it stands now, and reply to what it asks."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import structlog
from sqlmodel import Session

from app.intake.samples import lookup
from app.laboratory.library.service import editions
from app.laboratory.readings import analyses as reading_analyses
from app.laboratory.sample_answers import evidence
from app.laboratory.sample_answers.domain import (
    ANSWER_VERSION,
    CurrentAnswer,
    Progress,
    Replied,
    Reply,
    WholeAnswer,
    answer_from,
    replies_from,
    replies_json,
)
from app.laboratory.sample_answers.tables import SampleAnswer
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound
from app.platform.kernel.versions import check_version
from app.platform.live.publish import publish
from spectra.sample.constants import shipped

NOTE_MAX = 200
_log = structlog.get_logger(__name__)


def current_answer(
    session: Session, sample_id: uuid.UUID, analyses: Sequence[reading_analyses.AnalysisView]
) -> CurrentAnswer | None:
    """The answer as it stands, beside the `analyses` of now; None where no answer was ever asked for."""
    row = session.get(SampleAnswer, sample_id)
    return _current(session, row, analyses) if row is not None else None


def _current(session: Session, row: SampleAnswer, analyses: Sequence[reading_analyses.AnalysisView]) -> CurrentAnswer:
    answer = _read(row)
    made_with = answer.calibration_version
    return CurrentAnswer(
        progress=row.progress,
        answer=answer,
        replies=replies_from(row.replies),
        made_at=row.made_at,
        stale=evidence.readings_in(row.basis) != evidence.readings_in(evidence.basis_of(analyses)),
        older_calibration=bool(made_with) and made_with != shipped().note.version,
        older_libraries=evidence.libraries_in(row.basis) not in (None, editions(session)),
        version=len(row.replies),
    )


def _read(row: SampleAnswer) -> WholeAnswer:
    if row.made_at is None:
        return WholeAnswer()
    try:
        if int(row.answer_version) > int(ANSWER_VERSION):
            raise ValueError(f"an answer of version {row.answer_version}")
        return answer_from(row.answer)
    except ValueError:
        _log.warning("sample_answer_unreadable", sample_id=str(row.sample_id), version=row.answer_version)
        return WholeAnswer(reasons=("This answer was made by a later version of MAST and cannot be shown here.",))


def answer_of(session: Session, actor: Actor, sample_id: uuid.UUID) -> CurrentAnswer:
    """The answer of a sample for a person of its agency, beside its analyses of now. Raises NotFound, also where nothing was measured yet."""
    lookup.get_sample(session, actor, sample_id)
    found = current_answer(session, sample_id, reading_analyses.analyses_of(session, sample_id))
    if found is None:
        raise NotFound("answer")
    return found


def reply(uow: UnitOfWork, sample_id: uuid.UUID, key: str, said: Reply, note: str, version: int) -> CurrentAnswer:
    """Answer a question; who says something else later is added, nothing is overwritten.

    `version` is that of the replies: an answer that was worked out again in the meantime asks the same question by the same key, and
    refuses nobody. Raises NotFound, Stale where someone replied since, Invalid, Conflict.
    """
    sample = lookup.lock_sample(uow, sample_id)
    row = uow.session.get(SampleAnswer, sample_id, with_for_update=True)
    if row is None:
        raise NotFound("answer")
    check_version("answer", version, len(row.replies))
    if sample.withdrawn_at is not None:
        raise Conflict("This sample was withdrawn, so nothing was added to it.")
    asked = next((question for question in _read(row).questions if question.key == key), None)
    if asked is None:
        raise NotFound("question")
    if said not in asked.replies:
        words = "Choose one of the answers to this question."
        raise Invalid(words, fields={"reply": words})
    if len(note.strip()) > NOTE_MAX:
        words = f"The note is longer than {NOTE_MAX} characters."
        raise Invalid(words, fields={"note": words})
    assert uow.actor.person_id is not None
    given = (*replies_from(row.replies), Replied(key, said, note.strip(), uow.actor.person_id, uow.now))
    row.replies = replies_json(given)
    uow.session.add(row)
    after = {"question": key, "reply": said.value}
    audit.record(
        uow, "reply", "sample_answer", sample_id, version=len(given), after=after, session_id=sample.session_id
    )
    publish(
        uow,
        "sample",
        "sample.replied",
        agency_id=sample.agency_id,
        session_id=sample.session_id,
        sample_id=sample_id,
        payload={},
    )
    return _current(uow.session, row, reading_analyses.analyses_of(uow.session, sample_id))


def waits(found: CurrentAnswer | None) -> bool:
    """Whether readings changed and what follows from all of them is still being worked out."""
    return found is not None and found.progress is Progress.WAITING and found.stale
