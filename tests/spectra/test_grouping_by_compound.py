"""Candidates by compound: one row each, ambiguity both ways, margins that mean something."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from spectra import Candidate, MassSpectrum, group_by_compound
from tests.spectra.spectrum_builders import MDA, MDMA, library_of


def _hit(entry: int, compound: str, score: float, score_name: str = "composite") -> Candidate:
    return Candidate(entry, compound.upper(), compound, score, score_name)


def test_look_alike_references_are_ambiguous_whatever_the_score() -> None:
    twin = MassSpectrum(MDMA.mz, MDMA.intensity * 1.01)
    library = library_of([MDMA, twin, MDA], names=["MDMA", "Twin", "MDA"])
    rows = group_by_compound([_hit(0, "c0", 950), _hit(1, "c1", 700), _hit(2, "c2", 690)], library)
    assert rows[0].ambiguous_with == ("C1",)
    assert rows[0].ambiguity_group == rows[1].ambiguity_group == 1


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(600, 1000)), min_size=1, max_size=15),
    st.randoms(use_true_random=False),
)
def test_the_order_of_candidates_does_not_matter(pairs: list, random: object) -> None:
    hits = [_hit(i, compound, float(score)) for i, (compound, score) in enumerate(pairs)]
    mixed = [replace(h) for h in hits]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert group_by_compound(mixed) == group_by_compound(hits)
