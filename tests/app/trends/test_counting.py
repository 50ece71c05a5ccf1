"""What is counted: who was tested for what, samples that stand in several rows, relatives of a substance."""

from __future__ import annotations

from typing import Any

import pytest

from app.figures.trends.domain import Amongst, Count, Dimension, target_of
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


def samples(figures: Figures, *by: Dimension, held: dict[Dimension, str] | None = None) -> dict[tuple[str, ...], int]:
    with figures.world.runtime.read() as session:
        facts = columns(session)
        cells = facts.cells(by, facts.clients, facts.clients & facts.holding(held or {}))
    return {cell.key: cell.denominator for cell in cells}


@pytest.mark.parametrize(
    ("name", "tests", "outcome", "tested"),
    [
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
    ],
)
def test_not_found_counts_only_where_a_method_that_covers_it_looked(
    figures: Figures, name: str, tests: Any, outcome: str, tested: bool
) -> None:
    figures.add(3, found=(("caffeine", "stimulant.other"),), tests=tests, outcome=outcome)
    assert found(figures, name, D.MONTH) == ({("2026-05",): (0, 3)} if tested else {})


def test_what_was_found_counts_as_tested_for_whatever_the_tests_and_the_result_say(figures: Figures) -> None:
    figures.add(2, found=NITAZENE, tests=(), outcome="inconclusive", verdict="inconclusive")
    figures.add(5, found=(), tests=GC, outcome="nothing_found")
    for name in ("protonitazene", "opioid.nitazene", "opioid"):
        assert found(figures, name) == {(): (2, 7)}


def test_primary_and_trace_narrow_what_was_found_and_never_who_was_tested(figures: Figures) -> None:
    figures.add(2, found=NITAZENE, abundance="major")
    figures.add(3, found=NITAZENE, abundance="trace", tests=())
    figures.add(4, found=NITAZENE, abundance="present_unquantified")
    figures.add(5, found=())
    told = {one: found(figures, "opioid.nitazene", amongst=one)[()] for one in Amongst}
    assert told == {Amongst.ANY: (9, 14), Amongst.PRIMARY: (2, 14), Amongst.TRACE: (3, 14)}


def test_analogues_are_the_other_members_of_the_class_and_never_a_mere_class(figures: Figures) -> None:
    figures.add(2, found=NITAZENE)
    figures.add(3, found=(("metonitazene", "opioid.nitazene"),))
    figures.add(4, found=(("metonitazene", "opioid.nitazene"), *NITAZENE))
    figures.add(5, found=(("opioid.nitazene", "opioid.nitazene"),))  # named as a class: it may be the substance itself
    figures.add(6, found=(("a-new-one", "opioid.nitazene"),))  # of an import; the register knows only its class
    assert found(figures, "analogues:protonitazene") == {(): (13, 20)}
    assert found(figures, "opioid.nitazene") == {(): (20, 20)}


def test_a_sample_counts_once_for_each_substance_class_and_method(figures: Figures) -> None:
    both = (("metonitazene", "opioid.nitazene"), *NITAZENE)
    figures.add(4, found=both, tests=(*FTIR, *GC, *STRIP))
    figures.add(3, found=(("mdma", "entactogen"),), tests=(("strip", "opioid.nitazene", "invalid"), *GC))
    figures.add(2, found=(), tests=())
    assert samples(figures, D.FOUND) == {("metonitazene",): 4, ("protonitazene",): 4, ("mdma",): 3}
    assert samples(figures, D.FOUND_CLASS) == {("opioid.nitazene",): 4, ("entactogen",): 3}
    assert samples(figures, D.METHOD) == {("gc_ms",): 7, ("ftir",): 4, ("strip",): 4}
    assert samples(figures, D.FOUND, D.METHOD)["mdma", "gc_ms"] == 3
    assert samples(figures, D.FOUND, D.FOUND_CLASS)["mdma", "entactogen"] == 3
    for held, n in (
        ({D.FOUND: "metonitazene"}, 4), ({D.FOUND_CLASS: "opioid"}, 4), ({D.METHOD: "strip"}, 4), ({D.METHOD: "gc_ms"}, 7),
        ({D.FOUND: "mdma", D.METHOD: "gc_ms"}, 3), ({D.FOUND: "mdma", D.METHOD: "ftir"}, 0), ({D.FOUND_CLASS: "opi"}, 0),
    ):  # fmt: skip
        assert samples(figures, held=held) == ({(): n} if n else {}), held


def test_every_way_to_split_has_a_column(figures: Figures) -> None:
    figures.add(5, outcomes=(("after", "take_less", 2),), turnaround=30)
    for dimension in Dimension:
        assert sum(samples(figures, dimension).values()) == 5, dimension


def test_outcomes_turnarounds_and_what_is_found_together_are_counted_per_cell(figures: Figures) -> None:
    figures.add(3, outcomes=(("after", "take_less", 2), ("after", "not_alone", 1)), turnaround=30)
    figures.add(2, month="2026-06", outcomes=(("before", "take_less", 1),), turnaround=40)
    figures.add(4, found=(("mdma", "entactogen"), ("caffeine", "stimulant.other")))
    by = (D.MONTH,)
    with figures.world.runtime.read() as session:
        facts = columns(session)
    said = {name: facts.cells(by, mask, facts.clients) for name, mask in facts.said("after").items()}
    assert said == {name: [Count(("2026-05",), 3, 7), Count(("2026-06",), 0, 2)] for name in ("not_alone", "take_less")}
    waits = [(key, minutes.tolist()) for key, minutes in facts.ordered(by, *facts.waits(facts.clients))]
    assert waits == [(("2026-05",), [30, 30, 30]), (("2026-06",), [40, 40])]
    _, whole = facts.found_in(target_of("mdma", REGISTER))
    assert facts.held(D.FOUND, whole) == {"mdma": 9, "caffeine": 4}


def test_a_name_the_register_lacks_has_no_analogues() -> None:
    with pytest.raises(Invalid, match="no analogues"):
        target_of("analogues:opioid.nitazene", REGISTER)
