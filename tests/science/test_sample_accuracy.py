"""The joint answer on a few real isomers, with margins: infrared names what EI cannot, and a missing reference costs no right name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.ei_sets import library_of
from benchmarks.accuracy.sample_isomers import read, spectra_of, without_reference
from benchmarks.accuracy.sample_sets import Joint
from benchmarks.accuracy.sample_single import ei_right, joint
from spectra.sample.constants import shipped

COMPOUNDS = 6


@cache
def _samples(data: Path) -> list[Joint]:
    """One EI reading of another laboratory for each of a few isomers, against SWGDRUG alone, and two infrared readings of each."""
    library = library_of(data, "swgdrug")
    held = spectra_of(data, library.compounds)
    chosen = sorted(held)[:COMPOUNDS]
    none = np.zeros(0, dtype=np.int64)
    return read(data, library, {key: held[key][:2] for key in chosen}, dict.fromkeys(chosen, none), ("typical", "hard"))


def test_with_a_reference_the_isomer_is_named(shared_data: Path) -> None:
    judged = [joint(shipped().one)(s) for s in _samples(shared_data)]
    assert len(judged) >= 12
    assert np.mean([j.right for j in judged]) >= 0.95
    assert all(j.right for j in judged if j.single)


@pytest.mark.long
def test_a_rival_with_a_reference_pushes_out_no_right_name_without_one(shared_data: Path) -> None:
    some = [s for s in without_reference(_samples(shared_data)) if ei_right(s)]
    assert len(some) >= 4
    assert sum(not joint(shipped().one)(s).right for s in some) <= 1
