"""A run at the bench: components with area, noise and remarks, the sample as a whole, and what was run beside it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from app.laboratory.identification import runs
from app.laboratory.identification.identify import ALL_IN_BLANK, Context, identify, identify_blocks
from app.laboratory.identification.runs import (
    COMPONENT_RULE,
    RULE,
    RunControls,
    components_of,
)
from app.laboratory.library.registry import LibraryRegistry
from spectra import MassRun, MassSpectrum, Reading, ReadingKind, starter_mass_library
from tests.spectra.run_simulator import Column, Eluting, simulate

COLUMN = Column(scans=400, masses=(40, 330), bleed=5e4)


@pytest.fixture
def registry(tmp_path: Path) -> LibraryRegistry:
    return LibraryRegistry(tmp_path)


@cache
def run(*parts: tuple[str, float, float], seed: int = 1) -> MassRun:
    library = starter_mass_library()
    names = list(library.names)
    eluting = [Eluting(n, library.spectrum(names.index(n)), time, abundance) for n, time, abundance in parts]
    return simulate(eluting, COLUMN, seed).run


def reading(*parts: tuple[str, float, float], seed: int = 1) -> Reading:
    made = run(*parts, seed=seed)
    return Reading(
        ReadingKind.MASS_RUN, made.retention_time, made.total_ion_current, "s", "counts", scans=made.scans
    )  # fmt: skip


SAMPLE = (("Cocaine", 230.0, 50.0), ("Lidocaine", 233.0, 20.0), ("Caffeine", 270.0, 5.0))


def test_substances_that_leave_the_column_together_are_named_apart(registry: LibraryRegistry):
    answer = identify(reading(*SAMPLE), registry)
    assert [p.candidates[0].substance for p in answer.peaks] == ["Cocaine", "Lidocaine", "Caffeine"]
    assert [row.substance for row in answer.summary or ()] == ["Cocaine", "Lidocaine", "Caffeine"]
    assert [row.peaks for row in answer.summary or ()] == [(1,), (2,), (3,)]
    assert sum(row.area_percent for row in answer.summary or ()) == pytest.approx(100, abs=0.1)
    assert answer.sentences[-1] == COMPONENT_RULE
    assert answer.run.components == 3
    assert any("Overlaps with a neighbour" in text for text in answer.peaks[1].remarks)


def test_a_sample_that_is_all_blank_says_so_and_names_nothing(registry: LibraryRegistry):
    controls = RunControls(blank=run(("Caffeine", 270.0, 5.0), seed=8))
    answer = identify_blocks(reading(("Caffeine", 270.0, 5.0)), registry, Context(controls=controls))[0].answer
    assert answer.sentences == (ALL_IN_BLANK,)
    assert answer.candidates == ()


def test_a_peak_of_the_run_before_warns_of_carry_over(registry: LibraryRegistry):
    controls = RunControls(previous=run(("Caffeine", 270.2, 300.0), seed=8))
    peaks = identify(reading(*SAMPLE), registry, Context(controls=controls)).peaks
    assert [any("carried over" in text for text in p.remarks) for p in peaks] == [False, False, True]


def test_an_infusion_and_odd_times_still_give_the_strongest_scan():
    flat = (MassSpectrum([58.1, 91.1], [100, 50]),) * 30
    for seconds in (np.arange(30.0), np.full(30, np.nan)):
        peaks = components_of(flat, seconds, accurate=False)
        assert len(peaks) == 1
        assert peaks[0].run is not None
        assert peaks[0].rule == RULE
    assert components_of((), np.zeros(0), accurate=False) == []


def test_many_components_are_cut_to_the_largest_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MOST_COMPONENTS", 1)
    made = run(*SAMPLE)
    (peak,) = components_of(made.scans, made.retention_time, accurate=False)
    assert peak.number == 1
    assert peak.run is not None
    assert "2 more components" in peak.run.sentences[0]
