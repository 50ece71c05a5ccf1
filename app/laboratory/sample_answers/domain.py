"""The one answer of a sample as it is kept and shown: parts with a matrix part × method, and questions only a person can answer. Pure.

Shares are parts of 1 of the signal (not of the weight). What a state means stands with `spectra.sample.State`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue, TypeAdapter

from app.laboratory.identification.domain import QUICK_TESTS
from app.platform.kernel.worded import Worded
from spectra.sample.answer import State

ANSWER_VERSION = "1"
"""Of the tree below. A row of a later version is not read."""


class Progress(Worded):
    """How far the answer of a sample is."""

    WAITING = "waiting", "is being worked out"
    READY = "ready", "is ready"
    FAILED = "failed", "could not be worked out"


class Reply(Worded):
    """What a person says to a question."""

    ONE_SAMPLE = "one_sample", "Both files are of this sample"
    WRONG_FILE = "wrong_file", "One file is of another sample"
    LOOKED = "looked", "Checked, the findings stand"


REPLIES: Mapping[str, tuple[Reply, ...]] = {"one_sample": (Reply.ONE_SAMPLE, Reply.WRONG_FILE)}
"""What may be said to a question, by its code; to every other, that someone checked."""
STATE_WORDS: Mapping[State, str] = {
    State.SEEN: "seen",
    State.NOT_SEEN: "not seen",
    State.NOT_TOLD_APART: "not told apart",
    State.NOT_VISIBLE: "could not be seen",
    State.NOT_TESTED: "not tested",
}


@dataclass(frozen=True, slots=True)
class Name:
    """A compound with its row in the register, "" where there is none."""

    compound: str
    name: str
    substance_id: str = ""
    substance_class: str = ""
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """What one method says of one part. `figure` is what stands behind the word, "" where nothing does."""

    method: str
    title: str
    state: State
    figure: str
    sentence: str
    analysis_ids: tuple[UUID, ...] = ()
    share: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    probability: float | None = None

    @property
    def words(self) -> str:
        """The state in words with its figure."""
        link = " " if self.state is State.NOT_TOLD_APART else ", "
        return f"{STATE_WORDS[self.state]}{link}{self.figure}" if self.figure else STATE_WORDS[self.state]


@dataclass(frozen=True, slots=True)
class Part:
    """One thing the sample holds. `others` compete for its place, likeliest first; `single`: its name alone may be given."""

    name: Name
    others: tuple[Name, ...]
    single: bool
    cells: tuple[Cell, ...]
    changed: str = ""
    only: str = ""

    @property
    def seen_by(self) -> tuple[UUID, ...]:
        """Analyses that show it, also those that cannot tell it from its look-alikes."""
        shown = (State.SEEN, State.NOT_TOLD_APART)
        return tuple(dict.fromkeys(key for cell in self.cells if cell.state in shown for key in cell.analysis_ids))

    @property
    def likely(self) -> bool:
        """More likely there than not, where a probability is given; where none is, what a method shows counts."""
        return self.name.probability is None or self.name.probability >= 0.5


@dataclass(frozen=True, slots=True)
class Question:
    """Something only a person can answer. `key` stays the same for the same question about the same readings."""

    key: str
    code: str
    text: str
    names: tuple[str, ...] = ()

    @property
    def replies(self) -> tuple[Reply, ...]:
        """What may be said to it."""
        return REPLIES.get(self.code, (Reply.LOOKED, Reply.WRONG_FILE))


@dataclass(frozen=True, slots=True)
class Replied:
    """What someone said to a question."""

    key: str
    reply: Reply
    note: str
    by: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """The answer of a sample. `none_of_these` is the chance that it is none of the names; None where that is not said.

    `expected` are sentences on what was expected, apart from everything else; `blind` pairs an expected substance (register id) with a
    method that could not have seen it, whatever its amount. `calibration` says in sentences what the figures rest on.
    """

    parts: tuple[Part, ...] = ()
    methods: tuple[tuple[str, str], ...] = ()
    none_of_these: float | None = None
    questions: tuple[Question, ...] = ()
    expected: tuple[str, ...] = ()
    blind: tuple[tuple[str, str], ...] = ()
    reasons: tuple[str, ...] = ()
    calibration: str = ""
    calibration_version: str = ""
    withheld: str = ""

    @property
    def several(self) -> bool:
        """Whether more than one instrument speaks."""
        return sum(method not in QUICK_TESTS for method, _ in self.methods) > 1


_ANSWER = TypeAdapter(WholeAnswer)
_REPLIES = TypeAdapter(tuple[Replied, ...])


def answer_json(answer: WholeAnswer) -> dict[str, JsonValue]:
    """Write an answer as its row stores it."""
    kept: dict[str, JsonValue] = _ANSWER.dump_python(answer, mode="json")
    return kept


def answer_from(column: object) -> WholeAnswer:
    """Read a stored answer. Raises ValueError for what is no answer."""
    return _ANSWER.validate_python(column)


def replies_json(given: tuple[Replied, ...]) -> list[JsonValue]:
    """Write the replies as their row stores them."""
    kept: list[JsonValue] = _REPLIES.dump_python(given, mode="json")
    return kept


def replies_from(column: object) -> tuple[Replied, ...]:
    """Read the stored replies to questions."""
    return _REPLIES.validate_python(column)


@dataclass(frozen=True, slots=True)
class CurrentAnswer:
    """The answer of a sample now: what was worked out, what was replied, and whether it still fits the readings.

    `stale`: readings changed since. `older_calibration`: it was worked out with another calibration than today's.
    `older_libraries`: a library came, went or was declared otherwise since. `version` counts the replies, so that it changes when a person says something, and not when the answer is worked out again.
    """

    progress: Progress
    answer: WholeAnswer = field(default_factory=WholeAnswer)
    replies: tuple[Replied, ...] = ()
    made_at: datetime | None = None
    stale: bool = False
    older_calibration: bool = False
    older_libraries: bool = False
    version: int = 0

    @property
    def open_questions(self) -> tuple[Question, ...]:
        """Questions nobody has answered yet, and those whose answer is that a file belongs elsewhere: it has to go first. What one
        instrument leaves open stands in its own answer, and holds up nothing here."""
        return tuple(q for q in self.answer.questions if self.answer.several and not self._settled(q))

    @property
    def answered(self) -> int:
        """How many of its questions someone answered."""
        return sum(self.reply_to(q) is not None for q in self.answer.questions)

    def _settled(self, question: Question) -> bool:
        last = self.reply_to(question)
        return last is not None and last.reply is not Reply.WRONG_FILE

    def reply_to(self, question: Question) -> Replied | None:
        """What was said to it last."""
        return next((one for one in reversed(self.replies) if one.key == question.key), None)
