"""Mixtures: the exact set, honest shares, partial references, twins, forms, nothing at all, very large libraries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import InfraredLibrary, InfraredSpectrum, SpectrumError
from spectra.confidence.limits import load
from spectra.infrared.report import share_deviations
from tests.spectra.infrared.mixed_curves import AXIS, COUNT, curves, library, reading, settled
from tests.support.budget import size

LIBRARY = library()
NAMES = [f"S{k}" for k in range(COUNT)]


def _named(answer: object) -> set[str]:
    return {c.compound for c in answer.components}  # type: ignore[attr-defined]


@settings(max_examples=size(3, 12), deadline=None)
@given(
    chosen=st.lists(st.integers(0, COUNT - 1), min_size=1, max_size=4, unique=True),
    seed=st.integers(0, 1000),
    data=st.data(),
)
def test_the_exact_set_is_found_and_shares_lie_near_the_truth(
    chosen: list[int], seed: int, data: st.DataObject
) -> None:
    parts = [data.draw(st.floats(0.15, 1.0)) for _ in chosen]
    truth = {k: p / sum(parts) for k, p in zip(chosen, parts, strict=True)}
    answer = LIBRARY.explain(reading(truth, snr=150.0, seed=seed), watch=())
    assert _named(answer) == {f"S{k}" for k in chosen}
    for part in answer.components:
        assert part.share == pytest.approx(truth[int(part.compound[1:])], abs=0.03)
        assert part.low <= part.share <= part.high
    assert [c.share for c in answer.components] == sorted((c.share for c in answer.components), reverse=True)
    assert sum(c.share for c in answer.components) == pytest.approx(1.0)


def test_the_parts_add_up_to_the_fit_and_the_residual_lies_in_its_band() -> None:
    query = reading({2: 0.7, 9: 0.3})
    answer = LIBRARY.explain(query, watch=())
    known = np.isfinite(answer.fitted)
    total = answer.baseline + answer.contributions.sum(axis=0)
    np.testing.assert_allclose(total[known], answer.fitted[known], atol=1e-9)
    measured = np.interp(answer.axis, query.wavenumber, query.absorbance)
    np.testing.assert_allclose((answer.fitted + answer.residual)[known], measured[known], atol=1e-9)
    assert np.mean(np.abs(answer.residual[known]) <= answer.expected[known]) > 0.9
    assert answer.signal_to_noise == pytest.approx(300, rel=0.25)
    assert answer.unexplained_fraction < 0.01
    assert answer.alignment is not None
    assert answer.alignment.shift == pytest.approx(1.0, abs=0.4)


@pytest.mark.long
def test_intervals_of_shares_cover_the_truth_as_often_as_they_say() -> None:
    inside = 0
    for seed in range(14):
        fit = settled({0: 0.6, 6: 0.4}, LIBRARY, snr=60.0, seed=seed).fit
        assert fit is not None
        k = fit.state.entries.index(0)
        deviation = share_deviations(fit, [[k]])[0]
        inside += bool(abs(fit.shares[k] - 0.6) <= 1.96 * deviation)
        assert deviation < 0.02
    assert inside >= 11


def test_scale_baseline_and_order_of_the_library_change_no_name() -> None:
    query = reading({2: 0.5, 5: 0.3, 7: 0.2})
    plain = LIBRARY.explain(query, watch=())
    u = (AXIS - 802.0) / 3000.0
    other = LIBRARY.explain(InfraredSpectrum(AXIS, 0.2 * query.absorbance + 0.1 - 0.05 * u**2), watch=())
    turned = InfraredLibrary.from_arrays(AXIS, 3.0 * curves()[::-1], names=NAMES[::-1], compounds=NAMES[::-1])
    third = turned.explain(query, watch=())
    assert _named(plain) == _named(other) == _named(third) == {"S2", "S5", "S7"}
    shares = [{c.compound: c.share for c in a.components} for a in (plain, other, third)]
    for name in ("S2", "S5", "S7"):
        assert shares[1][name] == pytest.approx(shares[0][name], abs=5e-3)
        assert shares[2][name] == pytest.approx(shares[0][name], abs=5e-3)


def test_no_more_components_are_named_than_asked_for() -> None:
    query = reading({2: 0.5, 5: 0.3, 7: 0.2})
    assert len(LIBRARY.explain(query, max_components=2, watch=()).components) <= 2
    with pytest.raises(SpectrumError, match="at least one component"):
        LIBRARY.explain(query, max_components=0)


def test_a_component_below_the_floor_of_a_poor_fit_is_told_as_a_trace_and_not_named() -> None:
    query = reading({2: 0.98, 5: 0.02}, snr=2000.0)
    bent = InfraredSpectrum(AXIS, query.absorbance / (1.0 + 0.1 * query.absorbance))
    assert _named(LIBRARY.explain(query, watch=())) == {"S2", "S5"}
    answer = LIBRARY.explain(bent, watch=())
    assert _named(answer) == {"S2"}
    assert any("trace of S5" in reason for reason in answer.reasons)


def test_a_small_member_that_only_fills_a_misfit_in_one_place_is_not_named() -> None:
    filler = 0.02 + np.exp(-(((AXIS - 1300.0) / 12.0) ** 2)) + 0.3 * np.exp(-(((AXIS - 2900.0) / 30.0) ** 2))
    more = [0.3 * np.exp(-(((AXIS - at) / 10.0) ** 2)) for at in (900.0, 1050.0, 1550.0, 1700.0, 3100.0)]
    rows = np.vstack([curves(), filler + sum(more)])
    held = InfraredLibrary.from_arrays(AXIS, rows, names=[*NAMES, "Filler"], compounds=[*NAMES, "Filler"])
    query = reading({2: 0.6, 5: 0.4})
    lump = 0.03 * np.exp(-(((AXIS - 1300.0) / 12.0) ** 2))
    answer = held.explain(InfraredSpectrum(AXIS, query.absorbance + lump), watch=())
    assert _named(answer) == {"S2", "S5"}
    assert any("Filler" in reason and "do not confirm" in reason for reason in answer.withheld)


def test_a_twin_in_the_library_is_said_to_be_indistinguishable() -> None:
    rows = np.vstack([curves(), curves()[3] + 0.002 * np.sin(AXIS / 30.0)])
    held = InfraredLibrary.from_arrays(AXIS, rows, names=[*NAMES, "Twin"], compounds=[*NAMES, "Twin"])
    answer = held.explain(reading({3: 0.6, 8: 0.4}), watch=())
    assert len(answer.components) == 2
    first = answer.components[0]
    assert {first.compound, *first.not_distinguished} == {"S3", "Twin"}
    assert any("or its twin" in reason for reason in answer.reasons)


def test_two_forms_of_one_substance_are_one_component() -> None:
    compounds = ["S0" if k == 1 else f"S{k}" for k in range(COUNT)]
    held = InfraredLibrary.from_arrays(AXIS, curves(), names=NAMES, compounds=compounds)
    answer = held.explain(reading({0: 0.5, 1: 0.3, 4: 0.2}), watch=())
    assert [c.compound for c in answer.components] == ["S0", "S4"]
    assert answer.components[0].share == pytest.approx(0.8, abs=0.03)
    assert answer.contributions.shape[0] == len(answer.bands) == 2


def test_a_reference_of_a_smaller_range_is_found_on_its_range_and_that_is_said() -> None:
    parts = curves().copy()
    parts[5, (AXIS < 850) | (AXIS > 1800)] = np.nan
    held = InfraredLibrary.from_arrays(AXIS, parts, names=NAMES, compounds=NAMES)
    answer = held.explain(reading({5: 0.7, 2: 0.3}), watch=())
    assert _named(answer) == {"S2", "S5"}
    assert answer.axis[-1] == 1800.0
    whole = held.explain(reading({1: 0.7, 2: 0.3}), watch=())
    assert _named(whole) == {"S1", "S2"}
    assert whole.axis[-1] == 3790.0
    assert any("11 of 12 entries" in reason for reason in whole.reasons)


@pytest.mark.long
def test_a_reference_of_a_smaller_range_takes_the_place_of_what_stood_in_for_it() -> None:
    """S5 is measured up to 1800 only, and another entry is like it there and not above."""
    parts = np.vstack([curves(), curves()[5] * np.where(AXIS < 1800, 1 + 0.2 * np.sin(AXIS / 90), 1.0)])
    parts[5, AXIS > 1800] = np.nan
    parts[3, AXIS > 870] = np.nan  # too short to be compared at all
    names = [*NAMES, "Like S5"]
    held = InfraredLibrary.from_arrays(AXIS, parts, names=names, compounds=names)
    assert _named(held.explain(reading({2: 0.7, 5: 0.3}))) == {"S2", "S5"}
    assert _named(held.explain(reading({2: 0.7, 8: 0.3}))) == {"S2", "S8"}
    assert _named(held.explain(reading({5: 1.0}))) == {"S5"}
    assert _named(held.explain(reading({2: 1.0}))) == {"S2"}


def test_a_library_too_large_to_keep_gives_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    query = reading({2: 0.5, 5: 0.3, 7: 0.2})
    plain = library().explain(query, watch=())
    monkeypatch.setitem(load("infrared")["align"], "kept_references", 3)
    monkeypatch.setitem(load("infrared")["align"], "all_kept", 4)
    monkeypatch.setitem(load("infrared")["align"], "shortlist", 9)
    monkeypatch.setitem(load("infrared")["mixture"], "swap_all", 2)
    large = library().explain(query, watch=())
    assert [c.compound for c in large.components] == [c.compound for c in plain.components]
    np.testing.assert_allclose([c.share for c in large.components], [c.share for c in plain.components], atol=1e-3)
