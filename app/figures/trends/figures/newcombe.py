"""The interval of a difference between two shares: Newcombe's hybrid score interval. Pure.

R. G. Newcombe, Interval estimation for the difference between independent proportions, method 10, Statistics in Medicine
17 (1998) 873–890, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I. It needs no large samples, never
passes ±1, and covers better than the interval from the standard error. It takes the two groups as independent, which a
period inside its own baseline is not: the interval is then a little too wide.
"""

from __future__ import annotations

from math import sqrt

from app.platform.kernel.shares import wilson


def difference_interval(one: tuple[int, int], other: tuple[int, int]) -> tuple[float, float]:
    """95 % interval of p₁ − p₂, each given as numerator and denominator."""
    return difference_of((one[0] / one[1], *wilson(*one)), (other[0] / other[1], *wilson(*other)))


def difference_of(one: tuple[float, float, float], other: tuple[float, float, float]) -> tuple[float, float]:
    """Newcombe's difference from two shares with their intervals: (share, low, high)."""
    (p1, l1, u1), (p2, l2, u2) = one, other
    low = p1 - p2 - sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2)
    high = p1 - p2 + sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2)
    return low, high
