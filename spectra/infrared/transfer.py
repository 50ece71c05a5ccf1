"""Transfer between two infrared instruments, learnt from a few powders measured on both.

Curves stand on the common grid (`spectra.infrared_grid`). Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.infrared_grid import CO2, GRID, STEP
from spectra.types import FloatArray, SpectrumError

Kind = Literal["none", "bands", "piecewise"]
Mask = NDArray[np.bool_]
_KINDS: tuple[Kind, ...] = ("bands", "piecewise")


@dataclass(frozen=True, eq=False)
class Transfer:
    """How spectra of another instrument look on one's own.

    `kind`: "bands" (local gain, shift, blur and bend), "piecewise" (a window of five points, as piecewise direct
    standardisation) or "none". `shift` in cm⁻¹ is applied first, over the whole range; then own(ν) = Σ_b c_b(ν)·B_b,
    with the coefficients (B, K) at `knots` (K,) cm⁻¹, linear in between. `before` and `after` are the mean misfits
    (0–1) of powders that were left out of the fit, without and with it; `powders` how many there were.
    """

    kind: Kind
    shift: float
    knots: FloatArray
    coefficients: FloatArray
    before: float
    after: float
    powders: int

    def apply(self, curves: FloatArray) -> FloatArray:
        """Curves (…, 1801) of the other instrument as they would look on one's own; NaN stays NaN.

        Misleads where no powder had a band: there the field of the whole range is used. Bands that no powder had and
        that differ for a reason of the substance (another polymorph, another technique) are not put right.
        """
        given = np.asarray(curves, dtype=np.float64)
        if given.shape[-1] != GRID.size:
            raise SpectrumError(f"curves must have {GRID.size} points of the common grid, these have {given.shape[-1]}")
        if self.kind == "none":
            return given.copy()
        filled = _filled(given.reshape(-1, GRID.size))
        basis = _basis(_shifted(filled, self.shift), self.kind)
        fields = np.array([np.interp(GRID, self.knots, row) for row in self.coefficients])
        out: FloatArray = np.einsum("bm,bnm->nm", fields, basis)
        out[~np.isfinite(given.reshape(-1, GRID.size))] = np.nan
        return out.reshape(given.shape)

    def as_json(self) -> dict[str, Any]:
        """For storage; `from_json` reads it."""
        return {
            "kind": self.kind, "shift": self.shift, "knots": self.knots.tolist(),
            "coefficients": np.round(self.coefficients, 6).tolist(), "before": self.before, "after": self.after,
            "powders": self.powders,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Transfer:
        """What `as_json` gave."""
        arrays = {name: np.asarray(data[name], dtype=np.float64) for name in ("knots", "coefficients")}
        return cls(**{**data, **arrays})


def fit(own: FloatArray, foreign: FloatArray) -> Transfer:
    """The transfer from `foreign` (P, 1801) to `own` (P, 1801): row p of both is one powder, absorbance, any scale.

    Two forms are tried: own ≈ g·f + s·f′ + ½b·f″ + q·f²/max f with gain, shift (cm⁻¹), blur ((cm⁻¹)²) and bend
    (saturation) that change slowly with the wavenumber, and the piecewise form own_i ≈ Σ_k c_k·f_{i+k}, k = −2 … 2 (Wang, Veltkamp & Kowalski, Anal. Chem.
    1991, 63, 2750, doi:10.1021/ac00023a016), both by weighted least squares around each knot with local straight
    baselines projected out and a ridge towards the value over the whole range: where the powders have no band nothing
    is invented. Each powder is left out in turn: the form, and how fast the fields may change, that leave the smallest
    misfit are kept, and "none" where no one lowers it by a quarter. Misfit = rms(own − c·transferred) / rms(own),
    baselines of 12 cosines projected out of both.

    Raises SpectrumError for fewer than five powders, or curves that are not on the grid or share no range.

    >>> x = np.exp(-(((GRID[None, :] - np.arange(700, 1700, 25).reshape(8, 5, 1)) / 9.0) ** 2)).sum(axis=1)
    >>> moved = np.array([np.interp(GRID, GRID + 1.5, row) for row in x])
    >>> found = fit(moved, x)
    >>> found.after < 0.3 * found.before
    True
    """
    mine, theirs = _checked(own), _checked(foreign)
    if mine.shape != theirs.shape:
        raise SpectrumError(f"{mine.shape[0]} own curves but {theirs.shape[0]} of the other instrument: pair them")
    enough = int(_number("least_pairs"))
    if mine.shape[0] < enough:
        raise SpectrumError(
            f"{mine.shape[0]} powders were measured on both instruments, at least {enough} are needed: measure more, "
            "with bands all over the range"
        )
    used = np.isfinite(mine) & np.isfinite(theirs) & ~CO2
    if used.sum(axis=1).min() < 200:
        raise SpectrumError("one of the powders has fewer than 200 points measured on both instruments")
    mine, theirs = _filled(mine), _filled(theirs)
    before = float(np.mean([_misfit(a, b, u) for a, b, u in zip(mine, theirs, used, strict=True)]))
    shift = _whole_shift(mine, theirs, used)
    moved = _shifted(theirs, shift)
    everything = np.ones(mine.shape[0], dtype=bool)
    best = Transfer("none", 0.0, np.zeros(0), np.zeros((0, 0)), before, before, int(mine.shape[0]))
    least = (1.0 - _number("least_gain")) * before
    for kind, reach in product(_KINDS, load("infrared_instrument")["transfer"]["reaches_cm1"]):
        sums = _sums(mine, moved, used, kind, float(reach))
        after = _left_out(sums, mine, moved, used, kind)
        if after < min(least, best.after):
            found = _fitted(sums, everything, kind)
            best = Transfer(kind, shift, sums.knots, found, before, after, mine.shape[0])
    return best


# -- the fit ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Sums:
    """Normal equations of each powder at each knot, the last row over the whole range: so that powders can be left out.

    `normal` (K+1, P, B, B), `right` (K+1, P, B), `square` and `weight` (K+1, P).
    """

    knots: FloatArray
    normal: FloatArray
    right: FloatArray
    square: FloatArray
    weight: FloatArray


def _sums(own: FloatArray, moved: FloatArray, used: Mask, kind: Kind, reach: float) -> _Sums:
    scale = np.array([_scale(a, b, u) for a, b, u in zip(own, moved, used, strict=True)])
    size = np.maximum(np.abs(np.where(used, moved, 0.0)).max(axis=1), 1e-12)  # each powder counts alike
    basis, target = _basis(moved, kind) / size[:, None], own / (scale * size)[:, None]
    knots = np.arange(GRID[0], GRID[-1] + 1.0, reach)
    windows = [np.exp(-0.5 * ((GRID - knot) / reach) ** 2) for knot in knots]
    rows = [
        _at(basis, target, np.asarray(used * np.where(w > 1e-3, w, 0.0), dtype=np.float64))
        for w in (*windows, np.ones(GRID.size))
    ]
    return _Sums(knots, *(np.array([row[k] for row in rows]) for k in range(4)))


def _at(
    basis: FloatArray, target: FloatArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Sums over one window, the straight baseline of each powder projected out with its weights."""
    inside = np.flatnonzero(weight.any(axis=0))
    if inside.size == 0:  # no powder was measured here
        b, p = basis.shape[:2]
        return np.zeros((p, b, b)), np.zeros((p, b)), np.zeros(p), np.zeros(p)
    w = weight[:, inside]
    total = w.sum(axis=1)
    safe = np.maximum(total, 1e-12)[:, None]
    x = (GRID[inside] - GRID[inside].mean()) / 100.0
    slope = x - (w @ x)[:, None] / safe
    spread = np.maximum((w * slope**2).sum(axis=1), 1e-12)[:, None]

    def flat(rows: FloatArray) -> FloatArray:
        level = (w * rows).sum(axis=-1, keepdims=True) / safe
        tilt = (w * slope * rows).sum(axis=-1, keepdims=True) / spread
        return np.asarray(rows - level - tilt * slope)

    columns, wanted = flat(basis[..., inside]), flat(target[:, inside])
    return (
        np.einsum("bpm,pm,cpm->pbc", columns, w, columns),
        np.einsum("bpm,pm->pb", columns, w * wanted),
        (w * wanted**2).sum(axis=1),
        total,
    )


