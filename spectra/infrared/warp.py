"""References moved, broadened and tilted in the Fourier domain, many at once: what makes alignment cheap and smooth.

Why: an instrument differs by a shift, a width and a loss of intensity; these are fitted, not hidden. Imports numpy,
scipy.fft and `spectra` only.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.infrared_grid import CO2, CO2_WINDOWS, GRID, STEP
from spectra.types import FloatArray

IntArray = NDArray[np.int64]
PADDED = 1944
"""Points of the transform: 1801 and a smooth bridge of 8 % from the last value back to the first (2³·3⁵)."""
OMEGA: FloatArray = np.asarray(2 * np.pi * np.fft.rfftfreq(PADDED, STEP), dtype=np.float64)
OMEGA.setflags(write=False)
LOG_AXIS: FloatArray = np.log(GRID / 1800.0)
"""ln(ν/1800), (1801,): the shape of the tilt; for Raman curves ln((ν + 300)/1800), as smooth."""
LOG_AXIS.setflags(write=False)
_BRIDGE = 0.5 - 0.5 * np.cos(np.pi * (np.arange(PADDED - GRID.size) + 1.0) / (PADDED - GRID.size + 1.0))
_BY_SHIFT: NDArray[np.complex64] = (-1j * OMEGA).astype(np.complex64)
_BY_BLUR: NDArray[np.float32] = (-0.5 * OMEGA**2).astype(np.float32)
_LOG = LOG_AXIS.astype(np.float32)
_FINE = 32
_COARSE = -(-OMEGA.size // _FINE)
_BLOCK = 2048


class Ready:
    """Some references filled, scaled and padded, with what the engine needs of them; each computed on first use, once.

    `rows` (k,) the library entries, rising. Squares and transforms are kept up to `all_kept` entries and computed where
    they are needed beyond. Read-only and safe to share between threads.
    """

    def __init__(self, curves: NDArray[np.float32], sizes: FloatArray, rows: IntArray, air: bool) -> None:
        self.rows = rows
        self._curves, self._sizes, self._air = curves, sizes, air
        self._small = rows.size <= int(load("infrared")["align"]["all_kept"])
        self._lock = threading.RLock()
        self._padded: NDArray[np.float32] | None = None
        self._squares: NDArray[np.float32] | None = None
        self._transforms: NDArray[np.complex64] | None = None
        self._steepness: FloatArray | None = None

    def padded(self) -> NDArray[np.float32]:
        """The references, (k, PADDED)."""
        with self._lock:
            if self._padded is None:
                held = np.empty((self.rows.size, PADDED), dtype=np.float32)
                for a in range(0, self.rows.size, _BLOCK):
                    rows = self.rows[a : a + _BLOCK]
                    held[a : a + _BLOCK] = _pad(_filled(np.asarray(self._curves[rows]), self._sizes[rows], self._air))
                self._padded = held
            return self._padded

    def energies(self, weights: NDArray[np.float32], at: IntArray | None = None) -> FloatArray:
        """Σ w l² of each, (k,), or of those at the places `at`; `weights` (PADDED,)."""
        if self._small:
            with self._lock:
                if self._squares is None:
                    self._squares = self.padded() ** 2
            return np.asarray((self._squares if at is None else self._squares[at]) @ weights, dtype=np.float64)
        held = self.padded() if at is None else self.padded()[at]
        return np.concatenate([held[a : a + _BLOCK] ** 2 @ weights for a in range(0, len(held), _BLOCK)]).astype(
            np.float64
        )

    def transforms(self, at: IntArray) -> NDArray[np.complex64]:
        """Fourier transforms of those at the places `at`, (…, 973)."""
        if not self._small:
            return _transformed(self.padded()[at])
        with self._lock:
            if self._transforms is None:
                self._transforms = _transformed(self.padded())
        return np.asarray(self._transforms[at])

    def steepness(self) -> FloatArray:
        """Σ l′² of each, (k,), l′ per cm⁻¹."""
        with self._lock:
            if self._steepness is None:
                held, found = self.padded(), np.empty(self.rows.size)
                for a in range(0, self.rows.size, _BLOCK):
                    steps = np.diff(held[a : a + _BLOCK], axis=1)
                    found[a : a + _BLOCK] = np.einsum("ij,ij->i", steps, steps) / STEP**2
                self._steepness = found
            return self._steepness

    def holds(self, rows: IntArray) -> bool:
        """Whether all these entries are among them."""
        return bool(np.isin(rows, self.rows).all())

    def at(self, rows: IntArray) -> IntArray:
        """Where the entries stand in `rows`."""
        return np.asarray(np.searchsorted(self.rows, rows), dtype=np.int64)


class References:
    """N references to be aligned: the largest absorbance each is divided by, and where each was measured.

    `sizes` (N,): largest absorbance (CO₂ left out); 0 for a flat entry, which explains nothing. `masks` (P, 1801) the
    measured points by pattern, `pattern` (N,) the pattern of each. `raman`: on the grid of Raman curves, with the range of
    CO₂, which `air` says is left out otherwise.
    A library of at most `kept_references` entries is kept ready; of a larger one what is asked for is made ready.
    Read-only and safe to share between threads.
    """

    def __init__(self, curves: NDArray[np.float32], raman: bool = False) -> None:
        air = not raman
        self.curves, self.raman, self.air = curves, raman, air
        blocks = [np.asarray(curves[at : at + _BLOCK]) for at in range(0, curves.shape[0], _BLOCK)]
        self.sizes = np.concatenate([_sizes(b, air) for b in blocks]) if blocks else np.zeros(0)
        self.masks, self.pattern = _masks(blocks)
        self.kept = curves.shape[0] <= int(load("infrared")["align"]["kept_references"])
        self._all = Ready(curves, self.sizes, np.arange(curves.shape[0]), air)

    def __len__(self) -> int:
        return int(self.curves.shape[0])

    def ready(self, rows: IntArray) -> Ready:
        """These entries (rising) made ready; the whole library when it is small enough to be kept."""
        return self._all if self.kept else Ready(self.curves, self.sizes, rows, self.air)

    def transforms(self, rows: IntArray) -> NDArray[np.complex64]:
        """Fourier transforms of the rows, (…, 973) complex64, in the shape of `rows`."""
        if self.kept:
            return self._all.transforms(rows)
        flat = rows.reshape(-1)
        padded = _pad(_filled(np.asarray(self.curves[flat]), self.sizes[flat], self.air))
        return _transformed(padded).reshape(*rows.shape, -1)


def warp(
    transforms: NDArray[np.complex64],
    shift: FloatArray,
    blur: FloatArray,
    tilt: FloatArray,
    window: slice,
    slopes: int = 0,
) -> NDArray[np.float32]:
    """References after alignment on the grid points of `window`, (…, M), or with slopes (1 + slopes, …, M).

    T l(ν) = (ν/1800)^tilt · F⁻¹[F l · exp(−iωs − ½ω²b)]: bands move up by `shift` (cm⁻¹), are broadened by the
    variance `blur` ((cm⁻¹)², may be a little negative) and weighted by the tilt. `transforms` (…, 973); the
    parameters broadcast against (…,). `slopes` 1: also ∂/∂shift; 2: ∂/∂shift and ∂/∂blur. Single precision, as the
    references are: errors are near 1e-6 of the strongest band, a thousandth of the noise of a good reading.
    """
    from scipy.fft import irfft

    blur, tilt = _once(blur), _once(tilt)
    kernel = _turn(shift)
    kernel *= np.exp(_BY_BLUR * blur[..., None].astype(np.float32))
    moved = np.empty((1 + slopes, *transforms.shape), dtype=np.complex64)
    np.multiply(transforms, kernel, out=moved[0])
    for k in range(slopes):
        np.multiply(moved[0], (_BY_SHIFT, _BY_BLUR)[k], out=moved[k + 1])
    out = irfft(moved, PADDED, axis=-1)[..., window]
    out = out * np.exp(tilt[..., None].astype(np.float32) * _LOG[window])
    return np.asarray(out if slopes else out[0])


def unwarp(
    rows: FloatArray, shift: float, blur: float, tilt: float, window: slice, slopes: int = 0
) -> NDArray[np.float32]:
    """The adjoint of `warp` for vectors (R, M) on the window, (R, PADDED), so that ⟨T l, r⟩ = l · unwarp(r).

    With `slopes`, the adjoints of ∂T/∂shift of the first `slopes` vectors come first.
    """
    from scipy.fft import irfft, rfft

    spread = np.zeros((rows.shape[0], PADDED), dtype=np.float32)
    spread[:, window] = rows * np.exp(tilt * LOG_AXIS[window])
    kernel = np.conj(_turn(np.array([shift]))) * np.exp(-0.5 * OMEGA**2 * blur).astype(np.float32)
    turned = rfft(spread, axis=-1) * kernel
    turned = np.concatenate([turned[:slopes] * np.conj(_BY_SHIFT), turned])
    return np.asarray(irfft(turned, PADDED, axis=-1))


def _once(values: FloatArray) -> FloatArray:
    """One value in place of many that are equal, of as many dimensions."""
    first = values[(slice(1),) * values.ndim]
    return first if (values == first).all() else values


def _turn(shift: FloatArray) -> NDArray[np.complex64]:
    """exp(−iωs), (…, 973), from two short tables: ω is evenly spaced."""
    unit = -1j * OMEGA[1] * np.asarray(shift)[..., None]
    fine = np.exp(unit * np.arange(_FINE)).astype(np.complex64)
    coarse = np.exp(unit * (_FINE * np.arange(_COARSE))).astype(np.complex64)
    both = coarse[..., :, None] * fine[..., None, :]
    return np.asarray(both.reshape(*both.shape[:-2], -1)[..., : OMEGA.size])


def filled(curves: FloatArray, air: bool = True) -> FloatArray:
    """Curves (…, 1801) without NaN: straight lines across gaps and, with `air`, CO₂ at 2280–2400; ends held."""
    flat = np.array(curves, dtype=np.float64).reshape(-1, GRID.size)
    low, high = CO2_WINDOWS[0]
    known = np.isfinite(flat) & ~(air & (low <= GRID) & (high >= GRID))
    which = np.zeros(len(known), dtype=np.int64)
    if (known != known[:1]).any():
        which = np.unique(np.packbits(known, axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    for p in np.unique(which):
        rows = np.flatnonzero(which == p)
        points = np.flatnonzero(known[rows[0]])
        if not points.size:
            flat[rows] = 0.0
            continue
        at = np.clip(np.searchsorted(points, np.arange(GRID.size), side="right") - 1, 0, max(points.size - 2, 0))
        left, right = points[at], points[np.minimum(at + 1, points.size - 1)]
        part = np.clip((np.arange(GRID.size) - left) / np.maximum(right - left, 1), 0.0, 1.0)
        flat[rows] = flat[np.ix_(rows, left)] * (1 - part) + flat[np.ix_(rows, right)] * part
    return flat.reshape(np.shape(curves))


def _sizes(curves: NDArray[np.float32], air: bool) -> FloatArray:
    known = np.isfinite(curves) & ~(CO2 & air)
    return np.asarray(np.max(np.where(known, np.abs(curves), 0.0), axis=1, initial=0.0), dtype=np.float64)


def _masks(blocks: list[NDArray[np.float32]]) -> tuple[NDArray[np.bool_], IntArray]:
    """Measured points of the curves by pattern (P, 1801), and the pattern of each, (N,)."""
    packed = [np.packbits(np.isfinite(b), axis=1) for b in blocks]
    if not packed:
        return np.zeros((0, GRID.size), dtype=bool), np.zeros(0, dtype=np.int64)
    masks, pattern = np.unique(np.concatenate(packed), axis=0, return_inverse=True)
    return np.unpackbits(masks, axis=1, count=GRID.size).astype(bool), pattern.reshape(-1).astype(np.int64)


def _filled(curves: NDArray[np.float32], sizes: FloatArray, air: bool) -> NDArray[np.float32]:
    scaled = filled(curves.astype(np.float64), air) / np.where(sizes > 0, sizes, 1.0)[:, None]
    return np.asarray(scaled, dtype=np.float32)


def _transformed(padded: NDArray[np.float32]) -> NDArray[np.complex64]:
    from scipy.fft import rfft

    return np.asarray(rfft(padded, axis=-1), dtype=np.complex64)


def _pad(curves: NDArray[np.float32]) -> NDArray[np.float32]:
    bridge = curves[:, -1:] + (curves[:, :1] - curves[:, -1:]) * _BRIDGE.astype(np.float32)
    return np.concatenate([curves, bridge], axis=1)
