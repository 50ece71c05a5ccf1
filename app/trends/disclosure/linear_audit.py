"""What linear programming can say about a count from everything that is published. Pure: numpy, scipy's sparse arrays and HiGHS.

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

import highspy
import numpy as np
import numpy.typing as npt
from highspy._core import _Highs  # what highspy.Highs is made of: that prints a banner, whatever its options say
from scipy import sparse

Floats = npt.NDArray[np.float64]
WIDTH = 8.0
TOLERANCE = 1e-6
ROUNDS = 30
FAR = 1000.0
PRIMAL = 4
ITERATIONS = 200_000
"""Most iterations of one program: an end that is the same on any machine, which a time limit is not."""


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
    """One system, many questions. The solver keeps its basis: the statements stay and only the question changes, so
    every vertex is a feasible start for the next question and the primal simplex method goes on from there."""

    def __init__(self, system: System, budget: Budget) -> None:
        self._system = system
        self._budget = budget
        self._rows, self._unknowns = system.rows.shape
        self._every = np.arange(self._unknowns, dtype=np.int32)
        self._highs = _loaded(system)
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
        highs = self._highs
        highs.changeColsCost(self._unknowns, self._every, np.asarray(gain, float))
        highs.run()
        if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            highs.clearSolver()
            return None
        solution = highs.getSolution()
        values = self._system.targets @ np.array(solution.col_value) + self._system.fixed
        np.minimum(self.found.low, values, out=self.found.low)
        np.maximum(self.found.high, values, out=self.found.high)
        return np.array(solution.row_dual)


def _loaded(system: System) -> Any:
    """A solver that holds the statements, to maximise."""
    rows, unknowns = system.rows.shape
    far = float(system.truth.sum()) + FAR  # so that every program has an end
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = rows, unknowns
    program.sense_ = highspy.ObjSense.kMaximize
    program.col_cost_ = np.zeros(unknowns)
    program.col_lower_, program.col_upper_ = system.lower, np.minimum(system.upper, far)
    program.row_lower_, program.row_upper_ = np.maximum(system.low, -far), np.minimum(system.high, far)
    by_column = sparse.csc_matrix(system.rows)
    matrix = program.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kColwise
    matrix.num_row_, matrix.num_col_ = rows, unknowns
    matrix.start_, matrix.index_, matrix.value_ = by_column.indptr, by_column.indices, by_column.data
    highs = _Highs()
    highs.passOptions(_quiet())
    highs.passModel(program)
    return highs


def _quiet() -> highspy.HighsOptions:
    options = highspy.HighsOptions()
    options.output_flag = False
    options.threads = 1
    options.solver = "simplex"
    options.simplex_strategy = PRIMAL
    options.simplex_iteration_limit = ITERATIONS
    return options
