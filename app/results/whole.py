"""What results take from the answer of a whole sample: parts as findings, what each method says of them, and what it could not have seen. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from app.laboratory.identification.domain import QUICK_TESTS
from app.laboratory.readings.domain import ScopeFact
from app.laboratory.sample_answers.domain import CurrentAnswer, WholeAnswer
from app.results.named import Offer
from spectra.sample.answer import State as MethodState


@dataclass(frozen=True, slots=True)
class MethodSays:
    """What one method says of one substance in the answer of the whole sample. Only what follows from it is kept, no figure."""

    substance_id: str
    analysis_ids: tuple[UUID, ...]
    title: str
    state: MethodState
    sentence: str


def with_blind_spots(fact: ScopeFact, whole: CurrentAnswer | None) -> ScopeFact:
    """With what of the expected its method could not have seen, as the answer of the whole sample knows it."""
    blind = whole.answer.blind if whole is not None else ()
    here = tuple(substance for substance, method in blind if method == fact.method.value)
    return replace(fact, blind=here) if here else fact


def matrix_of(whole: CurrentAnswer | None) -> tuple[MethodSays, ...] | None:
    """What the instruments say of each part, by register id; strips have rules of their own. None without an answer."""
    if whole is None or not whole.answer.parts:
        return None
    return tuple(
        MethodSays(part.name.substance_id, cell.analysis_ids, cell.title, cell.state, cell.sentence)
        for part in whole.answer.parts
        if part.name.substance_id
        for cell in part.cells
        if cell.analysis_ids and cell.method not in QUICK_TESTS
    )


def offers_of_whole(answer: WholeAnswer, compound: str = "") -> Iterator[tuple[Offer, UUID]]:
    """The parts of the answer of a whole sample, or the one of `compound`, each with every analysis that shows it."""
    for part in answer.parts:
        if compound in ("", part.name.compound):
            alike = () if part.single else tuple(other.name for other in part.others)
            offer = Offer(part.name.name, part.name.substance_id, part.name.substance_class, alike, not part.likely)
            yield from ((offer, analysis_id) for analysis_id in part.seen_by)
