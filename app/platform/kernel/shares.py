"""The interval of a share, for anyone who prints one. Pure."""

from __future__ import annotations

import math


def wilson(numerator: int, denominator: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    p, n = numerator / denominator, denominator
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, min(p, centre - half) if numerator else 0.0), min(1.0, max(p, centre + half))
