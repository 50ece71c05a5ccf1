"""Which counts of a cube have to be protected: all that are not published and not empty. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.trends.disclosure.cubes import Cube, Ints, Publication

N, F, REST, MORE = range(4)
"""Kinds of targets: samples; found; tested and not found; found of the wider class but not of the narrower."""


@dataclass(frozen=True)
class Targets:
    """Counts that are not published and not empty: kind, class (−1 for samples) and node (flat)."""

    kind: Ints
    of_class: Ints
    node: Ints

    def __len__(self) -> int:
        return len(self.kind)

    def only(self, mask: Any) -> Targets:
        """Some of them."""
        return Targets(self.kind[mask], self.of_class[mask], self.node[mask])


def targets_of(cube: Cube, pub: Publication) -> Targets:
    """All that have to be protected: whatever is not shown, complements and differences of nested classes that are few."""
    parts = [(N, np.full(1, -1), (cube.n > 0) & ~pub.known_n & pub.offered_n)]
    rest = cube.n - cube.x - cube.f
    for c, parent in enumerate(cube.axes.parents):
        offered = pub.offered_f[c]
        hidden = ~pub.known_f[c] & offered
        parts.append((F, np.array([c]), (cube.f[c] > 0) & hidden))
        parts.append((REST, np.array([c]), (cube.f[c] > 0) & (rest[c] > 0) & (rest[c] < pub.least) & offered))
        if parent >= 0:
            more = cube.f[parent] - cube.f[c]
            parts.append((MORE, np.array([c]), (cube.f[c] > 0) & (more > 0) & (more < pub.least) & offered))
    kinds, classes, nodes = [], [], []
    for kind, of_class, mask in parts:
        at = np.flatnonzero(mask)
        nodes.append(at)
        kinds.append(np.full(len(at), kind))
        classes.append(np.full(len(at), of_class[0]))
    return Targets(np.concatenate(kinds), np.concatenate(classes), np.concatenate(nodes))
