"""J10: positional isomers with their own real infrared curves. Nothing is fitted on them.

EI readings of other laboratories (NIST, MassBank) against SWGDRUG and MassBank less every entry of their compound; infrared readings made
from the real curve at three levels of disturbance, against all isomers and 200 other materials, in the range all have in common.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from benchmarks.accuracy import Row
from benchmarks.accuracy.development import ei_library
from benchmarks.accuracy.development import queries as queries_of
from benchmarks.accuracy.infrared_sets import References, references
from benchmarks.accuracy.infrared_simulation import FloatArray
from benchmarks.accuracy.sample_sets import LEVELS, Joint, align_one, infrared_curve, kept, materials
from benchmarks.accuracy.sample_single import Judged, ei_right, joint
from spectra import MassLibrary, MassSpectrum
from spectra.confidence.identify import identify, rank_compounds
from spectra.sample.constants import OneCompound, shipped
from spectra.sample.hearing import beyond_noise

OTHERS = 200


def curves(data: Path) -> tuple[list[str], References]:
    """Keys of the isomers (first blocks), and references of them and of other materials on one axis."""
    held = json.loads((data / "ir" / "isomers.json").read_text())
    refs = references(data)
    rows = [_curve(refs.x, one) for one in held]
    keys = [one["inchikey"][:14] for one in held]
    more = list(materials(data))[:OTHERS]
    named = [*keys, *(f"ir:{k}" for k in more)]
    stacked = np.vstack([rows, refs.curves[more]])
    return keys, References(refs.x, stacked, tuple(named), tuple(named), np.ones(len(named), dtype=bool), ())


def _curve(x: FloatArray, one: dict[str, object]) -> FloatArray:
    height = np.asarray(one["relative_absorbance"], dtype=np.float64)
    axis = np.linspace(float(str(one["first_x"])), float(str(one["last_x"])), height.size)
    curve = CubicSpline(axis, height)(x)
    return np.asarray(curve / curve.max())


def readings(data: Path) -> list[Joint]:
    """Every EI reading with the infrared reading of its compound at every level."""
    return kept("isomers and noise", lambda: _made(data))  # type: ignore[no-any-return]


def _made(data: Path) -> list[Joint]:
    ei = ei_library(data)
    library, compounds, bank = ei.library, ei.compound, np.arange(len(ei.library)) >= ei.drugs
    queries = spectra_of(data, set(compounds[~bank].tolist()))
    without = {key: np.flatnonzero(bank & (compounds == key)) for key in queries}
    return read(data, library, queries, without, tuple(LEVELS))


def spectra_of(data: Path, known: Collection[str]) -> dict[str, list[MassSpectrum]]:
    """EI readings of other laboratories, of isomers an EI library knows, by compound."""
    isomers = set(curves(data)[0]) & set(known)
    out: dict[str, list[MassSpectrum]] = {}
    for name in ("ei_nist_replicates", "ei_massbank_vs_swgdrug"):
        for q in queries_of(data, name):
            if q["truth"][0] in isomers:
                peaks = np.array(q["peaks"], dtype=float)
                out.setdefault(q["truth"][0], []).append(MassSpectrum(peaks[:, 0], peaks[:, 1]))
    return out


def read(
    data: Path,
    library: MassLibrary,
    queries: Mapping[str, Sequence[MassSpectrum]],
    without: Mapping[str, NDArray[np.int64]],
    levels: Sequence[str],
) -> list[Joint]:
    """The EI readings of every compound with its infrared reading; entries `without` are taken out of the EI library."""
    keys, refs = curves(data)
    known, out = refs.library(), list[Joint]()
    for key, spectra in queries.items():
        rankings = [(s, rank_compounds(library, s, without=without[key])) for s in spectra]
        answers = [identify(library, s, ranked=ranked) for s, ranked in rankings]
        for level in levels if answers else ():
            seen = align_one(known, refs, keys.index(key), level)
            residuals: dict[str, float] = {}
            for name, x in zip(refs.compounds, seen.residual.tolist(), strict=True):
                residuals[name] = min(residuals.get(name, 1.0), beyond_noise(x, seen.noise))
            out += [
                Joint("isomers", level, key, False, True, said, residuals, seen.noise, k)
                for k, said in enumerate(answers)
            ]
    return out


def without_reference(samples: Sequence[Joint]) -> list[Joint]:
    """Samples whose compound infrared has no reference of, made of `samples` that it knows."""
    return [
        Joint(
            s.way,
            s.level,
            s.compound,
            False,
            False,
            s.ei,
            {c: x for c, x in s.residuals.items() if c != s.compound},
            s.noise,
        )
        for s in samples
    ]


def rows(data: Path, fit: OneCompound | None = None) -> list[Row]:
    """Right first with all references, and right names of EI lost where infrared knows only rivals."""
    samples, rule, out = readings(data), joint(fit or shipped().one), list[Row]()
    for level in LEVELS:
        some = [s for s in samples if s.level == level]
        out.append(_row(f"isomers, {level}: EI alone right first", [ei_right(s) for s in some]))
        out.append(_row(f"isomers, {level}: joint right first", [rule(s).right for s in some], 0.99))
        lost: list[Judged] = [rule(s) for s in without_reference(some) if ei_right(s)]
        what = f"isomers, {level}, only rivals have a reference: right names lost"
        out.append(_row(what, [not j.right for j in lost], 0.06, True))
        single = [j for j in map(rule, without_reference(some)) if j.single]
        out.append(
            _row(f"isomers, {level}, only rivals have a reference: one name given is right", [j.right for j in single])
        )
    return out


def _row(what: str, hits: Sequence[bool], asked: float | None = None, at_most: bool = False) -> Row:
    return Row("J10", what, float(np.mean(hits)) if hits else 0.0, len(hits), asked, at_most, cross_validated=True)


__all__ = ["curves", "infrared_curve", "readings", "rows", "without_reference"]
