"""What a perturbed figure is worth: intervals of shares and ranks of medians that include the noise. Pure.

A share p̂ = x̃ / ñ has the interval of all p with (p̂ − p)² ≤ z² [p(1 − p)/ñ + (Vx + p² Vn)/ñ²], a quadratic in p. Without
noise that is Wilson's (1927, doi:10.1080/01621459.1927.10502953).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

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
