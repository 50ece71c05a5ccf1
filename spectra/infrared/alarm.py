"""Something is here that the library cannot explain: how much is left over, more than this noise allows, and where.

Why: small names in an incomplete answer are wrong half of the time; the residual must veto them. Imports numpy, scipy and
`spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectra.confidence.limits import load
from spectra.infrared.fit import Fit, fit_many
from spectra.infrared.mixture import Final
from spectra.infrared.noise import running_mean
from spectra.infrared.scene import Scene
from spectra.types import FloatArray

_SMOOTH = 7


@dataclass(frozen=True, slots=True)
class Alarm:
    """`excess`: structured residual over structured signal (0 = none); `threshold` what this noise and misfit allow.

    `gate` the same excess when every point counts alike; `mostly` when more is unexplained than explained. `bands`:
    positions (cm⁻¹, rising) of the strongest unexplained bands.
    """

    excess: float
    threshold: float
    gate: float
    bands: tuple[float, ...]

    @property
    def on(self) -> bool:
        """Whether something is likely missing."""
        return self.excess > self.threshold or self.mostly

    @property
    def mostly(self) -> bool:
        """Whether most of the reading is unexplained."""
        return self.gate > float(load("infrared")["alarm"]["mostly"])


def alarm(final: Final) -> Alarm:
    """The alarm of a settled set.

    ex = √max(0, mean(s²) − σ²/7) / rms(y − baseline), s the residual averaged over 7 points, σ the white noise. The
    threshold is read from `data/infrared.toml` by signal-to-noise (log-linear between the rows).

    Misleads: a reference from another instrument leaves a residual like a missing substance.
    """
    scene = final.scene
    if final.fit is None:
        rest = scene.y - scene.plain.baseline(scene.y)
        return Alarm(1.0, threshold(1.0 / scene.sigma), 1.0, bands(scene, rest))
    plain = fit_many(scene, scene.white, [final.fit.state], 2, final.fit.priors)[0]
    snr = 1.0 / scene.sigma
    return Alarm(excess(final.fit), threshold(snr), excess(plain), bands(scene, final.fit.rest))


def excess(fit: Fit) -> float:
    """ex of one fit, see `alarm`."""
    scene, used = fit.scene, fit.scene.used
    smooth = running_mean(fit.rest, used, _SMOOTH)[used]
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


def bands(scene: Scene, rest: FloatArray) -> tuple[float, ...]:
    """Wavenumbers (cm⁻¹, rising) of the strongest unexplained bands: prominent above noise and above 2 % of the signal."""
    from scipy.signal import find_peaks

    data = load("infrared")["alarm"]
    smooth = np.where(scene.used, running_mean(rest, scene.used, _SMOOTH), 0.0)
    least = max(float(data["band_noise"]) * scene.sigma / np.sqrt(_SMOOTH), float(data["band_height"]))
    found, shape = find_peaks(smooth, prominence=least, wlen=101)
    strong = found[np.argsort(-shape["prominences"], kind="stable")][: int(data["bands"])]
    return tuple(float(scene.axis[p]) for p in np.sort(strong))
