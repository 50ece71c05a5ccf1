"""Spectra that are no spectra: a sentence or an empty answer, through search, identify and explain; never a warning."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from spectra import MassLibrary, MassSpectrum, SpectrumError, centroid
from spectra.preprocess import MERGE_DA, looks_like_profile, prepare
from spectra.similarity import SCORES
from tests.spectra.spectrum_builders import MDA, MDMA, library_of

ESI = MassSpectrum([58.0651, 105.07, 135.0441, 163.0754], [20, 50, 40, 99], 194.1176, "ESI")
OTHER = MassSpectrum([72.0808, 133.0648, 135.0441, 163.0754], [20, 50, 40, 99], 208.1332, "ESI")


PROFILE = np.linspace(50, 550, 60_000)


@pytest.fixture(params=[False, True], ids=["unit mass", "accurate"])
def library(request: pytest.FixtureRequest) -> MassLibrary:
    return library_of([ESI, OTHER], accurate=True) if request.param else library_of([MDMA, MDA])


def _every_door(library: MassLibrary, query: MassSpectrum) -> None:
    for score in SCORES:
        library.search(query, score=score)
    library.search(query, score="entropy", precursor_tolerance=0.01)
    library.search_many([query, query])
    library.search_compounds(query)
    library.identify(query)
    library.explain(query)
    library.explain([query, query, query])


DOORS: list[Callable[[MassLibrary, MassSpectrum], object]] = [
    lambda lib, q: lib.search(q),
    lambda lib, q: lib.search(q, score="entropy"),
    lambda lib, q: lib.search_many([q]),
    lambda lib, q: lib.search_compounds(q),
    lambda lib, q: lib.identify(q),
    lambda lib, q: lib.explain(q),
]


@pytest.mark.parametrize(
    ("mz", "intensity", "words"),
    [
        ([], [], "is empty"),
        ([58.0, 91.0], [1.0], "2 values but intensity has 1"),
        ([58.0, 91.0], [1.0, -1.0], "must not be negative"),
        ([58.0, np.nan], [1.0, 1.0], "not a finite number"),
        ([58.0, 91.0], [np.inf, 1.0], "not a finite number"),
        ([0.0, 91.0], [1.0, 1.0], "greater than zero"),
        ([[58.0]], [[1.0]], "one-dimensional"),
    ],
)
def test_arrays_that_are_no_spectrum_are_refused_with_a_sentence(mz: list, intensity: list, words: str) -> None:
    with pytest.raises(SpectrumError, match=words):
        MassSpectrum(mz, intensity)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("mz", "intensity", "words"),
    [
        ([58.0, 91.0], [0.0, 0.0], "no peak with an intensity above zero"),
        ([58.0, 1e300], [1.0, 1.0], r"m/z 1e\+300 is beyond any mass spectrum"),
        (PROFILE, np.ones(PROFILE.size), r"looks like a profile.*centroid it first.*spectra\.centroid"),
    ],
    ids=["no signal", "an impossible mass", "a profile"],
)
def test_what_cannot_be_compared_is_refused_at_every_door_with_a_way_out(
    library: MassLibrary, door: Callable[[MassLibrary, MassSpectrum], object], mz: list, intensity: list, words: str
) -> None:
    with pytest.raises(SpectrumError, match=words):
        door(library, MassSpectrum(mz, intensity, 194.1176))


@pytest.mark.parametrize(
    ("mz", "intensity"),
    [
        ([58.0651], [1.0]),
        ([163.0754, 58.0651, 105.07], [9.0, 1.0, 2.0]),
        ([163.0754, 163.0754, 163.0754], [1.0, 2.0, 3.0]),
        ([105.07, 135.0441], [1.0, 2.0]),
        ([1e-9, 58.0651], [1.0, 1.0]),
        ([70_000.0, 900_000.0], [1.0, 2.0]),
        ([58.0651, 135.0441], [1e-320, 5e-324]),
        ([58.0651, 58.07, 135.0441, 135.05], [1.7e308, 1.7e308, 1.7e308, 1.7e308]),
        ([58.0651, 135.0441, 163.0754], [1e300, 1e-300, 1.0]),
        ([58.0651, 135.0441, 163.0754], [1.0, 1e-8, 1e-10]),
        (np.linspace(50, 999, 4_000), np.ones(4_000)),
        (np.arange(50.0, 2050.0), np.ones(2_000)),
    ],
    ids=[
        "one peak", "unsorted", "one mass three times", "base peak missing", "tiny mass", "beyond the library",
        "subnormal", "near overflow", "600 decades", "below the detector", "crowded", "one at every mass",
    ],
)  # fmt: skip
def test_odd_spectra_get_an_answer_at_every_door(library: MassLibrary, mz: object, intensity: object) -> None:
    _every_door(library, MassSpectrum(mz, intensity, 194.1176, "ESI" if library.accurate else "EI"))


def test_a_library_of_one_entry_and_of_none_answers_at_every_door() -> None:
    for accurate in (False, True):
        query = ESI if accurate else MassSpectrum(MDMA.mz, MDMA.intensity, 193.0)
        one = library_of([query], accurate=accurate)
        assert one.search(query)[0].score == pytest.approx(1000, rel=1e-4)
        _every_door(one, query)
        _every_door(MassLibrary.from_arrays([], [], [0], names=[], compounds=[], accurate=accurate), query)


@pytest.mark.parametrize("tolerance", [0.0, -0.01, 0.03, float("nan")])
def test_an_impossible_tolerance_is_refused_with_its_reason(tolerance: float) -> None:
    with pytest.raises(SpectrumError, match=r"at most 0\.0245 Da, because peaks closer than 0\.05 Da were merged"):
        library_of([ESI], accurate=True).search(ESI, score="entropy", tolerance=tolerance)


def test_an_unknown_accelerator_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    library = library_of([MDMA])
    library.accelerator = "gpu"
    with pytest.raises(ValueError, match="no accelerator called 'gpu'; use one of auto, numpy, numba"):
        library.search(MDMA)
    monkeypatch.setenv("MAST_ACCELERATOR", "numpy")
    assert library_of([MDMA]).accelerator == "numpy"
    monkeypatch.setenv("MAST_ACCELERATOR", "abacus")
    with pytest.raises(ValueError, match="abacus"):
        library_of([MDMA])


@pytest.mark.parametrize(
    ("accurate", "ionisation", "precursor", "words"),
    [
        (True, "EI", None, "says electron ionisation"),
        (True, "EI", 194.1, None),
        (True, "ESI", None, None),
        (False, "ESI", 194.1, "says ESI, but this library holds EI"),
        (False, "EI", None, None),
    ],
)
def test_the_wrong_ionisation_is_remarked(
    accurate: bool, ionisation: str, precursor: float | None, words: str | None
) -> None:
    library = library_of([ESI], accurate=accurate)
    query = MassSpectrum(ESI.mz, ESI.intensity, precursor, ionisation)
    remark = library.ionisation_remark(query)
    assert (remark is None) if words is None else (words in str(remark))
    assert library.search(query)


def test_an_accurate_mass_beyond_32_bits_is_refused_by_a_library() -> None:
    with pytest.raises(ValueError, match=r"beyond the largest accurate m/z kept here, 4294\.97"):
        library_of([MassSpectrum([5000.0], [1.0], 6000.0, "ESI")], accurate=True)


def _profile(width: float, step: float, masses: list[float], heights: list[float]) -> MassSpectrum:
    mz = np.arange(40.0, 540.0, step)
    height = sum(h * np.exp(-(((mz - m) / width) ** 2)) for m, h in zip(masses, heights, strict=True))
    return MassSpectrum(mz, np.where(height > 1e-7, height, 0.0), ionisation="ESI")


def test_a_centroided_profile_finds_its_compound() -> None:
    library = library_of([OTHER, ESI], accurate=True)
    profile = _profile(0.02, 0.004, ESI.mz.tolist(), ESI.intensity.tolist())
    peaks = centroid(profile)
    np.testing.assert_allclose(peaks.mz, ESI.mz, atol=2e-4)
    np.testing.assert_allclose(peaks.intensity / peaks.intensity.max(), ESI.intensity / 99, rtol=0.01)
    assert library.search(peaks, score="entropy")[0].entry == 1


def test_what_is_no_profile_comes_back_unchanged_and_is_not_taken_for_one() -> None:
    assert centroid(ESI) is ESI
    crowded = np.sort(np.random.default_rng(2).uniform(50, 100, 2_200))
    assert not looks_like_profile(crowded)
    assert np.diff(prepare(MassSpectrum(crowded, np.ones(2_200)), accurate=True).mz).min() > MERGE_DA


def test_library_entries_may_be_as_odd_as_queries() -> None:
    spectra = [MassSpectrum([58.0], [1.0], 60.0), MassSpectrum([58.0, 91.0], [1e-320, 1e300], 92.0), MDMA]
    for accurate in (False, True):
        library = library_of(spectra, accurate=accurate)
        _every_door(library, MassSpectrum([58.0, 91.0], [1.0, 2.0], 92.0, "ESI" if accurate else "EI"))


def test_no_tolerance_is_ten_millidalton_and_the_widest_is_allowed() -> None:
    near, far = MassSpectrum([58.075], [1.0], 60.0, "ESI"), MassSpectrum([58.0896], [1.0], 60.0, "ESI")
    library = library_of([ESI], accurate=True)
    assert len(library.search(near, score="entropy")) == 1
    assert library.search(far, score="entropy") == []
    assert len(library.search(far, score="entropy", tolerance=0.0245)) == 1
