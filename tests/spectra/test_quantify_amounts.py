"""Budgets, salts and amounts: published examples, laws of conversion, and refusals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.quantify import (
    Amount,
    CalibrationLevel,
    Concentration,
    Contribution,
    Preparation,
    UnitWeights,
    amount_of,
    base_fraction,
    combine,
    concentration,
    convert,
    fit_curve,
    forms,
    molar_mass,
    ratio_of,
    rectangular,
    triangular,
    volume_uncertainty,
)
from spectra.types import SpectrumError

MDMA = "C11H15NO2"


def found(value: float = 0.42, unit: str = "mg/mL") -> Concentration:
    """A concentration read off a good curve of MDMA hydrochloride."""
    x = np.array([0.05, 0.1, 0.2, 0.4, 0.6, 0.8])
    y = 1000 * x + 2.0 * np.array([1, -1, 0.5, -0.5, 1, -1])
    curve = fit_curve([CalibrationLevel(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])
    at = float(curve.line.at(value))
    return concentration(curve, [at, at], unit=unit)


BENCH = Preparation(
    volume_ml=10.0, mass_mg=5.0, mass_u_mg=0.02, volume_u_ml=0.02, purity=0.998, purity_u=0.002, recovery=0.99,
    recovery_u=0.01, repeatability=0.01, repeatability_n=6,
)  # fmt: skip


def test_the_standard_solution_of_eurachem_has_its_published_budget() -> None:
    # QUAM:2012, example A1: 100.28 mg cadmium of purity 0.9999 in 100 mL: 1002.7 mg/L, u = 0.9, U = 1.8 (k = 2)
    volume = volume_uncertainty(100.0, 0.1, 0.02, degrees=4.0)
    assert (round(triangular(0.1), 2), round(volume, 2)) == (0.04, 0.07)
    parts = [
        Contribution("purity", 0.9999, rectangular(0.0001)),
        Contribution("mass", 100.28, 0.05, "mg"),
        Contribution("volume", 100.0, round(volume, 2), "mL"),  # the example goes on with its rounded figure
    ]
    budget = combine(1000 * 100.28 * 0.9999 / 100.0, parts)
    assert round(budget.value, 1) == 1002.7
    assert round(budget.standard_uncertainty, 1) == 0.9
    assert budget.k == 2.0
    assert budget.expanded == pytest.approx(1.8, abs=0.13)
    assert sum(budget.shares) == pytest.approx(1.0)
    assert max(budget.shares) == budget.shares[2]
    assert [row[0] for row in budget.table()] == ["purity", "mass", "volume"]
    assert "100.3 mg" in budget.table()[1]


def test_effective_degrees_of_freedom_are_those_of_the_guide() -> None:
    # GUM (JCGM 100:2008), G.4.1: relative uncertainties 0.25, 0.57, 0.82 % with 9, 4, 14 degrees of freedom
    parts = [
        Contribution("x1", 1.0, 0.0025, dof=9), Contribution("x2", 1.0, 0.0057, dof=4), Contribution("x3", 1.0, 0.0082, dof=14)
    ]  # fmt: skip
    budget = combine(1.0, parts, welch_satterthwaite=True)
    assert budget.standard_uncertainty == pytest.approx(0.0103, abs=5e-5)
    assert budget.dof == pytest.approx(19.0, abs=0.1)
    assert budget.k == pytest.approx(2.14, abs=0.02)  # 95.45 %; the guide's 2.09 is for 95 %


@pytest.mark.parametrize(
    ("value", "parts", "more", "says"),
    [
        (0.0, [], {}, "a result above zero"),
        (float("nan"), [], {}, "a result above zero"),
        (1.0, [Contribution("mass", 0.0, 0.1)], {}, "mass must be a number above zero"),
        (1.0, [Contribution("mass", 1.0, -0.1)], {}, "uncertainty of mass"),
        (1.0, [Contribution("mass", 1.0, 0.1, dof=0)], {}, "degrees of freedom of mass"),
        (1.0, [], {"k": 0.0}, "coverage factor above zero"),
        (1.0, [], {"k": 2.0, "welch_satterthwaite": True}, "not both"),
        (1.0, [Contribution("mass", 1.0, 0.1, dof=0.5)], {"welch_satterthwaite": True}, "too few degrees"),
    ],
)
def test_what_cannot_be_a_budget_is_refused(
    value: float, parts: list[Contribution], more: dict[str, object], says: str
) -> None:
    with pytest.raises(SpectrumError, match=says):
        combine(value, parts, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [-1.0, float("nan"), float("inf")])
def test_a_tolerance_is_a_width(width: float) -> None:
    for shape in (rectangular, triangular):
        with pytest.raises(SpectrumError, match="tolerance"):
            shape(width)


# Molar masses of pharmacopoeias and makers' labels, rounded as printed there.
SALTS = [
    (MDMA, "hydrochloride", 84.1), ("C17H21NO4", "hydrochloride", 89.3), ("C9H13N", "sulfate", 73.4),
    ("C21H23NO5", "hydrochloride monohydrate", 87.1), ("C22H28N2O", "citrate", 63.7), ("C4H8O3", "sodium", 82.6),
    ("C12H16N2", "fumarate", 61.9), ("C13H16ClNO", "hcl", 86.7),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "salt", "percent"), SALTS)
def test_known_salts_read_as_base_what_their_labels_say(formula: str, salt: str, percent: float) -> None:
    assert 100 * base_fraction(formula, salt) == pytest.approx(percent, abs=0.05)
    assert round(convert(100.0, formula, salt, "base").value, 1) == percent


every_form = st.sampled_from([f.key for f in forms()])
formulas = st.sampled_from([MDMA, "C17H21NO4", "C9H13N", "C20H25N3O", "C4H8O3"])
amounts = st.floats(0, 1e6, allow_subnormal=False)


@given(amounts, formulas, every_form, every_form, every_form)
def test_a_way_round_leads_to_the_same_figure(value: float, formula: str, a: str, b: str, c: str) -> None:
    direct = convert(value, formula, a, c).value
    assert convert(convert(value, formula, a, b).value, formula, b, c).value == pytest.approx(direct, rel=1e-12)


@given(formulas, every_form)
def test_a_salt_never_holds_more_than_itself(formula: str, salt: str) -> None:
    fraction = base_fraction(formula, salt)
    assert 0 < fraction <= 1
    assert (fraction == 1) == (salt == "base")
    assert molar_mass(formula, salt) >= molar_mass(formula)


@pytest.mark.parametrize(
    ("value", "formula", "given_", "wanted", "says"),
    [
        (1.0, MDMA, "kryptonide", "base", "no form 'kryptonide'"),
        (1.0, "ecstasy", "hydrochloride", "base", "not a molecular formula"),
        (-1.0, MDMA, "hydrochloride", "base", "not below zero"),
        (float("nan"), MDMA, "hydrochloride", "base", "not below zero"),
        (1.0, "CCl4", "sodium", "base", "has no H to give up"),
    ],
)
def test_what_cannot_be_converted_is_refused(value: float, formula: str, given_: str, wanted: str, says: str) -> None:
    with pytest.raises(SpectrumError, match=says):
        convert(value, formula, given_, wanted)


def test_the_amount_by_weight_is_worked_out_by_hand() -> None:
    one = found()
    assert one.value == pytest.approx(0.42, abs=0.003)
    made = amount_of(one, "mg/mL", BENCH, standard_form="hydrochloride", name="MDMA")
    assert one.value is not None
    assert made.value == pytest.approx(100 * one.value * 10 / 5 * 0.998 / 0.99)
    assert (made.unit, made.basis, made.form, made.k) == ("percent_ww", "hydrochloride", "hydrochloride", 2.0)
    assert made.low < made.value < made.high
    assert {c.name for c in made.budget.contributions} == {
        "calibration", "dilution", "volume", "weighing", "purity of the standard", "recovery", "repeatability",
    }  # fmt: skip
    assert any(limit.startswith("LOD") for limit in made.limits)
    assert not any("No uncertainty was given" in limit for limit in made.limits)


def test_a_purity_that_the_levels_hold_already_is_not_taken_twice() -> None:
    once = amount_of(found(), "mg/mL", BENCH).value
    assert amount_of(found(), "mg/mL", replace(BENCH, purity_corrected=True)).value == pytest.approx(once / 0.998)


def test_milligrams_per_unit_take_the_weight_of_the_units() -> None:
    percent = amount_of(found(), "mg/mL", BENCH)
    one = amount_of(found(), "mg/mL", BENCH, "mg_per_unit", unit_weights=UnitWeights((250.0,), 0.1))
    assert one.value == pytest.approx(percent.value * 2.5)
    assert any("One unit was weighed" in limit for limit in one.limits)
    several = UnitWeights((240.0, 250.0, 260.0), 0.1)
    assert (several.mean, several.sd) == (250.0, 10.0)
    batch = amount_of(found(), "mg/mL", BENCH, "mg_per_unit", unit_weights=several)
    assert batch.value == pytest.approx(one.value)
    assert batch.high - batch.low > one.high - one.low
    assert any("Single units weigh 240 to 260 mg" in limit for limit in batch.limits)
    assert any("(sd 10 mg)" in words for words in batch.words)
    blotter = amount_of(found(), "mg/mL", BENCH, "ug_per_blotter", unit_weights=UnitWeights((12.0,), 0.05))
    assert blotter.value == pytest.approx(percent.value / 100 * 12.0 * 1000)


def test_a_liquid_needs_no_weight() -> None:
    made = amount_of(found(), "µg/mL", Preparation(dilution=100.0, dilution_u=0.5), "mg_per_ml")
    one = found()
    assert one.value is not None
    assert made.value == pytest.approx(one.value * 1e-3 * 100)
    assert any("No uncertainty was given for weighing" in limit for limit in made.limits)


def test_a_figure_just_over_all_of_it_is_told_and_one_far_over_is_refused() -> None:
    made = amount_of(found(), "mg/mL", replace(BENCH, repeatability=0.05, mass_mg=4.15))
    assert made.value > 100
    assert any("above 100 % w/w" in limit for limit in made.limits)
    with pytest.raises(SpectrumError, match="more than all of it"):
        amount_of(found(), "mg/mL", replace(BENCH, mass_mg=1.0))


@pytest.mark.parametrize(
    ("change", "more", "says"),
    [
        ({"mass_mg": None}, {}, "weight of the sample"),
        ({"mass_mg": 0.0}, {}, "must be a number above zero, got 0.0"),
        ({"volume_ml": -1.0}, {}, "volume of the solution"),
        ({"volume_ml": float("nan")}, {}, "volume of the solution"),
        ({"dilution": 0.0}, {}, "dilution factor"),
        ({"purity": 1.2}, {}, "purity of the standard"),
        ({"recovery": 0.0}, {}, "the recovery must be"),
        ({"repeatability": -0.1}, {}, "repeatability"),
        ({"mass_u_mg": -0.1}, {}, "uncertainty of weighing"),
        ({}, {"unit": "grains"}, "no unit 'grains'"),
        ({}, {"unit": "mg_per_unit"}, "weight of the unit"),
        ({}, {"unit": "mg_per_unit", "unit_weights": UnitWeights((0.0,))}, "weight of a unit"),
        ({}, {"standard_form": "kryptonide"}, "no form"),
        ({}, {"wanted_form": "hydrochloride"}, "the formula of the substance is needed"),
    ],
)
def test_what_cannot_be_an_amount_is_refused(change: dict[str, object], more: dict[str, object], says: str) -> None:
    with pytest.raises(SpectrumError, match=says):
        amount_of(found(), "mg/mL", replace(BENCH, **change), **more)  # type: ignore[arg-type]


def test_without_a_figure_there_is_no_amount() -> None:
    with pytest.raises(SpectrumError, match="there is no amount: Above the highest level"):
        amount_of(found(5.0), "mg/mL", BENCH)
    with pytest.raises(SpectrumError, match="a curve in 'furlongs'"):
        amount_of(found(), "furlongs", BENCH)


def test_a_ratio_of_two_amounts_carries_both_uncertainties() -> None:
    first: Amount = amount_of(found(0.4), "mg/mL", BENCH)
    second: Amount = amount_of(found(0.2), "mg/mL", BENCH)
    ratio = ratio_of(first, second)
    assert ratio.value == pytest.approx(first.value / second.value)
    relative = [a.budget.standard_uncertainty / a.value for a in (first, second)]
    assert ratio.standard_uncertainty / ratio.value == pytest.approx(math.hypot(*relative))
    assert ratio_of(found(0.4), found(0.2)).value == pytest.approx(2.0, abs=0.02)
    with pytest.raises(SpectrumError, match="the second of the ratio has no figure"):
        ratio_of(found(), found(9.0))
    with pytest.raises(SpectrumError, match="one unit"):
        ratio_of(first, found())


@given(st.floats(0.02, 500), st.floats(1, 1000))
def test_the_unit_of_weight_and_volume_together_do_not_matter(mass: float, factor: float) -> None:
    one = amount_of(found(), "mg/mL", Preparation(volume_ml=mass * 0.5, mass_mg=mass))
    other = amount_of(found(), "mg/mL", Preparation(volume_ml=mass * 0.5 * factor, mass_mg=mass * factor))
    assert other.value == pytest.approx(one.value)
    assert other.high == pytest.approx(one.high)


def test_nothing_said_reassures() -> None:
    made = amount_of(found(), "mg/mL", BENCH, standard_form="hydrochloride", formula=MDMA, wanted_form="base")
    said = " ".join((*made.words, *made.limits)).lower()
    assert not any(word in said.split() for word in ("safe", "pure", "clean"))


@pytest.mark.parametrize(
    ("change", "k", "says"),
    [
        ({"mass_mg": 1e-190, "mass_u_mg": 1e12}, None, "check the units"),
        ({"mass_u_mg": 1e12}, None, "check the units"),
        ({"mass_mg": 5e-324}, None, "above zero"),
        ({"volume_ml": 1e120}, None, "check the units"),
        ({}, 1e12, "coverage factor"),
    ],
)
def test_figures_of_a_mistaken_unit_are_refused_and_never_overflow(
    change: dict[str, float], k: float, says: str
) -> None:
    curve = fit_curve(
        [CalibrationLevel(c, 10 * c + e) for c, e in zip((1, 2, 4, 6, 8), (0.1, -0.1, 0, 0.1, -0.1), strict=True)]
    )
    found = concentration(curve, [40.0])
    preparation = replace(Preparation(volume_ml=10.0, mass_mg=500.0), **change)
    with pytest.raises(SpectrumError, match=says):
        amount_of(found, "mg/mL", preparation, k=k)


def test_a_power_counts_as_often_as_it_enters() -> None:
    squared = combine(4.0, [Contribution("side", 2.0, 0.1, exponent=2.0)])
    assert squared.standard_uncertainty == pytest.approx(0.4)
    assert combine(4.0, [Contribution("side", 2.0, 0.1, exponent=-2.0)]).standard_uncertainty == pytest.approx(0.4)
