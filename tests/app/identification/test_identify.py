"""What is behind `mast identify`: the contract's keys, runs by peaks, and points thinned without losing a band."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.laboratory.identification.identify import is_accurate
from app.laboratory.identification.runs import peaks_of
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.readings.plot_range import downsampled
from instruments import read
from spectra import MassSpectrum, Reading, ReadingKind, starter_mass_library
from tests.support.identify import identify_readings
from tests.support.small_files import small_ir


@pytest.fixture
def registry(tmp_path: Path) -> LibraryRegistry:
    return LibraryRegistry(tmp_path)


def run_of(names: list[str], times: list[float]) -> Reading:
    """A GC run of 300 scans with one Gaussian peak per starter substance over a column bleed of m/z 207 and 281."""
    library = starter_mass_library()
    scans, minutes = [], np.linspace(0, 10, 301)
    for minute in minutes:
        mz, height = [207.1, 281.1], [40.0, 20.0]
        for name, time in zip(names, times, strict=True):
            spectrum = library.spectrum(list(library.names).index(name))
            share = float(np.exp(-(((minute - time) / 0.06) ** 2) / 2))
            if share > 1e-4:
                mz += list(spectrum.mz + 0.1)
                height += list(spectrum.intensity * share * (1.0 if name == names[0] else 0.3))
        scans.append(MassSpectrum(mz, height, ionisation="EI", ms_level=1))
    total = [float(s.intensity.sum()) for s in scans]
    return Reading(ReadingKind.MASS_RUN, minutes, total, "min", "counts", scans=tuple(scans))


def test_a_run_gives_one_block_per_peak_with_time_and_area(registry: LibraryRegistry):
    reading = run_of(["Cocaine", "Caffeine"], [6.2, 4.0])
    blocks = identify_readings([reading], registry)
    assert [round(b["retention_time_s"] / 60, 1) for b in blocks] == [6.2, 4.0]
    assert [b["candidates"][0]["substance"] for b in blocks] == ["Cocaine", "Caffeine"]
    assert sum(b["area_percent"] for b in blocks) == pytest.approx(100)
    assert blocks[0]["area_percent"] > blocks[1]["area_percent"]


def test_a_run_of_silence_gives_nothing(registry: LibraryRegistry):
    scan = MassSpectrum([50.0], [0.0])
    assert peaks_of((scan,) * 6, np.arange(6.0), accurate=False) == []
    reading = Reading(ReadingKind.MASS_RUN, np.arange(6.0), np.zeros(6), "s", "counts", scans=(scan,) * 6)
    assert "No scan" in identify_readings([reading], registry)[0]["sentences"][0]


def test_the_blocks_have_the_keys_of_the_contract(registry: LibraryRegistry, tmp_path: Path):
    path = tmp_path / "small.dx"
    path.write_bytes(small_ir())
    block = identify_readings(read(path), registry, str(path), top=3)[0]
    assert block["file"] == str(path)
    assert {"reading", "candidates", "components", "unexplained_fraction", "limits"} <= set(block)
    for row in block["candidates"]:
        assert list(row) == ["rank", "substance", "compound", "entry", "library", "score", "score_name",
                             "matched_peaks", "explained_fraction", "ambiguous_with", "shift", "aligned"]  # fmt: skip
    assert len(block["candidates"]) <= 3


def test_a_named_library_is_the_only_one_searched(registry: LibraryRegistry):
    reading = run_of(["Cocaine"], [5.0])
    assert identify_readings([reading], registry, names=["starter-ei"])[0]["candidates"]
    other = identify_readings([reading], registry, names=["starter-ir"])[0]
    assert other["candidates"] == []
    assert other["level"] == "not_compared"
    assert registry.unknown(["starter-ir", "nothing"]) == ["nothing"]


@pytest.mark.parametrize(
    ("mz", "accurate"),
    [([58.0, 91.0], False), ([58.1, 91.05], False), ([58.0651, 91.0542], True), ([57.099998, 91.199997], False)],
)
def test_masses_with_a_third_decimal_are_accurate_but_for_ei(mz: list[float], accurate: bool):
    assert is_accurate(MassSpectrum(mz, [100, 50], ionisation="")) is accurate
    assert not is_accurate(MassSpectrum(mz, [100, 50], ionisation="EI"))


def test_thinning_keeps_every_extreme():
    x = np.arange(100_000.0)
    y = np.sin(x / 5000)
    y[54_321], y[12_345] = 9.0, -9.0
    shown_x, shown_y = downsampled(x, y)
    assert shown_x.size <= 4000
    assert (shown_y.max(), shown_y.min()) == (9.0, -9.0)
    assert (np.diff(shown_x) > 0).all()


def test_a_reading_that_does_not_say_what_it_is_gets_no_other_methods_limits(registry: LibraryRegistry):
    block = identify_readings([Reading(ReadingKind.OTHER, [1.0, 2.0], [1.0, 2.0], "", "")], registry)[0]
    assert block["level"] == "not_compared"
    assert block["limits"] == ['"Not seen" is not "absent".']
