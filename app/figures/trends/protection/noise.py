"""The random amounts by which figures are moved: one for each set of samples, the same wherever and whenever it is counted;
and what a perturbed figure is worth: intervals of shares and ranks of medians that include the noise.

Cell keys after Fraser and Wooton (2005) and Thompson, Broadfoot and Elazar (2013): a sample has a secret record key, a set
has the sum of its record keys, and the sum picks the noise. The noise is the distribution of largest entropy on the whole
numbers −D..D with mean 0 and variance V (Giessing 2016, doi:10.1007/978-3-319-45381-1_18), which is a discrete Gaussian
(Canonne, Kamath and Steinke 2020, arXiv:2004.00010) cut at D; D is five standard deviations, so that no edge is ever proof.
Pure but for the secret it is given.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Keys = NDArray[np.uint64]
Whole = NDArray[np.int64]


class Stream(StrEnum):
    """What is counted. Two only: nested classes with the same members must not be drawn twice."""

    SAMPLES = "samples"
    FINDINGS = "findings"


class Strength(StrEnum):
    """How much a reader's figures are moved: what is public is a researcher's figure, moved once more."""

    RESEARCHER = "researcher"
    PUBLIC = "public"

    @property
    def times(self) -> int:
        """How many independent draws lie on a figure."""
        return 2 if self is Strength.PUBLIC else 1


VARIANCE = {Stream.SAMPLES: 3.0, Stream.FINDINGS: 6.0}
"""Of one draw. Findings are moved more than samples: that a sample came is less than what it held."""
REACH = {Stream.SAMPLES: 9, Stream.FINDINGS: 13}
"""The largest amount of one draw, five standard deviations."""


@cache
def probabilities(stream: Stream) -> NDArray[np.float64]:
    """Of the amounts −D..D, in their order.

    >>> p = probabilities(Stream.SAMPLES)
    >>> round(float(p.sum()), 12), round(float((p * np.arange(-9, 10) ** 2).sum()), 6)
    (1.0, 3.0)
    """
    amounts = np.arange(-REACH[stream], REACH[stream] + 1, dtype=np.float64)

    def weights(rate: float) -> NDArray[np.float64]:
        return np.exp(-rate * amounts**2)

    def variance(rate: float) -> float:
        p = weights(rate)
        return float((p * amounts**2).sum() / p.sum()) - VARIANCE[stream]

    p = weights(brentq(variance, 1e-3, 2.0, xtol=1e-15))
    return np.asarray(p / p.sum(), np.float64)


@cache
def _steps(stream: Stream) -> Keys:
    """Where one amount ends and the next begins, on the scale of a 64-bit number."""
    ends = np.cumsum(probabilities(stream))[:-1]
    return np.array([int(end * 2.0**64) for end in ends], np.uint64)


@dataclass(frozen=True)
class Draws:
    """Draws noise with one secret. `secret`: of this installation; anyone who has it and can guess sets can test guesses."""

    secret: bytes

    @classmethod
    def of(cls, pepper: bytes) -> Draws:
        """With a secret of its own, made from that of the server."""
        return cls(hmac.digest(pepper, b"figures: cell keys", "sha256"))

    @property
    def check(self) -> str:
        """Tells one secret from another and says nothing about it."""
        return hashlib.blake2b(b"check", key=self.secret, digest_size=16, person=b"check").hexdigest()

    def record_keys(self, sample_ids: Iterable[bytes]) -> Keys:
        """A secret number for each sample."""
        return self._hashed(b"record", sample_ids)

    def of_sets(self, sums: Keys, counts: Whole, stream: Stream, strength: Strength, empty: str) -> Whole:
        """The noise of each cell: `sums` of the record keys of its samples, `counts` how many there are.

        An empty cell has no set: its noise is drawn by where it stands, `empty` being the name of the whole array.
        """
        drawn = self._empty(f"{stream}/{strength}/{empty}", sums.size).reshape(sums.shape)
        full = counts > 0
        if full.any():
            kinds, which = np.unique(sums[full], return_inverse=True)
            person = f"{stream}/{strength}".encode()[:16]
            keys = self._hashed(person, (int(one).to_bytes(8, "little") for one in kinds.tolist()))
            drawn[full] = keys[which]
        return np.searchsorted(_steps(stream), drawn, side="right").astype(np.int64) - REACH[stream]

    def _empty(self, name: str, size: int) -> Keys:
        stream = hashlib.shake_256(self.secret + b"empty" + name.encode()).digest(8 * size)
        return np.frombuffer(stream, "<u8").astype(np.uint64)

    def _hashed(self, person: bytes, values: Iterable[bytes]) -> Keys:
        start = hashlib.blake2b(key=self.secret, digest_size=8, person=person)

        def one(value: bytes) -> bytes:
            state = start.copy()
            state.update(value)
            return state.digest()

        return np.frombuffer(b"".join(map(one, values)), "<u8").astype(np.uint64)


def summed(cells: NDArray[np.int64], keys: Keys, size: int) -> tuple[Keys, Whole]:
    """Sum of record keys (modulo 2⁶⁴) and number of samples per cell; `cells`: the cell of each sample."""
    sums = np.zeros(size, np.uint64)
    np.add.at(sums, cells, keys)
    return sums, np.bincount(cells, minlength=size).astype(np.int64)


def variance_of(stream: Stream, strength: Strength, cells: int = 1) -> float:
    """Of the noise on a sum of so many drawn cells."""
    return VARIANCE[stream] * strength.times * cells


Z = 1.959964
LEAST = 20
"""A share or a median is given from so many (perturbed) samples on, whatever it is."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval. `value` is unlimited: only so do parts add up without bias; `low`, `high` are 0–1."""

    value: float
    low: float
    high: float

    def rest(self) -> Share:
        """The share of the others."""
        return Share(1 - self.value, 1 - self.high, 1 - self.low)


