"""What somebody who has everything that is published of a cube knows, as linear statements. Pure.

Of a shown count: the interval of its rounding, and that it is not below the threshold. Of a shown numerator also that its
complement is none (then both counts are the same number) or at least the threshold. Of a kept figure (sticky.py): the
same, wider by the few samples its set may have changed. Besides, more than anybody is likely to know: in which finest cells
there is no sample at all, and how many samples of a finest cell were not tested for a class. Classes nest: a wider class
is found at least as often. A marker says nothing: it reads “fewer than N, or withheld”, stands in every cell that is not
shown, empty ones too, and so puts no bound on a count.

Only some unknowns may be free, the others stay as they truly are: fewer possible worlds, so a target that is wide here is
wide, and one that is not may still be. Large cubes are proven piece by piece that way (auditing.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from app.trends.disclosure.cubes import Bools, Cube, Ints, Publication, rounded
from app.trends.disclosure.linear_audit import WIDTH, Floats, System
from app.trends.disclosure.targets import MORE, REST, F, N, Targets

BUILT = -1
SLACK = 2.0


@dataclass(frozen=True)
class RowNames:
    """For each row of a system which shown count it comes from: N, F or REST, class, node; BUILT: from none."""

    kind: Ints
    of_class: Ints
    node: Ints


class Knowledge:
    """Builds systems of one cube and one publication."""

    def __init__(self, cube: Cube, pub: Publication) -> None:
        self.cube = cube
        self.pub = pub
        n, f = cube.n, cube.f
        self._low_n, self._high_n = _interval(n, pub.kept_n, pub.moved_n, pub.floor_n)
        self._low_f, self._high_f = _interval(f, pub.kept_f, pub.moved_f, pub.floor_f)

    @property
    def intervals(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Bounds of every count if it is shown: samples, then found."""
        return self._low_n, self._high_n, self._low_f, self._high_f

    @cached_property
    def sums(self) -> Any:
        """Node × finest cell: 1 where the node holds the cell."""
        axes = self.cube.axes

        def with_all(size: int) -> Any:
            return sparse.vstack([np.ones((1, size)), sparse.identity(size)])

        by_region = sparse.kron(sparse.csr_matrix(axes.time_sums), with_all(len(axes.regions)))
        return sparse.kron(by_region, with_all(len(axes.expected))).tocsr()

    def widths(self, targets: Targets) -> Floats:
        """How wide the interval of each target has to be at least: more than ±4. Within a single count that is known to be
        8 at most (shown to partners, or tested) nothing can be that wide; there it has to be wider than the suppressed
        range, or than half of that count."""
        n = self._within(np.where(self.pub.known_n, self._high_n, np.inf))
        most = n.ravel()[targets.node]
        tested = targets.kind != N
        most[tested] -= self.cube.x.reshape(-1, self.cube.n.size)[targets.of_class[tested], targets.node[tested]]
        for c in range(len(self.cube.axes.classes)):
            mine = (targets.of_class == c) & np.isin(targets.kind, (F, MORE))
            if mine.any():
                for above in (c, *self.cube.axes.holding(c)):
                    if above == c and (targets.kind[mine] == MORE).all():
                        continue
                    f = self._within(np.where(self.pub.known_f[above], self._high_f[above], np.inf))
                    most[mine] = np.minimum(most[mine], f.ravel()[targets.node[mine]])
        return np.where(most > WIDTH, WIDTH, np.minimum(self.pub.least - 2.0, most / 2))

    def _within(self, high: Floats) -> Floats:
        """For each node the smallest upper bound of any shown count that holds it."""
        axes = self.cube.axes
        out = np.minimum(high, high[:, :1])
        out = np.minimum(out, out[:, :, :1])
        timed = out.copy()
        for wide in np.flatnonzero(axes.time_levels < 3):
            inside = (axes.time_sums @ axes.time_sums[wide]) == axes.time_sums.sum(axis=1)
            timed[inside] = np.minimum(timed[inside], out[wide])
        return timed

    def system(self, atoms: Bools, pairs: Bools, targets: Targets) -> tuple[System, RowNames]:
        """With the samples of `atoms` free, and what was found in `pairs` (class × atom)."""
        atoms = atoms & (self.cube.samples > 0)
        return _Builder(self, np.flatnonzero(atoms), pairs & (self.cube.samples > 0), targets).build()


def _interval(true: Ints, kept: Ints, moved: Bools, least: Ints) -> tuple[Floats, Floats]:
    """Bounds of each count if it is shown. A zero is a zero: it is not a rounded one."""
    value = np.where(kept >= 0, kept, rounded(true)).astype(float)
    zero = value == 0
    low = np.where(zero, 0.0, np.maximum(value - SLACK, least))
    high = np.where(zero, 0.0, value + SLACK)
    wider = np.where(moved, least - 1.0, 0.0)
    return np.maximum(low - wider, 0.0), high + wider


