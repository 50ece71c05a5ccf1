"""Components of simulated runs: found where they are, with their own spectra, and nothing where nothing is."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import MassRun, MassSpectrum, find_components, starter_mass_library
from tests.spectra.run_scoring import likeness, scored
from tests.spectra.run_simulator import Column, Eluting, Simulated, apex_of, crowded, simulate
from tests.support.budget import size

SMALL = Column(scans=400, masses=(40, 330), bleed=5e4)


@cache
def starter(name: str) -> MassSpectrum:
    library = starter_mass_library()
    return library.spectrum(list(library.names).index(name))


def pool() -> list[tuple[str, MassSpectrum]]:
    library = starter_mass_library()
    return [(name, library.spectrum(k)) for k, name in enumerate(library.names)]


def alone(abundance: float = 50.0, column: Column = SMALL, seed: int = 3) -> Simulated:
    return simulate([Eluting("Cocaine", starter("Cocaine"), 250.0, abundance)], column, seed)


def pair(resolution: float, first: float, second: float, seed: int = 5) -> Simulated:
    gap = resolution * 4 * SMALL.width
    return simulate(
        [Eluting("Cocaine", starter("Cocaine"), 250.0, first, resolution),
         Eluting("Lidocaine", starter("Lidocaine"), 250.0 + gap, second, resolution)], SMALL, seed)  # fmt: skip


def test_a_single_peak_gives_one_component_with_its_own_spectrum_and_time() -> None:
    made = alone()
    found = find_components(made.run)
    assert len(found.substances) == 1
    one = found.substances[0]
    assert likeness(one.spectrum, starter("Cocaine")) > 0.99
    assert one.retention_time_s == pytest.approx(apex_of(SMALL, made.parts[0]), abs=0.2)
    assert one.area_percent == pytest.approx(100)
    assert one.own_share == pytest.approx(1, abs=0.02)
    assert one.remarks == ()
    assert found.explained_percent is not None
    assert found.explained_percent > 90


@settings(max_examples=size(3, 6), deadline=None)
@given(st.sampled_from([2.0, 10.0, 100.0]), st.integers(0, 3))
def test_areas_scale_with_the_amount(factor: float, seed: int) -> None:
    column = Column(scans=300, masses=(40, 330), bleed=5e4, wobble=0)
    part = Eluting("Cocaine", starter("Cocaine"), 240.0, 1.0)
    low = find_components(simulate([part], column, seed).run).substances
    part = Eluting("Cocaine", starter("Cocaine"), 240.0, factor)
    high = find_components(simulate([part], column, seed).run).substances
    assert max(c.area for c in high) / max(c.area for c in low) == pytest.approx(factor, rel=0.12)


@pytest.mark.parametrize("resolution", [0.3, 0.5, 0.7, 1.0])
@pytest.mark.parametrize(("first", "second"), [(50, 50), (50, 5), (5, 50)])
def test_two_that_leave_the_column_together_are_taken_apart(resolution: float, first: float, second: float) -> None:
    made = pair(resolution, first, second)
    found = find_components(made.run).substances
    result = scored(made, found)
    assert (result.recall, result.precision) == (1, 1)
    assert all(likeness(part.spectrum, one.spectrum) > 0.95 for part, one in result.pairs)
    area = {part.key: one.area for part, one in result.pairs}
    assert area["Cocaine"] / area["Lidocaine"] == pytest.approx(first / second, rel=0.25)


def test_an_overlap_is_said_with_its_resolution() -> None:
    found = find_components(pair(0.3, 50, 50).run).substances
    assert [c.resolution for c in found] == [pytest.approx(0.3, abs=0.12)] * 2
    assert all("peak_overlap" in {r.code for r in c.remarks} for c in found)
    apart = find_components(pair(1.0, 50, 50).run).substances
    assert not any(c.remarks for c in apart)


def test_a_tailing_peak_is_one_component() -> None:
    column = Column(scans=400, masses=(40, 330), bleed=5e4, sigma=1.0, tau=3.5, wobble=0)
    found = find_components(simulate([Eluting("Cocaine", starter("Cocaine"), 240.0, 60)], column, 2).run).substances
    assert len(found) == 1


def test_column_bleed_alone_gives_no_substance() -> None:
    assert find_components(simulate([], Column(scans=500, masses=(40, 400)), 4).run).substances == ()


def test_the_solvent_is_named_and_takes_no_area() -> None:
    solvent = MassSpectrum([43, 45, 61, 70, 88], [999, 150, 130, 90, 60])
    parts = [Eluting("s", solvent, 190.0, 300), Eluting("Cocaine", starter("Cocaine"), 290.0, 10)]
    found = find_components(simulate(parts, SMALL, 1).run)
    assert found.components[0].background == "solvent"
    assert [c.spectrum.base_peak_mz for c in found.substances] == [82.0]


def test_an_amine_that_elutes_early_and_alone_is_no_solvent() -> None:
    parts = [Eluting("m", starter("Methamphetamine"), 190.0, 300), Eluting("Cocaine", starter("Cocaine"), 290.0, 10)]
    assert len(find_components(simulate(parts, SMALL, 1).run).substances) == 2


def test_a_full_detector_is_said() -> None:
    made = alone(100)
    scans = [MassSpectrum(s.mz, np.minimum(s.intensity, 2e5)) for s in made.run.scans]
    found = find_components(MassRun(scans, made.run.retention_time)).substances
    assert "peak_saturated" in {r.code for r in max(found, key=lambda c: c.area).remarks}
    assert "peak_saturated" not in {r.code for c in find_components(made.run).substances for r in c.remarks}


@pytest.mark.long
def test_the_sweep_of_a_quadrupole_is_found_and_taken_out() -> None:
    column = Column(scans=700, masses=(40, 330), bleed=5e4, skew=0.9)
    parts = crowded(pool(), 7, column, abundances=(100, 30))
    found = find_components(simulate(parts, column, 7).run)
    assert found.skew_scans == pytest.approx(0.85, abs=0.25)
    still = find_components(simulate(parts, Column(scans=700, masses=(40, 330), bleed=5e4, skew=0.0), 7).run)
    assert abs(still.skew_scans) < 0.2


def test_most_of_a_crowded_run_is_found_and_nearly_nothing_else() -> None:
    column = Column(scans=1500, masses=(40, 400))
    made = simulate(crowded(pool(), 21, column), column, 21)
    result = scored(made, find_components(made.run).substances)
    assert len(made.parts) >= 30
    assert result.recall >= 0.85
    assert result.precision >= 0.85


def test_accurate_masses_are_kept_in_the_spectra() -> None:
    time = np.arange(120.0)
    shape = 1e5 * np.exp(-0.5 * ((time - 60) / 4) ** 2)
    scans = [
        MassSpectrum([105.0335, 182.1176, 304.1543, 391.2843], [h, 3 * h, 5 * h + 1, 4e4], None, "ESI", None, 1)
        for h in shape
    ]
    found = find_components(MassRun(scans, time), accurate=True).components
    assert len(found) == 1
    np.testing.assert_allclose(found[0].spectrum.mz, [105.0335, 182.1176, 304.1543], atol=1e-6)
    assert found[0].spectrum.ionisation == "ESI"


@pytest.mark.parametrize("gap", [1.2, 2.0, 5.0])
def test_a_small_peak_near_a_large_one_is_found_at_any_distance(gap: float) -> None:
    second = 240.0 + gap * 4 * SMALL.width
    parts = [Eluting("a", starter("Cocaine"), 240.0, 60), Eluting("b", starter("Cocaine"), second, 6)]
    found = find_components(simulate(parts, SMALL, 1).run).substances
    assert len(found) == 2
    assert found[0].area / found[1].area == pytest.approx(10, rel=0.25)
