"""The arithmetic of the custody ledger: every milligram received is somewhere. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.platform.kernel.worded import Worded


class CustodyKind(Worded):
    """What happened to some of the sample. Samples are never given back."""

    RECEIVED = "received", "Received"
    CONSUMED = "consumed", "Used up in analysis"
    DESTROYED = "destroyed", "Destroyed"
    RETAINED_FOR_LAB = "retained_for_lab", "Kept for the laboratory"
    TO_POLICE = "to_police", "Handed to the police"
    VARIANCE = "variance", "Difference on weighing"
    MOVED = "moved", "Moved"


# Balances of a tent weigh to a tenth of a milligram; less than half of that is nothing.
TOLERANCE_MG = 0.05
LARGEST_MG = 10_000_000.0


@dataclass(frozen=True, slots=True)
class Balance:
    """received = consumed + destroyed + retained + handed over + variance + what is still here."""

    received: float = 0.0
    consumed: float = 0.0
    destroyed: float = 0.0
    retained: float = 0.0
    to_police: float = 0.0
    variance: float = 0.0

    @property
    def remaining(self) -> float:
        """What should still lie in the bag, in mg."""
        gone = self.consumed + self.destroyed + self.retained + self.to_police + self.variance
        return round(self.received - gone, 3)

    @property
    def settled(self) -> bool:
        """Whether every milligram received is accounted for."""
        return abs(self.remaining) <= TOLERANCE_MG

    @property
    def used_up(self) -> bool:
        """Whether it was weighed in and nothing should be left."""
        return self.received > 0 and self.remaining <= TOLERANCE_MG


_FIELD = {kind: kind.value for kind in CustodyKind if kind is not CustodyKind.MOVED} | {
    CustodyKind.RETAINED_FOR_LAB: "retained"
}


def balance(lines: Iterable[tuple[CustodyKind, float | None]]) -> Balance:
    """Add the ledger up. A move changes no weight."""
    sums = dict.fromkeys(_FIELD.values(), 0.0)
    for kind, mg in lines:
        if kind in _FIELD:
            sums[_FIELD[kind]] += mg or 0.0
    return Balance(**sums)


def problems(kind: CustodyKind, mg: float | None, place: str, now: Balance) -> dict[str, str]:
    """Why this line cannot be added to a ledger that stands at `now`; by field, empty when it can."""
    if kind is CustodyKind.MOVED:
        return {} if place.strip() else {"place": "Enter where it was moved to."}
    if mg is None or mg == 0 or (mg < 0 and kind is not CustodyKind.VARIANCE) or abs(mg) > LARGEST_MG:
        return {"mg": "Enter the weight in mg, for example 12.5."}
    if kind is CustodyKind.RECEIVED:
        return {"mg": "It has a weight already. Record a difference on weighing."} if now.received else {}
    if not now.received:
        return {"mg": "It has no weight yet. Record what was received first."}
    if mg - now.remaining > TOLERANCE_MG:
        return {
            "mg": f"Only {now.remaining:g} mg should be left. "
            "Weigh again. If the scale is right, record a difference on weighing first."
        }
    return {}


TAKERS = (CustodyKind.TO_POLICE, CustodyKind.RETAINED_FOR_LAB, CustodyKind.DESTROYED, CustodyKind.MOVED)
"""What a hand-over of whole samples may be."""


def handing_problem(kind: CustodyKind, weighed: float | None, now: Balance) -> str:
    """Why all that is left of a sample cannot be handed over; empty when it can. `weighed`: what the scale showed, if anyone weighed it."""
    if now.used_up:
        return "Nothing of this sample is left."
    if weighed is not None:
        return problems(CustodyKind.CONSUMED, weighed, "", now if now.received else Balance(weighed)).get("mg", "")
    return "" if now.received or kind is CustodyKind.MOVED else "Weigh this sample. It has no weight yet."


def handing_lines(kind: CustodyKind, weighed: float | None, now: Balance) -> list[tuple[CustodyKind, float | None]]:
    """The lines that hand over all that is left: before them its first weight, or the difference that the scale showed."""
    first: list[tuple[CustodyKind, float | None]] = []
    left = now.remaining
    if weighed is not None and not now.received:
        first, left = [(CustodyKind.RECEIVED, weighed)], weighed
    elif weighed is not None and left - weighed > TOLERANCE_MG:
        first, left = [(CustodyKind.VARIANCE, round(left - weighed, 3))], weighed
    return [*first, (kind, None if kind is CustodyKind.MOVED else left)]
