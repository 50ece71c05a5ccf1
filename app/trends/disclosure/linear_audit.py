"""What linear programming can say about a count from everything that is published. Pure: numpy and scipy (HiGHS).

A System is a set of linear statements about unknown counts: each row lies between two bounds, each unknown is at least its
lower bound. A target is a sum of unknowns that is not published. The attacker knows all rows and that counts are not
negative; what is told is the smallest and largest value a target can have (Cox 1980, J Am Stat Assoc
75:377–385; Fischetti & Salazar 2001, Management Science 47:1008–1027). A target is *bounded* when largest − smallest ≤ WIDTH, that is
when it is known within ±4. Whole numbers are relaxed to fractions, which can only widen an interval: see the margin in
docs/methods/trends.md.

Few programs prove many targets: unknowns that stand in the same rows and targets are merged into one; every solution of
any program is a possible world, so its values widen the seen range of all targets, and a target whose seen range is wider
than WIDTH needs no program of its own. Only what is left after random sums of targets were tried is asked one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

Floats = npt.NDArray[np.float64]
WIDTH = 8.0
TOLERANCE = 1e-6
ROUNDS = 30
SECONDS = 120.0
FAR = 1000.0


class BudgetEnded(Exception):
    """No more programs may be solved: what is not proven by now counts as bounded."""


@dataclass
class Budget:
    """How many programs may be solved, weighed by size: one of 1,000 unknowns and statements costs 1. Never
    by time: the same facts are to give the same release on any machine."""

    programs: float
    tell: Callable[[], None] = lambda: None
    solved: int = 0
    spent: float = 0.0
    ended: bool = False

    def take(self, size: int) -> None:
        """Before each program. Raises BudgetEnded."""
        cost = max(0.05, size / 1000)
        if self.spent + cost > self.programs:
            self.ended = True
            raise BudgetEnded
        self.spent += cost
        self.solved += 1
        self.tell()


@dataclass
class System:
    """`low` ≤ `rows` · x ≤ `high`, x ≥ `lower`, x ≤ `upper`; target = `targets` · x + `fixed`. `truth` is one solution."""

    rows: Any
    low: Floats
    high: Floats
    lower: Floats
    upper: Floats
    truth: Floats
    targets: Any
    fixed: Floats
    width: Floats
    """A target is bounded when its interval is no wider than this: WIDTH."""

    def merged(self) -> System:
        """The same with unknowns that stand in the same rows and targets added up to one."""
        both = sparse.vstack([self.rows, self.targets]).tocsc()
        both.sort_indices()
        groups: dict[bytes, int] = {}
        of_group = np.empty(both.shape[1], np.int64)
        for j in range(both.shape[1]):
            part = slice(both.indptr[j], both.indptr[j + 1])
            key = both.indices[part].tobytes() + both.data[part].tobytes()
            of_group[j] = groups.setdefault(key, len(groups))
        if len(groups) == both.shape[1]:
            return self
        first = np.unique(of_group, return_index=True)[1]

        def added(values: Floats) -> Floats:
            return np.bincount(of_group, weights=values, minlength=len(groups)).astype(np.float64)

        return System(
            self.rows.tocsc()[:, first], self.low, self.high, added(self.lower), added(self.upper), added(self.truth),
            self.targets.tocsc()[:, first], self.fixed, self.width,
        )  # fmt: skip


@dataclass
class Intervals:
    """What was found: seen smallest and largest value of each target, whether these are the true bounds, and for those
    that are bounded the rows that bound them."""

    low: Floats
    high: Floats
    exact: npt.NDArray[np.bool_]
    width: Floats
    blamed: dict[int, npt.NDArray[np.int64]] = field(default_factory=dict)

    @property
    def proven(self) -> npt.NDArray[np.bool_]:
        """Whether a target is known to be wider than it has to be."""
        return self.high - self.low > self.width + TOLERANCE


def audit(system: System, budget: Budget, *, seed: int = 0, one_by_one: bool = True) -> Intervals:
    """Prove as many targets as possible; with `one_by_one` those that are left are bounded exactly.

    What the budget no longer allows is left as it is: not proven.
    """
    solver = _Solver(system.merged(), budget)
    found = solver.found
    random = np.random.default_rng(seed)
    left = int((~found.proven).sum())
    for turn in range(ROUNDS):
        if not left:
            return found
        weights = random.choice((-1.0, 1.0), len(found.low)) * random.uniform(0.5, 1.0, len(found.low))
        if not solver.push(np.where(found.proven, 0.0, weights)):
            return found
        before, left = left, int((~found.proven).sum())
        if turn >= 3 and left > 0.97 * before:
            break
    if one_by_one:
        for target in np.flatnonzero(~found.proven):
            if not found.proven[target] and not solver.bound(int(target)):
                return found
    return found


def bounds(system: System, budget: Budget | None = None) -> tuple[Floats, Floats]:
    """Smallest and largest value of every target, each by programs of its own."""
    solver = _Solver(system.merged(), budget or Budget(float("inf")))
    for target in range(len(system.fixed)):
        solver.bound(target)
    return solver.found.low, solver.found.high


class _Solver:
    def __init__(self, system: System, budget: Budget) -> None:
        self._system = system
        self._budget = budget
        rows, unknowns = system.rows.shape
        # a row between two bounds is an equation with a bounded unknown of its own: half the rows of two inequalities
        self._equations = sparse.hstack([system.rows, -sparse.identity(rows)]).tocsr() if rows else None
        self._zeros = np.zeros(rows)
        far = float(system.truth.sum()) + FAR  # so that every program has an end
        self._bounds = np.column_stack(
            [
                np.concatenate([system.lower, np.maximum(system.low, -far)]),
                np.concatenate([np.minimum(system.upper, far), np.minimum(system.high, far)]),
            ]
        )
        self._unknowns = unknowns
        self._rows = rows
        at_truth = system.targets @ system.truth + system.fixed
        self.found = Intervals(at_truth.copy(), at_truth.copy(), np.zeros(len(at_truth), bool), system.width)

    def push(self, weights: Floats) -> bool:
        """Make a weighted sum of targets as large as can be; False when the budget has ended."""
        try:
            self._solve(self._system.targets.T @ weights)
        except BudgetEnded:
            return False
        return True

    def bound(self, target: int) -> bool:
        """Both bounds of one target; False when the budget has ended."""
        sums = np.asarray(self._system.targets.tocsr()[target].todense(), float).ravel()
        blamed = np.zeros(self._rows, bool)
        try:
            for sign in (1.0, -1.0):
                duals = self._solve(sign * sums)
                if duals is not None:
                    blamed |= np.abs(duals) > TOLERANCE
                if self.found.proven[target]:
                    return True
        except BudgetEnded:
            return False
        self.found.exact[target] = True
        self.found.blamed[target] = np.flatnonzero(blamed)
        return True

    def _solve(self, gain: Floats) -> Floats | None:
        """Maximise `gain` · x, see the solution, give the dual values of the rows; None where the solver gave up."""
        self._budget.take(self._unknowns + self._rows)
        cost = np.concatenate([-gain, self._zeros])
        equations = {"A_eq": self._equations, "b_eq": self._zeros} if self._rows else {}
        done = optimize.linprog(cost, bounds=self._bounds, method="highs", options={"time_limit": SECONDS}, **equations)
        if done.status != 0:
            return None
        world = np.asarray(done.x[: self._unknowns], float)
        values = self._system.targets @ world + self._system.fixed
        np.minimum(self.found.low, values, out=self.found.low)
        np.maximum(self.found.high, values, out=self.found.high)
        return np.asarray(done.eqlin.marginals, float) if self._rows else None
