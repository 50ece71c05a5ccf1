"""JSON routes of the answer of a sample: read it, and reply to what it asks."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel

from app.laboratory.sample_answers import service
from app.laboratory.sample_answers.domain import CurrentAnswer, Progress, Replied, Reply, WholeAnswer
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.web.fields import FreeText, Note200, Text200
from app.runtime import ChangeDep, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["sample answers"])

Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]
Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]


class SampleAnswerOut(BaseModel):
    """The answer of a sample as it stands. `stale`: a reading changed since it was worked out."""

    progress: Progress
    stale: bool
    older_calibration: bool
    older_libraries: bool
    answer: WholeAnswer
    replies: tuple[Replied, ...]
    open_questions: tuple[str, ...]
    version: int


class ReplyIn(FreeText):
    """What a person says to a question, which `question` names by its key."""

    question: Text200
    reply: Reply
    note: Note200 = ""


@router.get("/samples/{sample_id}/answer")
def show_answer(sample_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> SampleAnswerOut:
    """One answer from everything measured on a sample. 404 before the first reading was compared."""
    with rt.read() as session:
        return _out(service.answer_of(session, who, sample_id))


@router.post("/samples/{sample_id}/answer/replies")
def add_reply(sample_id: uuid.UUID, body: ReplyIn, who: Chemist, change: ChangeDep) -> SampleAnswerOut:
    """Answer a question that must be settled before the result is released."""
    return change.made(
        who,
        lambda uow: _out(service.reply(uow, sample_id, body.question, body.reply, body.note, change.version)),
    )


def _out(found: CurrentAnswer) -> SampleAnswerOut:
    return SampleAnswerOut(
        progress=found.progress, stale=found.stale, older_calibration=found.older_calibration,
        older_libraries=found.older_libraries, answer=found.answer,
        replies=found.replies, open_questions=tuple(one.key for one in found.open_questions), version=found.version,
    )  # fmt: skip
