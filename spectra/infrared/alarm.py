"""Something is here that the library cannot explain: how much is left over, more than this noise allows, and where.

Why: small names in an incomplete answer are wrong half of the time; the residual must veto them. Imports numpy, scipy and
`spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectra.confidence.limits import load
from spectra.infrared.baseline import cosines
from spectra.infrared.fit import Fit, fit_many
from spectra.infrared.ground import off
from spectra.infrared.mixture import Final
from spectra.infrared.noise import running_mean
from spectra.infrared.scene import FitProblem
from spectra.types import FloatArray

_SMOOTH = 7


@dataclass(frozen=True, slots=True)
class Alarm:
    """`excess`: structured residual over structured signal (0 = none); `threshold` what this noise allows.

    `strange` the part of the excess that no change of the named references' own bands explains; `gate` the excess when
    every point counts alike; `mostly` when more is unexplained than explained. `bands`: positions (cm⁻¹, rising) of the
    strongest unexplained bands. `snr` strongest absorbance over white noise.
    """

    excess: float
    threshold: float
    gate: float
    bands: tuple[float, ...]
    strange: float
    snr: float

    @property
    def on(self) -> bool:
        """Whether something is likely missing: more than noise is left, and not just references that fit badly."""
        return self.mostly or (self.left_over and not self._of_references)

    @property
    def mismatch(self) -> bool:
        """Whether more than noise is left, and it looks like the named references in another shape."""
        return self.left_over and not self.on

    @property
    def left_over(self) -> bool:
        """Whether more is left than this noise allows."""
        return self.excess > self.threshold

    @property
    def _of_references(self) -> bool:
        data = load("infrared")["alarm"]
        return self.snr >= data["strange_snr"] and self.strange <= min(
            float(data["strange"]), float(data["strange_part"]) * self.excess
        )

    @property
    def mostly(self) -> bool:
        """Whether most of the reading is unexplained."""
        return self.gate > float(load("infrared")["alarm"]["mostly"])


def alarm(final: Final) -> Alarm:
    """The alarm of a settled set.

    ex = √max(0, mean(s²) − σ²/7) / rms(y − baseline), s the residual averaged over 7 points, σ the white noise. The
    threshold is read from `data/infrared.toml` by signal-to-noise (log-linear between the rows). Above it, the alarm is on
    unless the residual is that of references which fit badly: what is left of ex after the members' own deformations
    (gain, shift and width changing slowly along the axis) are taken off stays below .05 and below .55 ex, in a reading of
    signal-to-noise 100 and more.

    Misleads: a small missing substance whose bands lie under those of the named ones looks like a reference that fits
    badly; a reference of another technique like a missing substance.
    """
    scene = final.scene
    if final.fit is None:
        rest = scene.y - scene.plain.baseline(scene.y)
        return Alarm(1.0, threshold(1.0 / scene.sigma), 1.0, bands(scene, rest), 1.0, 1.0 / scene.sigma)
    plain = fit_many(scene, scene.white, [final.fit.state], 2, final.fit.priors)[0]
    snr = 1.0 / scene.sigma
    return Alarm(
        excess(final.fit), threshold(snr), excess(plain), bands(scene, final.fit.rest), strange(final.fit), snr
    )


def excess(fit: Fit) -> float:
    """ex of one fit, see `alarm`."""
    return _excess(fit.scene, fit.rest)


def strange(fit: Fit) -> float:
    """ex of what is left of the residual beside the deformations of all members, at equal weights."""
    scene = fit.scene
    own = [scene.plain.project(deformations(fit, k)) for k in range(len(fit.state.entries))]
    return _excess(scene, off(scene.plain.project(fit.rest), np.concatenate(own)))


def deformations(fit: Fit, k: int) -> FloatArray:
    """Member k with gain, shift and width changing slowly along the axis, (18, M), in scaled absorbance, unweighted.

    X0 cos_j, j = 1 … 8; X1 cos_j, j = 0 … 5; X2 cos_j, j = 0 … 3.
    """
    x0, x1, x2 = fit.warped[:, k]
    waves = cosines(x0.size, 9).T
    return np.concatenate([x0 * waves[1:9], x1 * waves[:6], x2 * waves[:4]])


def _excess(scene: FitProblem, rest: FloatArray) -> float:
    used = scene.used
    smooth = running_mean(rest, used, _SMOOTH)[used]
    left = max(0.0, float((smooth**2).mean()) - scene.sigma**2 / _SMOOTH)
    signal = (scene.y - scene.plain.baseline(scene.y))[used]
    return float(np.sqrt(left / max(float((signal**2).mean()), 1e-300)))


def threshold(snr: float) -> float:
    """Excess that complete readings of this signal-to-noise stay below.

    >>> threshold(20.0), threshold(300.0)
    (0.04, 0.02)
    """
    data = load("infrared")["alarm"]
    return float(np.interp(np.log(snr), np.log(data["snr"]), data["excess"]))


def bands(scene: FitProblem, rest: FloatArray) -> tuple[float, ...]:
    """Wavenumbers (cm⁻¹, rising) of the strongest unexplained bands: prominent above noise and above 2 % of the signal."""
    from scipy.signal import find_peaks

    data = load("infrared")["alarm"]
    smooth = np.where(scene.used, running_mean(rest, scene.used, _SMOOTH), 0.0)
    least = max(float(data["band_noise"]) * scene.sigma / np.sqrt(_SMOOTH), float(data["band_height"]))
    found, shape = find_peaks(smooth, prominence=least, wlen=101)
    strong = found[np.argsort(-shape["prominences"], kind="stable")][: int(data["bands"])]
    return tuple(float(scene.axis[p]) for p in np.sort(strong))