def share(part: int, whole: int, part_variance: float, whole_variance: float) -> Share:
    """A share from two perturbed counts and the variances of their noise. Raises ZeroDivisionError for an empty whole.

    A share p̂ = x̃ / ñ has the interval of all p with (p̂ − p)² ≤ z² [p(1 − p)/ñ + (Vx + p² Vn)/ñ²], a quadratic in p. Without
    noise that is Wilson's (1927, doi:10.1080/01621459.1927.10502953).

    >>> one = share(30, 40, 0.0, 0.0)
    >>> round(one.low, 3), round(one.high, 3)
    (0.598, 0.858)
    """
    value, z2 = part / whole, Z * Z
    p = min(1.0, max(0.0, value))
    # (1 + z²/n − z² Vn/n²) p² − (2 p̂ + z²/n) p + p̂² − z² Vx/n² ≤ 0
    a = 1 + z2 / whole - z2 * whole_variance / whole**2
    b = 2 * p + z2 / whole
    c = p * p - z2 * part_variance / whole**2
    if a <= 0:  # so much noise on so few samples that it could be anything
        return Share(value, 0.0, 1.0)
    root = sqrt(max(0.0, b * b - 4 * a * c))
    low, high = (b - root) / (2 * a), (b + root) / (2 * a)
    return Share(value, min(p, max(0.0, low)), max(p, min(1.0, high)))


def ranks(n: int, moved: int, variance: float) -> tuple[int, int | None, int | None]:
    """Places (from 0) of a perturbed median and of the ends of its interval among n figures in rising order.

    `moved`: the noise, half of which the rank is moved by. None: the interval has no such end.
    """
    middle = (n - 1) / 2 + moved / 2
    half = Z * sqrt(n / 4 + variance / 4)
    low, high = round(middle - half), round(middle + half)
    at = min(n - 1, max(0, round(middle)))
    return at, low if low >= 0 else None, high if high <= n - 1 else None


def count(value: int, variance: float) -> tuple[int, int] | None:
    """The range in which the true count lies in 19 of 20 cases; None where the figure reads “few or none”.

    >>> count(12, 6.0), count(4, 6.0)
    ((7, 17), None)
    """
    if value < few(variance):
        return None
    half = round(Z * sqrt(variance))
    return max(0, value - half), value + half


def few(variance: float) -> int:
    """Below this a count is “few or none”: two standard deviations of its noise, upwards."""
    return -int(-2 * sqrt(variance) // 1)
