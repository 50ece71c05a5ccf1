"""A run at the bench: components with area, noise and remarks, the sample as a whole, and what was run beside it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from app.laboratory.identification.identify import ALL_IN_BLANK, Context, identify, identify_blocks
from app.laboratory.identification.runs import (
    COMPONENT_RULE,
    KEPT_PEAKS,
    MOST_COMPONENTS,
    RULE,
    RunControls,
    components_of,
    peaks_of,
)
from app.laboratory.library.registry import LibraryRegistry
from spectra import MassRun, MassSpectrum, Reading, ReadingKind, RetentionLadder, starter_mass_library
from tests.spectra.run_simulator import Column, Eluting, simulate
from tests.support.identify import identify_readings

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


def test_every_peak_is_stored_with_its_figures(registry: LibraryRegistry):
    peaks = identify(reading(*SAMPLE), registry).peaks
    assert all(p.signal_to_noise > 50 and p.width_s > 1 and p.area > 0 and 0 < p.own_share <= 1 for p in peaks)
    assert all(len(p.mz) == len(p.intensity) <= KEPT_PEAKS for p in peaks)
    assert [p.retention_index for p in peaks] == [None] * 3


def test_two_peaks_of_one_substance_are_one_row_of_the_summary(registry: LibraryRegistry):
    answer = identify(reading(("Cocaine", 230.0, 50.0), ("Cocaine", 260.0, 10.0)), registry)
    assert len(answer.peaks) == 2
    assert [row.peaks for row in answer.summary or ()] == [(1, 2)]
    assert answer.summary[0].area_percent == pytest.approx(100, abs=0.1)


def test_what_the_blank_of_the_batch_holds_is_left_out_and_said(registry: LibraryRegistry):
    controls = RunControls(blank=run(("Caffeine", 270.2, 5.0), seed=8), blank_name="blank.cdf")
    answer = identify(reading(*SAMPLE), registry, Context(controls=controls))
    assert [row.substance for row in answer.summary or ()] == ["Cocaine", "Lidocaine"]
    assert any(text.startswith("In the blank too, and left out: 1 component") for text in answer.sentences)


def test_a_sample_that_is_all_blank_says_so_and_names_nothing(registry: LibraryRegistry):
    controls = RunControls(blank=run(("Caffeine", 270.0, 5.0), seed=8))
    answer = identify_blocks(reading(("Caffeine", 270.0, 5.0)), registry, Context(controls=controls))[0].answer
    assert answer.sentences == (ALL_IN_BLANK,)
    assert answer.candidates == ()


def test_a_peak_of_the_run_before_warns_of_carry_over(registry: LibraryRegistry):
    controls = RunControls(previous=run(("Caffeine", 270.2, 300.0), seed=8))
    peaks = identify(reading(*SAMPLE), registry, Context(controls=controls)).peaks
    assert [any("carried over" in text for text in p.remarks) for p in peaks] == [False, False, True]


def test_with_a_ladder_every_peak_has_its_index_or_the_reason(registry: LibraryRegistry):
    made = run(*SAMPLE)
    ladder = RetentionLadder.from_table([(225, 20), (235, 21), (245, 22)])
    peaks = components_of(made.scans, made.retention_time, accurate=False, controls=RunControls(retention=ladder))
    assert peaks[0].retention_index == pytest.approx(2050, abs=15)
    assert peaks[2].retention_index is None
    assert "after the last n-alkane" in peaks[2].retention_note


def test_an_infusion_and_odd_times_still_give_the_strongest_scan():
    flat = (MassSpectrum([58.1, 91.1], [100, 50]),) * 30
    for seconds in (np.arange(30.0), np.full(30, np.nan)):
        peaks = components_of(flat, seconds, accurate=False)
        assert len(peaks) == 1
        assert peaks[0].run is not None
        assert peaks[0].rule == RULE
    assert components_of((), np.zeros(0), accurate=False) == []


def test_an_accurate_run_without_a_column_is_read_by_its_total_ion_current():
    rng = np.random.default_rng(2)
    level = rng.uniform(0.7, 1.3, 120)
    scans = tuple(MassSpectrum([304.1543, 182.1176], [1e4 * h, 3e3 * h], None, "ESI", None, 1) for h in level)
    seconds = np.arange(120.0)
    ours, plain = (f(scans, seconds, accurate=True) for f in (components_of, peaks_of))
    assert [p.retention_time_s for p in ours] == [p.retention_time_s for p in plain]


def test_many_components_are_cut_to_the_largest_and_the_rest_is_counted():
    library = starter_mass_library()
    column = Column(scans=2400, masses=(40, 330), bleed=5e4)
    parts = [Eluting(str(k), library.spectrum(k), 200.0 + 22 * k, 10) for k in range(40)]
    made = simulate(parts, column, 3).run
    peaks = components_of(made.scans, made.retention_time, accurate=False)
    assert len(peaks) == MOST_COMPONENTS
    assert [p.number for p in peaks] == list(range(1, MOST_COMPONENTS + 1))
    assert peaks[0].run is not None
    assert "more components" in peaks[0].run.sentences[0]


def test_the_command_line_gives_one_block_per_component_with_its_figures(registry: LibraryRegistry):
    blocks = identify_readings([reading(*SAMPLE)], registry)
    assert [b["peak"] for b in blocks] == [1, 2, 3]
    assert all(
        {"retention_time_s", "area_percent", "signal_to_noise", "retention_index", "remarks"} <= set(b) for b in blocks
    )
