"""Fit the constants of the joint answer on the development side: `python -m benchmarks.accuracy.sample_fit`.

One compound: `neither`, what speaks for a substance that no library holds, by maximum likelihood over what it is (in EI's library, only
in infrared's, in neither), one weight per compound, half weight for readings whose compound was taken out of the EI library. The other
constants are held. Mixtures: a
logistic on what infrared adds to EI's logit, which itself stays, and one for each method on when a name of its own alone is right. Prints TOML for spectra/data/sample.toml.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from benchmarks.accuracy.ei_sets import library_of
from benchmarks.accuracy.sample_mixture_sets import DEALS, Mixed
from benchmarks.accuracy.sample_mixtures import ALWAYS, drawn, heard_of, left_of
from benchmarks.accuracy.sample_sets import FloatArray, Joint, joints
from benchmarks.accuracy.sample_single import contradiction, joint, outside
from spectra import MassLibrary
from spectra.sample.constants import Alone, Mixture, OneCompound, shipped
from spectra.sample.mixture import contested, facts, judge, logit, would_have_seen
from spectra.sample.one_compound import reach_of

ENTRAPPED = 0.5
COVERED = 0.95
FALSE_ALARMS = 0.015
RIDGE = 1.0
_Name = tuple[tuple[float, float, float, float], bool]
"""The four facts of a name that rests on one method alone, and whether it is right."""
SEEDS = ("joint-2026-11", "dev-a", "dev-b", "dev-c")
"""Deals of mixtures that are fitted together."""
MASS_FROM, INFRARED_FROM = 0.52, 0.55
"""Least chance of a name that rests on EI alone, and on infrared alone."""
MISSED = 1.0
"""Held there: the fit asks for 2.5, because simulated shares by two methods differ by e^0.8 only. A trace of a strong drug that EI sees and
infrared does not must not lose its name to a simulation."""
DATA = Path(__file__).parents[3] / "shared" / "data"


class _Row:
    """One sample: the logarithm of what speaks for each compound of EI's list and of infrared's others, and for neither before its weight."""

    def __init__(self, sample: Joint, fit: OneCompound) -> None:
        left = {c: max(x, fit.floor) for c, x in sample.residuals.items()}
        listed = [c for c, _ in sample.ei.compounds]
        only = [c for c in left if c not in listed]
        q, reach = outside(sample), np.log(reach_of(left, fit))
        worth = {c: float(np.clip(fit.kappa * (reach - np.log(x)), -fit.most, fit.most)) for c, x in left.items()}
        ln_p = np.log(np.maximum([p for _, p in sample.ei.compounds], 1e-12)) if listed else np.zeros(0)
        inside = fit.beta * ln_p + np.log(1 - q) + np.array([worth.get(c, 0.0) for c in listed])
        each = np.log(q) + fit.only - np.log(max(len(only), 1)) + np.array([worth[c] for c in only])
        self.ln_out, self.named = np.log(q), np.concatenate([inside, each])
        known = [*listed, *only]
        self.at = known.index(sample.compound) if sample.compound in known else -1

    def loss(self, neither: float) -> float:
        """−ln P of what it is."""
        every = np.append(self.named, self.ln_out + neither)
        return float(np.logaddexp.reduce(every) - every[self.at])


def weights(samples: Sequence[Joint]) -> FloatArray:
    """One weight per compound."""
    count = Counter(s.compound for s in samples)
    return np.array([(ENTRAPPED if s.entrapped else 1.0) / count[s.compound] for s in samples])


def fit_one(samples: Sequence[Joint]) -> OneCompound:
    """Maximum likelihood of `neither`; what is held stays as it is shipped."""
    held, weight = shipped().one, weights(samples)
    rows = [_Row(s, held) for s in samples]

    def cost(neither: float) -> float:
        return float(sum(w * r.loss(neither) for r, w in zip(rows, weight, strict=True)) / weight.sum())

    fitted = replace(held, neither=float(f"{minimize_scalar(cost, bounds=(-10.0, 10.0), method='bounded').x:.3g}"))
    return replace(fitted, set_mass=set_mass(samples, fitted))


def set_mass(samples: Sequence[Joint], fit: OneCompound) -> float:
    """The least mass of a set that covers the truth in 95 %, one weight per compound."""
    plain = [s for s in samples if not s.entrapped]
    weight = weights(plain)
    for mass in np.arange(0.5, 0.999, 0.01):
        said = [joint(replace(fit, set_mass=float(mass)))(s) for s in plain]
        covered = np.array([j.sample.compound in j.set for j in said])
        if float((covered * weight).sum() / weight.sum()) >= COVERED:
            return round(float(mass), 2)
    return 0.99


def asked_at(samples: Sequence[Joint], fit: OneCompound) -> float:
    """C that 1.5 in a hundred matched pairs reach."""
    return float(np.quantile([contradiction(s, s, fit) for s in samples if not s.entrapped], 1 - FALSE_ALARMS))


def fit_mixture(samples: Sequence[Mixed], library: MassLibrary) -> Mixture:
    """Ridge logistic with EI's logit as offset, by what infrared adds to it; then when a name of one method alone is given. `library`: EI's."""
    start = shipped().mixture
    x, offset, y = _design(samples, start)

    def cost(beta: FloatArray) -> float:
        listed = np.maximum(beta[3], x[:, :3] @ beta[:3])
        z = offset + np.where(x[:, 0] > 0, listed, MISSED * x[:, 3] + beta[4] * x[:, 4])
        return float(np.logaddexp(0.0, np.where(y, -z, z)).sum() + RIDGE * (beta**2).sum() / 2)

    found = minimize(cost, np.array([1.0, -1.0, 1.0, -1.0, 1.0]), method="Nelder-Mead", options={"maxiter": 4000})
    named, alarm, slope, faint, seen = (float(f"{v:.3g}") for v in found.x)
    fit = replace(start, named=named, named_alarm=alarm, named_slope=slope, faint=faint, missed=MISSED, seen=seen)
    by_mass, by_infrared = _names_of_one(samples, fit, library)
    return replace(fit, mass_alone=_alone(by_mass, MASS_FROM), infrared_alone=_alone(by_infrared, INFRARED_FROM))


def _alone(names: Sequence[_Name], least: float) -> Alone:
    """Logistic on the four facts of a name, above 0 where its chance is `least` and more."""
    x, y = np.array([said for said, _ in names]), np.array([right for _, right in names])

    def cost(beta: FloatArray) -> float:
        z = beta[0] + x @ beta[1:]
        return float(np.logaddexp(0.0, np.where(y, -z, z)).sum() + RIDGE * (beta[1:] ** 2).sum() / 2)

    found = minimize(cost, np.zeros(5), method="L-BFGS-B").x
    found[0] -= logit(least)
    return Alone(*(float(f"{v:.3g}") for v in found))


def _names_of_one(samples: Sequence[Mixed], fit: Mixture, library: MassLibrary) -> tuple[list[_Name], list[_Name]]:
    """Names that EI gives and infrared says nothing of, and parts that infrared lists and EI does not: their facts, and whether they are right.

    Without names of EI that explain little beside infrared's, which fall for that.
    """
    by_mass, by_infrared = list[_Name](), list[_Name]()
    for sample, (places, word) in ((s, heard_of(s, level)) for s in samples for level in s.infrared):
        contest = contested(places, [word])
        for one in judge(places, [word], replace(fit, mass_alone=ALWAYS), left=left_of(sample, library)):
            best = one.rows[0]
            if one.place.named and not one.taken_by and best.ratio == 1.0 and best.compound not in word.limits:
                said = facts(best.probability, best.share or 0.0, word.alarm, contest)
                by_mass.append((said, best.compound in sample.truth))
        listed = {r.compound for p in places for r in p.rivals}
        for c, part in word.parts.items():
            if c not in listed:
                said = facts(part.probability or 0.0, part.share, word.alarm, contest)
                by_infrared.append((said, c in sample.truth))
    return by_mass, by_infrared


def _design(samples: Sequence[Mixed], fit: Mixture) -> tuple[FloatArray, FloatArray, np.ndarray]:
    rows, offset, truth = [], [], []
    for sample in samples:
        for level in sample.infrared:
            places, word = heard_of(sample, level)
            for place in places:
                for rival in place.rivals:
                    c, part, limit = rival.compound, word.parts.get(rival.compound), word.limits.get(rival.compound)
                    row = [0.0] * 5
                    if part is not None:
                        row[:3] = [1.0, float(word.alarm), logit(part.probability or 0.5)]
                    elif limit is not None and limit.seen:
                        row[4] = 1.0
                    elif limit is not None and limit.seen is not None and rival.share is not None:
                        v = would_have_seen(rival.share, limit.limit, fit)
                        row[3] = float(np.log(1 - fit.most_missed * v))
                    rows.append(row)
                    offset.append(logit(rival.probability))
                    truth.append(c in sample.truth)
    return np.array(rows), np.array(offset), np.array(truth)


def main() -> None:
    """Print what was fitted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    args = parser.parse_args()
    samples = joints(args.data, "development")
    one = fit_one(samples)
    print("[one_compound]", *(f"{k} = {v:g}" for k, v in _items(one)), sep="\n")
    print(f"[conflict]\nasked_at = {asked_at(samples, one):.3g}")
    mixed = [one for seed in SEEDS for one in drawn(args.data, seed, "development")]
    mixture = fit_mixture(mixed, library_of(args.data, DEALS["development"].library))
    tables = {"mixture": mixture, "alone.mass": mixture.mass_alone, "alone.infrared": mixture.infrared_alone}
    for name, table in tables.items():
        print(f"[{name}]", *(f"{k} = {v:g}" for k, v in _items(table)), sep="\n")


def _items(fit: OneCompound | Mixture | Alone) -> list[tuple[str, float]]:
    values = ((name, getattr(fit, name)) for name in fit.__dataclass_fields__)
    return [(name, value) for name, value in values if isinstance(value, float)]


if __name__ == "__main__":
    main()
