"""The choice between theirs and yours, as the bench shows it and as its form sends it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from app.platform.kernel.errors import Invalid, MastError
from app.results.edits import FindingsClash
from app.results.finding import NewFinding
from app.results.merging import WHOLE, Clash
from app.results.review import name_of
from app.results.schemas import AmountIn, FindingIn, FindingsIn
from app.results.words import ABUNDANCE_WORDS, CONFIDENCE_WORDS, amount_words
from harm_messages.register import Register

YOURS, THEIRS = "yours", "theirs"
FIELD_WORDS = {
    "abundance": "Abundance",
    "amount": "Amount",
    "below": "Limit of detection",
    "confidence": "Confidence",
    WHOLE: "Finding",
}


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """One choice as the page shows it. `key` names it in the form."""

    key: str
    name: str
    field: str
    theirs: str
    yours: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Everything the form of a choice carries: `yours` are all of one's findings, as JSON."""

    rows: tuple[ChoiceRow, ...]
    yours: str
    began: int
    seen: int


def choice_of(error: MastError | None, register: Register) -> Choice | None:
    """The choice an error asks for; None where it asks for none."""
    if not isinstance(error, FindingsClash):
        return None
    rows = tuple(_row(clash, register) for clash in error.clashes)
    return Choice(rows, _as_json(error.yours), error.began, error.seen)


def _row(clash: Clash, register: Register) -> ChoiceRow:
    some = clash.theirs or clash.yours
    assert some is not None
    theirs, yours = (_words(side, clash.field) for side in (clash.theirs, clash.yours))
    return ChoiceRow(
        f"{clash.field} {clash.key}", name_of(register, some), FIELD_WORDS[clash.field], theirs, yours
    )  # fmt: skip


def _words(side: NewFinding | None, field: str) -> str:
    if side is None:
        return "removed"
    if field == "confidence":
        level = CONFIDENCE_WORDS[side.confidence] if side.confidence else "automatic"
        return f"{level} ({side.confidence_reason})" if side.confidence_reason else level
    said = {"abundance": ABUNDANCE_WORDS[side.abundance], "amount": amount_words(side.amount), "below": side.below}
    return said.get(field, " ".join(part for part in said.values() if part)) or "none"


def _as_json(findings: Sequence[NewFinding]) -> str:
    return FindingsIn(findings=[_as_sent(one) for one in findings]).model_dump_json()


def _as_sent(f: NewFinding) -> FindingIn:
    return FindingIn(
        substance=f.substance_id, substance_class=f.substance_class, unknown_label=f.unknown_label, abundance=f.abundance,
        amount=AmountIn(**asdict(f.amount)) if f.amount else None, below=f.below, analyses=list(f.analysis_ids),
        cannot_tell_from=list(f.cannot_tell_from), confidence=f.confidence, confidence_reason=f.confidence_reason,
        retention_compared=list(f.retention_ids),
    )  # fmt: skip


class ChoiceForm(BaseModel):
    """The fields of a choice: `clash` and `take` belong together, place by place."""

    began: int
    seen: int
    yours: Annotated[str, Field(max_length=100_000)] = ""
    clash: Annotated[list[Annotated[str, Field(max_length=140)]], Field(max_length=200)] = []
    take: Annotated[list[Annotated[str, Field(max_length=10)]], Field(max_length=200)] = []

    def findings(self) -> list[NewFinding]:
        """One's own findings, as they were shown. Raises Invalid."""
        try:
            return [one.entered() for one in FindingsIn.model_validate_json(self.yours).findings]
        except ValidationError as error:
            raise Invalid("Your findings could not be read. Nothing was changed.", hint="Enter them again.") from error

    def choices(self) -> dict[tuple[str, str], bool]:
        """(substance, field) → whether one's own is taken."""
        out = {}
        for clash, take in zip(self.clash, self.take, strict=False):
            field, _, key = clash.partition(" ")
            if take in (YOURS, THEIRS):
                out[key, field] = take == YOURS
        return out
