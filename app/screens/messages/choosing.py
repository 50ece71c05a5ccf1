"""The choice between theirs and yours where two people changed the same text, as the page of a message or a file shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.care.message_packs.comparing import Piece, between
from app.care.message_packs.concurrent_edits import WHOLE, TextClash
from app.care.message_packs.merging import Clash
from app.platform.kernel.errors import MastError

FIELD_WORDS = {
    "title": "Title",
    "card": "Card",
    "more": "Behind “More”",
    "spoken": "What read-aloud says",
    "pictogram": "Pictogram",
    "evidence": "Evidence",
    "review_by": "Review by",
    "ready": "A speaker of this language has read it",
    "withdrawn": "Withdrawn",
    WHOLE: "Text",
    "": "Before the first rule",
}
_RULE = re.compile(r"^R-[A-Z0-9-]+( \(\d+\))?$")


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """One part that both changed, with what each of them changed in it. `part` names it in the form."""

    part: str
    name: str
    theirs: tuple[Piece, ...]
    yours: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Everything the form of a choice carries: all parts as you wrote them, over the text with the sha-256 `seen`."""

    rows: tuple[ChoiceRow, ...]
    yours: Mapping[str, str]
    seen: str


def choice_of(error: MastError | None) -> Choice | None:
    """The choice an error asks for; None where it asks for none."""
    if not isinstance(error, TextClash):
        return None
    return Choice(tuple(_row(clash) for clash in error.clashes), error.yours, error.seen)


def is_part(name: str) -> bool:
    """Whether this is what a part of a text is called."""
    return name in FIELD_WORDS or _RULE.match(name) is not None


def part_words(name: str) -> str:
    """A part as a page names it; a rule by its id."""
    return FIELD_WORDS.get(name, name)


def _row(clash: Clash) -> ChoiceRow:
    before = clash.theirs if clash.before is None else clash.before
    return ChoiceRow(clash.part, part_words(clash.part), _side(before, clash.theirs), _side(before, clash.yours))


def _side(before: str | None, after: str | None) -> tuple[Piece, ...]:
    """What one of them changed, word by word."""
    if after is None:
        return (Piece("gone", before),) if before else ()
    return between(before or "", after) if after else ((Piece("gone", before),) if before else ())
