"""What is counted: who was tested for what, samples that stand in several rows, relatives of a substance."""

from __future__ import annotations

from typing import Any

import pytest

from app.figures.trends.domain import Dimension, target_of
from app.figures.trends.repository_snapshot import columns
from app.platform.kernel.errors import Invalid
from harm_messages import load_pack

from .conftest import Figures

REGISTER = load_pack().substances
D = Dimension
GC = (("gc_ms", "*", "looked"),)
FTIR = (("ftir", "*", "looked"), ("ftir", "opioid.nitazene", "excluded"), ("ftir", "opioid.fentanyl", "excluded"))
STRIP = (("strip", "opioid.nitazene", "not_detected"),)
NITAZENE = (("protonitazene", "opioid.nitazene"),)


def found(figures: Figures, name: str, *by: Dimension, **more: Any) -> dict[tuple[str, ...], tuple[int, int]]:
    """True counts by key: found, tested."""
    with figures.world.runtime.read() as session:
        facts, target = columns(session), target_of(name, REGISTER, **more)
        (within, hit), (own, looked) = facts.found_in(target), facts.tested_for(target)
        cells = facts.cells(by, hit, facts.clients & (within | own | (looked & facts.conclusive)))
    return {cell.key: (cell.numerator, cell.denominator) for cell in cells}


COVERED = (
    ("opioid.nitazene", GC, "identified", True),
    ("protonitazene", GC, "nothing_found", True),
    ("opioid.nitazene", FTIR, "identified", False),  # outside what it sees
    ("protonitazene", FTIR, "identified", False),
    ("opioid", FTIR, "identified", True),  # the class as such, though members lie outside
    ("mdma", FTIR, "identified", True),
    ("opioid.nitazene", STRIP, "inconclusive", False),  # a strip that did not react is never a negative count
    ("protonitazene", STRIP, "identified", False),
    ("opioid.nitazene", (*GC, *STRIP), "identified", True),
    ("opioid.nitazene", (("gc_ms", "opioid.nitazene", "not_detected"),), "inconclusive", True),  # a test of its own
    ("opioid", STRIP, "identified", False),  # a strip for nitazenes says nothing about other opioids
    ("mdma", STRIP, "identified", False),
    ("mdma", GC, "inconclusive", False),
    ("mdma", GC, "insufficient", False),
    ("mdma", (("gc_ms", "entactogen", "looked"),), "identified", True),
    ("mdma", (("strip", "entactogen", "invalid"),), "identified", False),
    ("opioid.nitazene", (*FTIR, *GC), "identified", True),  # one of two methods sees it
    ("mdma", (), "identified", False),
)
"""What is asked for, the tests of three samples, their outcome, and whether they count as tested for it."""


def test_not_found_counts_only_where_a_method_that_covers_it_looked(figures: Figures) -> None:
    for at, (_, tests, outcome, _) in enumerate(COVERED):
        figures.add(3, region=f"case {at}", found=(("caffeine", "stimulant.other"),), tests=tests, outcome=outcome)
    for at, (name, _, _, tested) in enumerate(COVERED):
        assert found(figures, name, D.REGION).get((f"case {at}",)) == ((0, 3) if tested else None), COVERED[at]


def test_analogues_are_the_other_members_of_the_class_and_never_a_mere_class(figures: Figures) -> None:
    figures.add(2, found=NITAZENE)
    figures.add(3, found=(("metonitazene", "opioid.nitazene"),))
    figures.add(4, found=(("metonitazene", "opioid.nitazene"), *NITAZENE))
    figures.add(5, found=(("opioid.nitazene", "opioid.nitazene"),))  # named as a class: it may be the substance itself
    figures.add(6, found=(("a-new-one", "opioid.nitazene"),))  # of an import; the register knows only its class
    assert found(figures, "analogues:protonitazene") == {(): (13, 20)}
    assert found(figures, "opioid.nitazene") == {(): (20, 20)}


def test_a_name_the_register_lacks_has_no_analogues() -> None:
    with pytest.raises(Invalid, match="no analogues"):
        target_of("analogues:opioid.nitazene", REGISTER)
