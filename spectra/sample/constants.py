"""The fitted constants of the joint answer, from `data/sample.toml` with their provenance.

Why apart: benchmarks fit them again and weigh with their own. Imports the standard library and `spectra.confidence.limits` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from spectra.confidence.limits import load
from spectra.sample.answer import CalibrationNote


@dataclass(frozen=True, slots=True)
class OneCompound:
    """Constants for a sample of one compound: see `spectra.sample.one_compound`.

    A reference that leaves x beyond noise is worth κ (ln reach − ln x), reach = exp(`reach`) · (second residual)^`second`, at most
    ±`most`. `only` and `neither` are the logarithms of what speaks for a substance of infrared alone, and of none.
    """

    beta: float
    kappa: float
    reach: float
    second: float
    most: float
    only: float
    neither: float
    floor: float
    set_mass: float
    single: float
    stranger: float
    confirmed: float
    contrary: float


@dataclass(frozen=True, slots=True)
class Alone:
    """Whether a name stands that rests on one method alone: `start` + `own` · logit of its probability by that method + `share` · ln of its
    share + `unexplained` (while infrared leaves something) + `contested` · (see `spectra.sample.mixture.contested`) is above 0."""

    start: float
    own: float
    share: float
    unexplained: float
    contested: float


@dataclass(frozen=True, slots=True)
class Mixture:
    """Constants for parts of a mixture: what infrared adds to the logit of a compound, and when a name is given."""

    named: float
    named_alarm: float
    named_slope: float
    faint: float
    missed: float
    seen: float
    spread: float
    most_missed: float
    name: float
    name_new: float
    second: float
    infrared_listed: float
    left: float
    mass_alone: Alone
    infrared_alone: Alone


@dataclass(frozen=True, slots=True)
class Fitted:
    """All constants of one fit, and what it rests on. `coverage`: lowest and highest share of EI compounds with a reference."""

    one: OneCompound
    mixture: Mixture
    tests: dict[str, dict[str, float]]
    retention: dict[str, float]
    accurate: dict[str, float]
    conflict: dict[str, float]
    coverage: tuple[float, float]
    note: CalibrationNote


@cache
def shipped() -> Fitted:
    """The constants that come with MAST."""
    data = load("sample")
    about: dict[str, Any] = data["calibration"]
    note = CalibrationNote(about["version"], about["date"], about["data"], tuple(about["not_fitted_on"]))
    return Fitted(
        OneCompound(**_numbers(data["one_compound"])),
        _mixture(data),
        {name: _numbers(table) for name, table in data["tests"].items()},
        _numbers(data["retention"]),
        _numbers(data["accurate"]),
        _numbers(data["conflict"]),
        (float(about["coverage"][0]), float(about["coverage"][1])),
        note,
    )


def _mixture(data: dict[str, Any]) -> Mixture:
    mass, infrared = (Alone(**_numbers(data["alone"][name])) for name in ("mass", "infrared"))
    return Mixture(**_numbers(data["mixture"]), mass_alone=mass, infrared_alone=infrared)


def _numbers(table: dict[str, Any]) -> dict[str, float]:
    return {key: float(value) for key, value in table.items()}
