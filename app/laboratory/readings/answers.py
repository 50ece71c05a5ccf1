"""The stored answer of a reading, decoded once where its row is loaded."""

from __future__ import annotations

import structlog

from app.laboratory.identification.answer import Answer, Level
from app.laboratory.identification.codec import StoredAnswer, UnreadableAnswer, decode
from app.laboratory.identification.domain import NEVER_ABSENT
from app.laboratory.readings.tables import Match

_log = structlog.get_logger(__name__)


def answer_of(match: Match) -> Answer:
    """The answer in a row. One that cannot be read says so in its headline, names nothing and supports nothing."""
    columns = StoredAnswer(
        match.score_name, match.candidates, match.libraries, list(match.limits), match.answer, match.engine_version
    )
    try:
        return decode(columns)
    except UnreadableAnswer as error:
        _log.warning("answer_unreadable", match_id=str(match.id), engine_version=match.engine_version)
        return Answer(Level.NOT_READABLE, str(error), (str(error),), limits=(NEVER_ABSENT,))