class _Builder:
    def __init__(self, known: Knowledge, atoms: Ints, pairs: Bools, targets: Targets) -> None:
        self.known, self.atoms, self.targets = known, atoms, targets
        cube, count = known.cube, known.cube.samples.size
        self.n0 = cube.samples.ravel().astype(float)
        self.f0 = cube.found.reshape(len(cube.axes.classes), count).astype(float)
        self.x0 = cube.untested.reshape(len(cube.axes.classes), count).astype(float)
        self.free = pairs.reshape(len(cube.axes.classes), count)
        self.starts = len(atoms) + np.concatenate([[0], np.cumsum(self.free.sum(axis=1))]).astype(int)
        self.size = int(self.starts[-1])
        self.sums = known.sums
        self.blocks: list[tuple[Any, Floats, Floats]] = []
        self.names: list[tuple[Ints, Ints, Ints]] = []

    def build(self) -> tuple[System, RowNames]:
        self._shown_samples()
        for c in np.flatnonzero(self.free.any(axis=1)):
            self._shown_found(int(c))
            self._complements(int(c))
            self._within_samples(int(c))
        lower, upper = self._own_bounds()
        truth = np.concatenate([self.n0[self.atoms], *(self.f0[c][self.free[c]] for c in range(len(self.f0)))])
        sums, fixed = self._targets(truth)
        widths = self.known.widths(self.targets)
        rows = sparse.vstack([b[0] for b in self.blocks]).tocsr()
        low, high = (np.concatenate([b[i] for b in self.blocks]) for i in (1, 2))
        at = (
            rows @ truth
        )  # what is not free is taken off both sides already; rounding of sums is not to exclude the truth
        system = System(rows, np.minimum(low, at), np.maximum(high, at), lower, upper, truth, sums, fixed, widths)
        kinds, classes, nodes = (np.concatenate([n[i] for n in self.names]) for i in range(3))
        return system, RowNames(kinds, classes, nodes)

    def _of_n(self, nodes: Ints) -> Any:
        part = self.sums[nodes][:, self.atoms]
        return sparse.hstack([part, sparse.csr_matrix((len(nodes), self.size - len(self.atoms)))]).tocsr()

    def _of_f(self, c: int, nodes: Ints) -> Any:
        part = self.sums[nodes][:, np.flatnonzero(self.free[c])]
        before, after = self.starts[c], self.size - self.starts[c + 1]
        empty = [sparse.csr_matrix((len(nodes), int(width))) for width in (before, after)]
        return sparse.hstack([empty[0], part, empty[1]]).tocsr()

    def _add(self, rows: Any, low: Floats, high: Floats, kind: int, c: int, nodes: Ints) -> None:
        """Keep rows in which something is free."""
        some = np.flatnonzero(np.diff(rows.indptr))
        self.blocks.append((rows[some], low[some], high[some]))
        self.names.append((np.full(len(some), kind), np.full(len(some), c), nodes[some]))

    def _shown_samples(self) -> None:
        known, pub, cube = self.known, self.known.pub, self.known.cube
        nodes = np.flatnonzero(pub.known_n)
        true = cube.n.ravel()[nodes].astype(float)
        low, high = known._low_n.ravel()[nodes], known._high_n.ravel()[nodes]
        for c in np.flatnonzero(~self.free.any(axis=1)):  # what is known of classes that stay as they are
            shown = pub.known_f[c].ravel()[nodes] & ~self._kept(int(c)).ravel()[nodes]
            held = (cube.f[c] + cube.x[c]).ravel()[nodes].astype(float)
            every = shown & (held == true)
            low = np.where(shown, np.maximum(low, np.where(every, true, held + pub.floor_f[c].ravel()[nodes])), low)
            high = np.where(every, true, high)
        rows = self._of_n(nodes)
        rest = true - rows @ self._truth_n()
        self._add(rows, low - rest, high - rest, N, -1, nodes)

    def _truth_n(self) -> Floats:
        return np.concatenate([self.n0[self.atoms], np.zeros(self.size - len(self.atoms))])

    def _truth_f(self, c: int) -> Floats:
        out = np.zeros(self.size)
        out[self.starts[c] : self.starts[c + 1]] = self.f0[c][self.free[c]]
        return out

    def _kept(self, c: int) -> Bools:
        pub = self.known.pub
        kept: Bools = (pub.kept_f[c] >= 0) | (pub.kept_n >= 0)
        return kept

    def _shown_found(self, c: int) -> None:
        known = self.known
        nodes = np.flatnonzero(known.pub.known_f[c])
        rows = self._of_f(c, nodes)
        rest = known.cube.f[c].ravel()[nodes] - rows @ self._truth_f(c)
        self._add(rows, known._low_f[c].ravel()[nodes] - rest, known._high_f[c].ravel()[nodes] - rest, F, c, nodes)

    def _complements(self, c: int) -> None:
        """Tested and not found: none, or at least the threshold. Left out where the intervals say so already."""
        known, cube, least = self.known, self.known.cube, self.known.pub.floor_f[c].ravel()
        other = (cube.n - cube.x[c] - cube.f[c]).ravel()
        near = known.pub.known_f[c].ravel() & ~self._kept(c).ravel() & (other < least + 4 * SLACK)
        nodes = np.flatnonzero(near)
        rows = self._of_n(nodes) - self._of_f(c, nodes)
        rest = other[nodes] - rows @ (self._truth_n() + self._truth_f(c))
        none = other[nodes] == 0
        high = np.where(none, 0.0, np.inf)
        self._add(rows.tocsr(), np.where(none, 0.0, least[nodes]) - rest, high - rest, REST, c, nodes)

    def _within_samples(self, c: int) -> None:
        """Found and not tested are part of the samples of a finest cell; a class is part of the class that holds it."""
        pairs = np.flatnonzero(self.free[c])
        own = np.arange(self.starts[c], self.starts[c + 1])
        movable = np.isin(pairs, self.atoms)
        place = np.searchsorted(self.atoms, pairs[movable])
        self._differences(place, own[movable], self.x0[c][pairs[movable]], c)
        parent = self.known.cube.axes.parents[c]
        if parent >= 0 and self.free[parent].any():
            both = self.free[parent][pairs]
            above = self.starts[parent] + np.searchsorted(np.flatnonzero(self.free[parent]), pairs[both])
            self._differences(above, own[both], np.zeros(int(both.sum())), c)

    def _differences(self, plus: Ints, minus: Ints, least: Floats, c: int) -> None:
        count = len(plus)
        at = np.arange(count)
        values = np.concatenate([np.ones(count), -np.ones(count)])
        rows = sparse.csr_matrix(
            (values, (np.concatenate([at, at]), np.concatenate([plus, minus]))), (count, self.size)
        )
        self._add(rows, least, np.full(count, np.inf), BUILT, c, np.full(count, -1))

    def _own_bounds(self) -> tuple[Floats, Floats]:
        """What the counts that stay as they are leave to the free ones."""
        stays = np.where(self.free, 0.0, self.f0 + self.x0)
        lower = [stays.max(axis=0, initial=0.0)[self.atoms]]
        upper = [np.full(len(self.atoms), np.inf)]
        parents = self.known.cube.axes.parents
        for c in range(len(self.f0)):
            pairs = np.flatnonzero(self.free[c])
            least = np.zeros(len(pairs))
            for child in (i for i, parent in enumerate(parents) if parent == c):
                least = np.maximum(least, np.where(self.free[child][pairs], 0.0, self.f0[child][pairs]))
            most = np.where(np.isin(pairs, self.atoms), np.inf, (self.n0 - self.x0[c])[pairs])
            if parents[c] >= 0:
                most = np.where(self.free[parents[c]][pairs], most, np.minimum(most, self.f0[parents[c]][pairs]))
            lower.append(least)
            upper.append(most)
        return np.concatenate(lower), np.concatenate(upper)

    def _targets(self, truth: Floats) -> tuple[Any, Floats]:
        """Each target as a sum of the free unknowns, and the part of it that stays."""
        cube, t = self.known.cube, self.targets
        parts, order, true = [], [], np.zeros(len(t))
        for kind in (N, F, REST, MORE):
            for c in np.unique(t.of_class[t.kind == kind]):
                at = np.flatnonzero((t.kind == kind) & (t.of_class == c))
                nodes = t.node[at]
                if kind == N:
                    rows, value = self._of_n(nodes), cube.n.ravel()[nodes]
                elif kind == F:
                    rows, value = self._of_f(c, nodes), cube.f[c].ravel()[nodes]
                elif kind == REST:
                    rows = self._of_n(nodes) - self._of_f(c, nodes)
                    value = (cube.n - cube.x[c] - cube.f[c]).ravel()[nodes]
                else:
                    parent = cube.axes.parents[c]
                    rows = self._of_f(parent, nodes) - self._of_f(c, nodes)
                    value = (cube.f[parent] - cube.f[c]).ravel()[nodes]
                parts.append(rows)
                order.append(at)
                true[at] = value
        if not parts:
            return sparse.csr_matrix((0, self.size)), true
        place = np.argsort(np.concatenate(order))
        sums = sparse.vstack(parts).tocsr()[place]
        return sums, true - sums @ truth
