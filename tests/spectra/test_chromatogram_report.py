"""A run as an answer: named per peak, each compound once per sample, blank taken off, carry-over said."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instruments import read, to_seconds
from spectra import (
    IdentificationLevel,
    MassLibrary,
    MassRun,
    MassSpectrum,
    ReadingKind,
    RetentionLadder,
    RunComponent,
    find_components,
    read_run,
    starter_mass_library,
)
from spectra.chromatogram.blank import BlankVerdict, against_blank, carried_over, same_component
from spectra.chromatogram.first_pass import first_pass
from tests.spectra.run_scoring import scored
from tests.spectra.run_simulator import Column, Eluting, Simulated, crowded, simulate
from tests.spectra.spectrum_builders import library_of
from tests.support.budget import size

SMALL = Column(scans=400, masses=(40, 330), bleed=5e4)


@cache
def library() -> MassLibrary:
    return starter_mass_library()


def starter(name: str) -> MassSpectrum:
    return library().spectrum(list(library().names).index(name))


@cache
def run_with(*parts: tuple[str, float, float], seed: int = 1) -> Simulated:
    return simulate([Eluting(name, starter(name), time, abundance) for name, time, abundance in parts], SMALL, seed)


@cache
def cocaine_of_the_sample() -> RunComponent:
    return read_run(run_with(*SAMPLE).run).peaks[0].component


SAMPLE = (("Cocaine", 230.0, 50.0), ("Lidocaine", 270.0, 10.0))


def test_every_peak_is_named_and_the_sample_counts_each_compound_once() -> None:
    report = read_run(run_with(*SAMPLE).run, library())
    assert [p.candidates[0].name for p in report.peaks] == ["Cocaine", "Lidocaine"]
    assert all(p.identification is not None for p in report.peaks)
    assert all(p.identification.level is not IdentificationLevel.IDENTIFIED for p in report.peaks if p.identification)
    assert [row.name for row in report.summary] == ["Cocaine", "Lidocaine"]
    assert sum(row.area_percent for row in report.summary) == pytest.approx(100, abs=0.01)
    assert report.summary[0].area_percent == pytest.approx(83, abs=5)
    assert report.unnamed_percent == 0
    assert report.unexplained_percent is not None
    assert report.unexplained_percent < 10


def test_two_peaks_of_one_compound_are_one_row_and_the_smaller_says_so() -> None:
    report = read_run(run_with(("Cocaine", 230.0, 50.0), ("Cocaine", 238.0, 10.0)).run, library())
    assert len(report.peaks) == 2
    assert len(report.summary) == 1
    assert report.summary[0].peaks == (1, 2)
    assert [{r.code for r in p.remarks} & {"peak_repeated"} for p in report.peaks] == [set(), {"peak_repeated"}]


def test_what_no_library_knows_stands_by_its_time() -> None:
    odd = MassSpectrum([61, 113, 171, 229, 251], [300, 999, 500, 400, 100])
    made = simulate([Eluting("odd", odd, 230.0, 20), Eluting("Cocaine", starter("Cocaine"), 260.0, 20)], SMALL, 1)
    report = read_run(made.run, library())
    rows = {row.compound: row for row in report.summary}
    assert rows[""].name.startswith("not named, at 3.8")
    assert report.unnamed_percent == pytest.approx(50, abs=8)


# -- blank and carry-over ---------------------------------------------------------------------------


def test_what_the_blank_holds_as_well_is_left_out_and_said() -> None:
    blank = run_with(("Lidocaine", 270.4, 8.0), seed=9).run
    report = read_run(run_with(*SAMPLE).run, library(), blank=blank)
    assert [row.name for row in report.summary] == ["Cocaine"]
    assert report.summary[0].area_percent == 100
    assert [p.component.spectrum.base_peak_mz for p in report.from_blank] == [86.0]
    assert "In the blank too" in report.from_blank[0].remarks[-1].text


def test_what_is_far_above_the_blank_stays_without_a_remark_and_in_between_it_is_flagged() -> None:
    blank = find_components(run_with(("Lidocaine", 270.0, 0.5), ("Cocaine", 230.0, 10.0), seed=9).run)
    peaks = read_run(run_with(*SAMPLE).run, library(), blank=blank).peaks
    assert [p.blank.verdict for p in peaks if p.blank] == [BlankVerdict.FLAGGED, BlankVerdict.ABOVE]
    assert [bool(p.remarks) for p in peaks] == [True, False]


@settings(max_examples=size(20, 40), deadline=None)
@given(st.floats(0.05, 200), st.floats(1, 5), st.floats(6, 20))
def test_ten_times_above_is_never_dropped_and_below_the_least_always(ratio: float, drop: float, times: float) -> None:
    one = cocaine_of_the_sample()
    found = against_blank(replace(one, area=ratio * one.area), [one], times=times, drop=drop)
    assert found.ratio == pytest.approx(ratio)
    assert found.ratio is not None
    wanted = BlankVerdict.ABOVE if found.ratio >= times else BlankVerdict.FLAGGED
    wanted = BlankVerdict.DROPPED if found.ratio < drop else wanted
    assert found.verdict is wanted
    assert bool(found.text) is (found.verdict is not BlankVerdict.ABOVE)


def test_a_large_peak_in_the_run_before_warns_of_carry_over() -> None:
    before = run_with(("Lidocaine", 270.2, 250.0), seed=8).run
    peaks = read_run(run_with(*SAMPLE).run, library(), previous=before).peaks
    assert [{r.code for r in p.remarks} for p in peaks] == [set(), {"peak_carried_over"}]
    assert "times the area" in peaks[1].remarks[0].text
    component: RunComponent = peaks[1].component
    assert carried_over(component, [component]) == ""
    assert carried_over(replace(component, area=0.0), [component]) == ""


# -- file to report ---------------------------------------------------------------------------------


@cache
def whole_run() -> Simulated:
    column = Column()
    pool = [(name, library().spectrum(k)) for k, name in enumerate(library().names)]
    return simulate(crowded(pool, 11, column), column, 11)


@pytest.mark.long
@pytest.mark.parametrize("form", ["andi", "mzml"])
def test_a_run_of_three_thousand_scans_goes_from_file_to_report(tmp_path: Path, form: str) -> None:
    made = whole_run()
    path = tmp_path / "run.dat"
    path.write_bytes(getattr(made, form)())
    reading = next(r for r in read(path) if r.kind is ReadingKind.MASS_RUN)
    report = read_run(MassRun(reading.scans, to_seconds(reading.x, reading.x_unit)), library())
    result = scored(made, [p.component for p in report.peaks])
    assert len(reading.scans) == 3000
    assert result.recall >= 0.9
    assert result.precision >= 0.9


def test_real_runs_hold_what_their_chemists_put_in(shared_data: Path) -> None:
    folder = shared_data / "instruments"
    reading = read(folder / "jcamp_gcms" / "gcms.jdx")[0]
    report = read_run(MassRun(reading.scans, to_seconds(reading.x, reading.x_unit)), library())
    largest = report.peaks[0]
    assert largest.candidates[0].name == "Cocaine"
    assert largest.component.area_percent is not None
    assert largest.component.area_percent > 50
    mixture = read(folder / "andi_ms" / "HP_MS.CDF")[0]
    found = find_components(MassRun(mixture.scans, to_seconds(mixture.x, mixture.x_unit))).substances
    large = sorted(c.spectrum.base_peak_mz for c in found if (c.area_percent or 0) > 5)
    assert large == [57, 74, 154, 188]  # dodecane, methyl palmitate, biphenyl, chlorobiphenyl


def test_the_quick_first_pass_finds_what_the_full_search_ranks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    spectra = [p.component.spectrum for p in read_run(run_with(*SAMPLE).run).peaks]
    full = first_pass(library(), spectra)
    monkeypatch.setattr("spectra.chromatogram.first_pass.SMALL", 10)
    quick = first_pass(library(), spectra)
    assert [[c.name for c in rows[:5]] for rows in quick] == [[c.name for c in rows[:5]] for rows in full]
    assert [[c.score for c in rows[:5]] for rows in quick] == [[c.score for c in rows[:5]] for rows in full]
    assert all(c.score_name == "composite" for rows in quick for c in rows)


def test_an_accurate_library_ranks_by_entropy() -> None:
    peaks = [105.0335, 182.1176, 304.1543]
    spectrum = MassSpectrum(peaks, [1, 3, 5], 304.1543, "ESI")
    rows = first_pass(library_of([spectrum], accurate=True, names=["Cocaine"]), [spectrum])
    assert [(c.name, c.score_name) for c in rows[0]] == [("Cocaine", "entropy")]


def test_small_peaks_are_listed_without_a_search() -> None:
    report = read_run(run_with(*SAMPLE).run, library(), least_percent=50)
    assert [bool(p.candidates) for p in report.peaks] == [True, False]
    assert [bool(p.candidates) for p in read_run(run_with(*SAMPLE).run, library(), searched=1).peaks] == [True, False]
    few = read_run(run_with(*SAMPLE).run, library(), most=1).peaks
    assert [p.identification is not None for p in few] == [True, False]
    assert all(p.candidates for p in few)


def test_indices_and_relative_retention_stand_with_every_peak() -> None:
    ladder = RetentionLadder.from_table([(200, 18), (250, 20), (300, 22)])
    peaks = read_run(run_with(*SAMPLE).run, library(), ladder=ladder, standard_s=200.0).peaks
    assert [p.index.value for p in peaks if p.index] == [pytest.approx(1920, abs=10), pytest.approx(2080, abs=10)]
    assert [p.relative_retention for p in peaks] == [pytest.approx(1.15, abs=0.01), pytest.approx(1.35, abs=0.01)]
    assert read_run(run_with(*SAMPLE).run, library()).peaks[0].index is None


def test_another_spectrum_or_another_time_is_not_the_same_component() -> None:
    cocaine, lidocaine = (p.component for p in read_run(run_with(*SAMPLE).run).peaks)
    moved = replace(cocaine, retention_time_s=cocaine.retention_time_s + 8)
    at_the_same_time = replace(lidocaine, retention_time_s=cocaine.retention_time_s)
    assert same_component(cocaine, cocaine)
    assert not same_component(cocaine, moved)
    assert not same_component(cocaine, at_the_same_time)
    assert against_blank(cocaine, [moved, at_the_same_time]).verdict is BlankVerdict.ABSENT