def _fitted(sums: _Sums, chosen: Mask, kind: Kind) -> FloatArray:
    """Coefficients (B, K) of the chosen powders: first of the whole range, then at each knot, held to the former."""
    centre, sd = _prior(kind)
    whole = _solve(sums, -1, chosen, centre, 10.0 * sd)
    return np.array([_solve(sums, k, chosen, whole, sd) for k in range(sums.weight.shape[0] - 1)]).T


def _solve(sums: _Sums, k: int, chosen: Mask, centre: FloatArray, sd: FloatArray) -> FloatArray:
    """Coefficients (B,): ridge towards `centre`, the noise being what the fit leaves; it settles at once."""
    normal, right = sums.normal[k, chosen].sum(axis=0), sums.right[k, chosen].sum(axis=0)
    square, total = float(sums.square[k, chosen].sum()), float(sums.weight[k, chosen].sum())
    found = centre
    for _ in range(3):
        left = max(square - 2 * float(found @ right) + float(found @ normal @ found), 0.0)
        noise = max(left / max(total, 1.0), 1e-12) * _number("correlation_points")
        step = np.linalg.solve(normal / noise + np.diag(1.0 / sd**2), (right - normal @ centre) / noise)
        found = np.asarray(centre + step, dtype=np.float64)
    return found


