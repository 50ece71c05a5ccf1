"""Whether testing changed between two periods of a series: a method came or went, so the figures compare less well. Pure.

Compared are the shares of samples a method looked at. A method came or went where its share moved from under 5 % to over
20 % or back, between a period and the latest one before it; both of 20 samples or more. Smaller moves are chance,
or a method used now and then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from app.figures.trends.domain import MIN_DENOMINATOR, Count, Dimension
from app.figures.trends.selection import Key

RARE, COMMON = 0.05, 0.20


def changed(by: Sequence[Dimension], period: Dimension, samples: Sequence[Count], looked: Sequence[Count]) -> set[Key]:
    """Keys of rows before which testing changed. `samples` per row; `looked` per row and method, the method last."""
    at = by.index(period)
    used: defaultdict[Key, dict[str, int]] = defaultdict(dict)
    for count in looked:
        used[count.key[:-1]][count.key[-1]] = count.denominator
    series: defaultdict[Key, list[Count]] = defaultdict(list)
    for count in samples:
        if count.denominator >= MIN_DENOMINATOR and count.key[at]:
            series[(*count.key[:at], *count.key[at + 1 :])].append(count)
    found = set()
    for counts in series.values():
        ordered = sorted(counts, key=lambda count: count.key[at])
        for before, after in pairwise(ordered):
            if _moved(before, used[before.key], after, used[after.key]):
                found.add(after.key)
    return found


def _moved(before: Count, was: Mapping[str, int], after: Count, now: Mapping[str, int]) -> bool:
    for method in {*was, *now}:
        (rarer, n), (commoner, m) = sorted(
            ((was.get(method, 0), before.denominator), (now.get(method, 0), after.denominator)),
            key=lambda side: side[0] / side[1],
        )
        if rarer / n < RARE and commoner / m > COMMON:
            return True
    return False
