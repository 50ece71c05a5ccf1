"""The combined rankings: what they add to plain scores, and that no order of entries decides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra import MassSpectrum
from spectra.confidence import identify as identifying
from spectra.confidence.calibration import shipped
from spectra.confidence.features_ei import FEATURES, features
from spectra.confidence.identify import candidates_of, rank_compounds
from spectra.confidence.ranking_ei import shortlist
from spectra.preprocess import prepare
from tests.spectra.spectrum_builders import MDA, MDMA, accurate_spectra, library_of, nominal_spectra

HOMOLOGUE = MassSpectrum([44, 58, 91, 120, 148], [80, 999, 300, 60, 30])
LOWER = MassSpectrum([44, 58, 91, 120, 134], [80, 999, 300, 60, 30])


def _figures(query: MassSpectrum, *entries: MassSpectrum) -> dict[str, list[float]]:
    found = features(prepare(query, False), library_of(list(entries)).table)
    return {name: found.column(name).round(6).tolist() for name in FEATURES}


def test_a_spectrum_against_itself_has_full_figures_and_lacks_nothing() -> None:
    found = _figures(MDMA, MDMA)
    assert found["composite"] == pytest.approx([1.0], abs=1e-3)
    assert found["entropy_mass"] == pytest.approx([1.0], abs=1e-3)
    assert [found[name] for name in FEATURES[4:]] == [[0.0]] * 4


def test_a_homologue_lacks_the_heaviest_ion() -> None:
    found = _figures(HOMOLOGUE, HOMOLOGUE, LOWER)
    assert found["heaviest_query"][0] == 0.0
    assert found["heaviest_query"][1] < -0.5
    assert found["heaviest_entry"][1] < -0.5
    assert found["heavy_query"][1] < found["heavy_query"][0]


def test_background_ions_are_nobodys_heaviest_ion() -> None:
    dirty = MassSpectrum([*LOWER.mz, 149, 207, 281], [*LOWER.intensity, 60, 40, 20])
    assert _figures(dirty, LOWER)["heaviest_query"] == [0.0]
    assert _figures(MassSpectrum([*LOWER.mz, 150], [*LOWER.intensity, 60]), LOWER)["heaviest_query"][0] < -0.5


def test_a_saturated_base_peak_does_not_touch_the_rest() -> None:
    flat = MassSpectrum(HOMOLOGUE.mz, np.minimum(HOMOLOGUE.intensity, 320))
    found = _figures(flat, HOMOLOGUE)
    assert found["entropy_rest"][0] == pytest.approx(1.0, abs=0.01)
    assert found["entropy_mass"][0] < 0.99


def test_only_the_common_range_is_compared() -> None:
    late = MassSpectrum(HOMOLOGUE.mz[2:], HOMOLOGUE.intensity[2:])
    assert _figures(late, HOMOLOGUE)["entropy_mass"][0] == pytest.approx(1.0, abs=1e-3)


def test_compounds_come_best_first_with_one_row_each() -> None:
    library = library_of([MDMA, MDMA, MDA], compounds=["a", "a", "b"])
    ranked = rank_compounds(library, MDMA)
    assert ranked.compounds == ("a", "b")
    assert ranked.entries.tolist() == [0, 2]
    assert ranked.scores[0] > ranked.scores[1]
    rows = candidates_of(library, ranked)
    assert [(r.compound, r.rank, r.score_name) for r in rows] == [("a", 1, "combined_ei"), ("b", 2, "combined_ei")]
    assert rows[0].margin == pytest.approx(ranked.scores[0] - ranked.scores[1])


def test_entries_can_be_left_out_as_if_they_were_not_there() -> None:
    library = library_of([MDMA, MDA], compounds=["a", "b"])
    assert rank_compounds(library, MDMA, without=np.array([0])).compounds == ("b",)


@given(st.lists(nominal_spectra(), min_size=1, max_size=8), nominal_spectra(), st.randoms(use_true_random=False))
def test_the_order_of_entries_changes_no_score(entries: list, query: MassSpectrum, random: object) -> None:
    order = list(range(len(entries)))
    random.shuffle(order)  # type: ignore[attr-defined]
    keys = [f"c{k}" for k in range(len(entries))]
    plain = rank_compounds(library_of(entries, compounds=keys), query)
    mixed = rank_compounds(library_of([entries[k] for k in order], compounds=[keys[k] for k in order]), query)
    left = dict(zip(plain.compounds, plain.scores.tolist(), strict=True))
    right = dict(zip(mixed.compounds, mixed.scores.tolist(), strict=True))
    assert left.keys() == right.keys()
    assert all(left[key] == pytest.approx(right[key], abs=1e-9) for key in left)


@given(st.lists(nominal_spectra(), min_size=1, max_size=8), nominal_spectra())
def test_the_shortlist_holds_every_entry_of_a_small_library_that_shares_a_peak(
    entries: list, query: MassSpectrum
) -> None:
    library = library_of(entries)
    peaks = prepare(query, False)
    shared = [k for k in range(len(entries)) if np.isin(library.table.peaks(k).mz, peaks.mz).any()]
    assert shortlist(library, peaks).tolist() == shared


PRECURSOR = MassSpectrum([91.054, 119.086, 150.128], [30, 100, 20], 150.128, "ESI")


def _with_precursor(spectrum: MassSpectrum, precursor: float | None) -> MassSpectrum:
    return MassSpectrum(spectrum.mz, spectrum.intensity, precursor, "ESI")


def test_an_entry_of_another_precursor_is_not_compared() -> None:
    far = _with_precursor(PRECURSOR, 164.143)
    library = library_of([far, PRECURSOR], accurate=True)
    assert rank_compounds(library, PRECURSOR).compounds == ("c1",)


def test_a_smaller_precursor_error_ranks_first_among_equals() -> None:
    near, off = _with_precursor(PRECURSOR, 150.1281), _with_precursor(PRECURSOR, 150.1301)
    ranked = rank_compounds(library_of([off, near], accurate=True), PRECURSOR)
    assert ranked.compounds == ("c1", "c0")
    assert ranked.scores[0] - ranked.scores[1] > 1.0


def test_without_a_fitting_precursor_the_answer_is_a_likeness_only() -> None:
    library = library_of([_with_precursor(PRECURSOR, 164.143)], accurate=True)
    answer = library.identify(PRECURSOR)
    assert answer.level.value == "related"
    assert any("No library entry has the precursor m/z 150.1280" in reason for reason in answer.reasons)
    open_answer = library.identify(_with_precursor(PRECURSOR, None))
    assert open_answer.level.value == "related"
    assert any("states no precursor" in reason for reason in open_answer.reasons)


def test_a_compound_of_the_right_precursor_without_a_common_peak_is_last_but_not_ruled_out() -> None:
    other = MassSpectrum([60.08, 70.06], [9, 1], 150.128, "ESI")
    assert rank_compounds(library_of([other, PRECURSOR], accurate=True), PRECURSOR).compounds == ("c1", "c0")


@given(st.lists(accurate_spectra(), min_size=1, max_size=6), accurate_spectra())
def test_accurate_answers_hold_their_promises(entries: list, query: MassSpectrum) -> None:
    answer = library_of(entries, accurate=True).identify(query)
    assert answer.level.value != "identified"
    assert sum(p for _, p in answer.compounds) == pytest.approx(1.0 if answer.compounds else 0.0, abs=0.01)
    assert set(answer.set) <= {c for c, _ in answer.compounds}


def test_weights_of_the_shipped_calibrations_name_every_figure() -> None:
    assert set(shipped("ei").weights) == set(FEATURES)
    assert set(shipped("msms").weights) == {"entropy", "entropy_mass", "cosine_mass", "ppm"}


def test_a_ranking_the_caller_has_already_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    library = library_of([MDMA, MDA])
    ranked, whole = identifying.rank_compounds(library, MDMA), library.identify(MDMA)

    def again(*_: object, **__: object) -> None:
        raise AssertionError("ranked twice")

    monkeypatch.setattr(identifying, "rank_compounds", again)
    assert identifying.identify(library, MDMA, ranked=ranked) == whole