def _prior(kind: Kind) -> tuple[FloatArray, FloatArray]:
    if kind == "bands":
        sd = [_number(name) for name in ("gain_sd", "shift_sd", "blur_sd", "bend_sd")]
        return np.array([1.0, 0.0, 0.0, 0.0]), np.array(sd)
    return np.array([0.0, 0.0, 1.0, 0.0, 0.0]), np.full(5, _number("window_sd"))


def _basis(curves: FloatArray, kind: Kind) -> FloatArray:
    """What is combined, (B, N, 1801)."""
    if kind == "bands":
        first = np.gradient(curves, STEP, axis=-1)
        top = np.maximum(np.abs(np.where(CO2, 0.0, curves)).max(axis=-1, keepdims=True), 1e-12)
        return np.array([curves, first, 0.5 * np.gradient(first, STEP, axis=-1), curves * np.abs(curves) / top])
    padded = np.pad(curves, ((0, 0), (2, 2)), mode="edge")
    return np.array([padded[:, k : k + GRID.size] for k in range(5)])


def _left_out(sums: _Sums, own: FloatArray, moved: FloatArray, used: Mask, kind: Kind) -> float:
    """Mean misfit of each powder by the transfer of the others."""
    out = []
    for p in range(own.shape[0]):
        chosen = np.arange(own.shape[0]) != p
        made = Transfer(kind, 0.0, sums.knots, _fitted(sums, chosen, kind), 0.0, 0.0, int(chosen.sum())).apply(moved[p])
        out.append(_misfit(own[p], made, used[p]))
    return float(np.mean(out))


def _whole_shift(own: FloatArray, foreign: FloatArray, used: Mask) -> float:
    """The shift (cm⁻¹, to a half) at which all powders together fit best; −12 … 12."""
    best = 0.0
    for reach, step in ((12.0, 2.0), (1.5, 0.5)):
        steps = best + np.arange(-reach, reach + step / 2, step)
        cost = []
        for shift in steps.tolist():
            moved = _shifted(foreign, shift)
            cost.append(sum(_misfit(a, b, u) for a, b, u in zip(own, moved, used, strict=True)))
        best = float(steps[int(np.argmin(cost))])
    return best


# -- curves ----------------------------------------------------------------------------------------


def _checked(curves: FloatArray) -> FloatArray:
    given = np.asarray(curves, dtype=np.float64)
    if given.ndim != 2 or given.shape[1] != GRID.size:
        raise SpectrumError(f"powders must stand in rows of {GRID.size} points on the common grid, got {given.shape}")
    return given


def _filled(curves: FloatArray) -> FloatArray:
    """Gaps and ends by straight lines and the nearest value, so that neighbours can be taken."""
    out = np.array(curves, dtype=np.float64)
    for row in out:
        known = np.isfinite(row)
        if known.any() and not known.all():
            row[~known] = np.interp(GRID[~known], GRID[known], row[known])
    return np.asarray(np.nan_to_num(out), dtype=np.float64)


def _shifted(curves: FloatArray, shift: float) -> FloatArray:
    """Bands moved up by `shift` cm⁻¹, by Fourier interpolation with the ends mirrored."""
    if shift == 0.0:
        return curves
    doubled = np.concatenate([curves, curves[..., ::-1]], axis=-1)
    spectrum = np.fft.rfft(doubled, axis=-1)
    omega = 2 * np.pi * np.fft.rfftfreq(doubled.shape[-1], STEP)
    moved = np.fft.irfft(spectrum * np.exp(-1j * omega * shift), doubled.shape[-1], axis=-1)
    return np.asarray(moved[..., : curves.shape[-1]], dtype=np.float64)


@lru_cache(maxsize=128)
def _line(used: bytes) -> FloatArray:
    """Orthonormal baselines of cosines at the used points."""
    count = int(_number("baseline_cosines"))
    cosines = np.cos(np.pi * np.outer(np.arange(count), (np.arange(GRID.size) + 0.5) / GRID.size)).T
    return np.asarray(np.linalg.qr(cosines[np.frombuffer(used, dtype=bool)])[0], dtype=np.float64)


def _flat(values: FloatArray, used: Mask) -> FloatArray:
    """Values at the used points with a baseline of cosines projected out."""
    line, picked = _line(used.tobytes()), values[used]
    return np.asarray(picked - line @ (line.T @ picked), dtype=np.float64)


def _scale(own: FloatArray, foreign: FloatArray, used: Mask) -> float:
    a, b = _flat(own, used), _flat(foreign, used)
    return max(float(a @ b) / max(float(b @ b), 1e-300), 1e-6)


def _misfit(own: FloatArray, made: FloatArray, used: Mask) -> float:
    a, b = _flat(own, used), _flat(made, used)
    size = float(np.sqrt(a @ a))
    if size <= 0:
        return 1.0
    rest = a - b * (a @ b) / max(float(b @ b), 1e-300)
    return float(np.sqrt(rest @ rest)) / size


def _number(name: str) -> float:
    return float(load("infrared_instrument")["transfer"][name])
