"""From what an answer names to a finding: the register's substance, with what cannot be told apart. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.laboratory.identification.parts import Candidate, Component
from app.results.finding import NewFinding
from harm_messages.vocabulary import Abundance

MOST_ALIKE = 12
NAME_MAX = 80
POSSIBLE = "possible"
"""The grade of a part that a fit can do without: an indication at most."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What an answer offers as a finding. `alike` are names this spectrum cannot tell from it; `candidate` stands behind it."""

    substance: str
    substance_id: str = ""
    substance_class: str = ""
    alike: tuple[str, ...] = ()
    only_possible: bool = False
    candidate: Candidate | None = None

    @property
    def key(self) -> str:
        """What a finding made of it has as its key: the register id, else the name the library gives it."""
        return self.substance_id or self.substance[:NAME_MAX].casefold()


def offer_of(candidate: Candidate) -> Offer:
    """A candidate as it is offered."""
    return Offer(
        candidate.substance, candidate.substance_id, candidate.substance_class, candidate.ambiguous_with,
        candidate=candidate,
    )  # fmt: skip


def offer_of_part(part: Component) -> Offer:
    """A part of a mixture as it is offered."""
    return Offer(
        part.substance, part.substance_id, part.substance_class, part.not_distinguished, part.grade == POSSIBLE
    )  # fmt: skip


def with_offers(there: Sequence[NewFinding], offers: Iterable[tuple[Offer, uuid.UUID]]) -> list[NewFinding]:
    """The findings with each of these among them, each with its analysis. A second technique narrows down what cannot be told
    apart."""
    out = list(there)
    for offer, analysis_id in offers:
        out = _merged(out, finding_of(offer, analysis_id), narrows=True)
    return out


def with_strip(
    there: Sequence[NewFinding], target: str, is_substance: bool, analysis_id: uuid.UUID
) -> list[NewFinding]:
    """The findings with what a positive strip says among them: its class, or the one substance it reacts to."""
    new = NewFinding(
        substance_id=target if is_substance else None,
        substance_class="" if is_substance else target,
        abundance=Abundance.INDICATION,
        analysis_ids=(analysis_id,),
    )
    return _merged(there, new, narrows=False)


def _merged(there: Sequence[NewFinding], new: NewFinding, *, narrows: bool) -> list[NewFinding]:
    """One that is there already gains the analysis of the new one."""
    if all(old.key != new.key for old in there):
        return [*there, new]
    return [_gained(old, new, narrows) if old.key == new.key else old for old in there]


def _gained(old: NewFinding, new: NewFinding, narrows: bool) -> NewFinding:
    if set(new.analysis_ids) <= set(old.analysis_ids):
        return old
    alike = tuple(a for a in old.cannot_tell_from if a in new.cannot_tell_from or not narrows)
    return replace(old, analysis_ids=(*old.analysis_ids, *new.analysis_ids), cannot_tell_from=alike)


def finding_of(offer: Offer, analysis_id: uuid.UUID) -> NewFinding:
    """A new finding; what is only possible is an indication. What the register does not know keeps the library's name and has no
    name of ours yet."""
    known = offer.substance_id
    return NewFinding(
        substance_id=known or None,
        substance_class=offer.substance_class if known else "",
        unknown_label="" if known else offer.substance[:NAME_MAX],
        abundance=Abundance.INDICATION if offer.only_possible else Abundance.PRESENT_UNQUANTIFIED,
        analysis_ids=(analysis_id,),
        cannot_tell_from=tuple(name[:NAME_MAX] for name in offer.alike)[:MOST_ALIKE],
    )
