"""Infrared answers on development data, with margins: names, limits, alarm and grades stay as good as documented."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.infrared_limits import one_pair
from benchmarks.accuracy.infrared_missing import Answer, answers
from benchmarks.accuracy.infrared_sets import Pair, dev_mixtures, incomplete, references, street
from benchmarks.accuracy.infrared_simulation import TYPICAL


@cache
def _whole(data: Path, step: int) -> list[Answer]:
    return answers(data, dev_mixtures(data, "typical")[::step])


@cache
def _less(data: Path) -> list[Answer]:
    return answers(data, incomplete(data, dev_mixtures(data, "typical")[::6], 1))


@pytest.mark.parametrize("step", [24, pytest.param(6, marks=pytest.mark.long)])
def test_typical_mixtures_are_resolved(shared_data: Path, step: int) -> None:
    exact = [{c.compound for c in one.answer.components} == set(one.sample.truth) for one in _whole(shared_data, step)]
    assert np.mean(exact) >= 0.8


@pytest.mark.long
def test_a_missing_component_raises_the_residual_and_takes_names_back(shared_data: Path) -> None:
    quiet = np.array([one.answer.residual_ratio for one in _whole(shared_data, 6)])
    loud = np.array([one.answer.residual_ratio for one in _less(shared_data)])
    assert (loud[:, None] > quiet).mean() >= 0.95
    wrong = [bool((one.sure & one.minor) - set(one.sample.truth)) for one in _less(shared_data)]
    assert sum(wrong) <= 1
    kept = [c in one.sure for one in _whole(shared_data, 6) for c in one.sample.truth]
    assert np.mean(kept) >= 0.9


def test_street_files_name_what_is_in_them(shared_data: Path) -> None:
    library = references(shared_data).library()
    for file in street(shared_data)[::20]:
        named = {c.compound for c in library.explain(file.spectrum).components}
        assert {c for c, part in file.recipe.items() if part >= 0.05} <= named


@pytest.mark.long
def test_a_printed_limit_is_near_the_empirical_one(shared_data: Path) -> None:
    found = one_pair(shared_data, references(shared_data).library(), Pair(0, 3, TYPICAL), 4)
    assert 0.4 < found.printed / found.seen95 < 2.5
    assert found.blank_seen == 0
    assert found.spiked_seen >= 0.75
