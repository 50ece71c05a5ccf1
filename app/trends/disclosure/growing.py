"""What is published, grown table by table from coarse to fine, each step audited before the next. Pure, deterministic.

Beginning with every table and taking away until the audit passes ends, for a sparse cube, with hardly anything: the finest
tables use the budget up. Here a table is added only if everything published so far passes the audit with it, within
its share of the budget; if not, it is left out and so are those of which it is a margin. A class that few cells of a table could show is
left out of that table alone: rare classes would cost the common ones theirs. What was added before stays, but
for single counts complementary.mend has to withhold.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np

from app.trends.disclosure.auditing import Audited, audited
from app.trends.disclosure.complementary import mend
from app.trends.disclosure.cubes import (
    Axes,
    Bools,
    Cube,
    Ints,
    Publication,
    Table,
    family,
    mask_of,
    with_the_same,
)
from app.trends.disclosure.linear_audit import Budget

Tell = Callable[[str, int, int], None]
"""What is being done, how much of how much."""

PROGRAMS = 4000.0
"""Of 1,000 unknowns and statements, for one audience. A few minutes of one core."""
DENSE = 0.6
"""Part of the cells that hold samples that has to be large enough, or the table is left out; the same of the cells that hold a
class, or the class is left out of the table."""
STEP = 0.5
"""Part of the budget each table may use."""


@dataclass
class Protected:
    """What may be published, what the audit found last, and what it cost."""

    pub: Publication
    left_out: list[Table] = field(default_factory=list)
    audit: Audited | None = None
    programs: int = 0
    withheld_n: int = 0
    withheld_f: int = 0
    withheld_samples: int = 0


def grow(cube: Cube, wanted: Publication, programs: float, tell: Tell = lambda *_: None) -> Protected:
    """The most that passes. `wanted` is what primary suppression and sticky figures left; `programs` as in
    PROGRAMS: each of the sixteen tables may use half of it."""
    start, audit = _known_only(cube, wanted, Budget(programs))
    out = Protected(start, audit=audit)
    tables = list(reversed(family()))
    for turn, table in enumerate(tables):
        tell("tables", turn, len(tables))
        mask = mask_of(cube.axes, table)
        if _is_sparse(cube, wanted, mask) or any(_is_margin(left, table) for left in out.left_out):
            out.left_out.append(table)
            continue
        trial, made, solved = _with_table(cube, wanted, out.pub, table, Budget(STEP * programs))
        out.programs += solved
        if made.bounded:
            out.left_out.append(table)
        else:
            trial.offered_f &= ~(mask & ~(trial.known_f & mask).any(axis=(1, 2, 3), keepdims=True))
            out.pub, out.audit = trial, made
    tell("tables", len(tables), len(tables))
    gone_n, gone_f = wanted.shown_n & ~out.pub.shown_n, wanted.shown_f & ~out.pub.shown_f
    out.withheld_n, out.withheld_f = int(gone_n.sum()), int(gone_f.sum())
    out.withheld_samples = int(cube.n[gone_n].sum())
    return out


def _with_table(
    cube: Cube, wanted: Publication, pub: Publication, table: Table, budget: Budget
) -> tuple[Publication, Audited, int]:
    """What is published and a table besides, what the audit says of it, and the programs it took.

    A class with counts that stay bounded, because all that bounds them must stay shown, is left out of the table, and it is
    tried again; then the classes it is part of or holds.
    """
    mask = mask_of(cube.axes, table)
    classes = _dense_classes(cube, wanted, pub, table)
    while True:
        trial = deepcopy(pub)
        trial.offered_n |= mask
        trial.offered_f |= classes
        _show(cube.axes, trial, wanted, mask)
        made = mend(cube, trial, budget)
        stuck = np.unique(made.targets.of_class[~made.proven])
        if not made.bounded or budget.ended or stuck[0] < 0:
            return trial, made, budget.solved
        own: Bools = np.any(classes & ~pub.offered_f, axis=(1, 2, 3))
        going = [c for c in stuck if own[c]] or [c for c in _relatives(cube, stuck) if own[c]]
        if not going:
            return trial, made, budget.solved
        classes[going] = False


def _relatives(cube: Cube, classes: Ints) -> list[int]:
    """Classes that hold one of these, or are held by one."""
    held = {c: {c, *cube.axes.holding(c)} for c in range(len(cube.axes.classes))}
    return [c for c, above in held.items() if any(int(one) in above or c in held[int(one)] for one in classes)]


def _known_only(cube: Cube, wanted: Publication, budget: Budget) -> tuple[Publication, Audited]:
    """Only what is known from elsewhere: an earlier release, the cube of a stricter audience. What is hidden in those tables
    has to stay hidden beside whatever is added; what is known there already cannot be helped."""
    pub = deepcopy(wanted)
    pub.shown_n &= pub.fixed_n
    pub.shown_f &= pub.fixed_f & pub.shown_n
    pub.offered_n &= False
    pub.offered_f &= False
    for table in family():
        mask = mask_of(cube.axes, table)
        pub.offered_n |= mask & (pub.known_n & mask).any()
        pub.offered_f |= mask & (pub.known_f & mask).any(axis=(1, 2, 3), keepdims=True)
    found = audited(cube, pub, budget)
    helpless = found.targets.node[~found.proven]
    if len(helpless):
        samples = found.targets.of_class[~found.proven] < 0
        pub.offered_n.reshape(-1)[helpless[samples]] = False
        of_class = found.targets.of_class[~found.proven][~samples]
        pub.offered_f.reshape(len(pub.offered_f), -1)[of_class, helpless[~samples]] = False
        found = audited(cube, pub, budget)
    return pub, found


def _show(axes: Axes, trial: Publication, wanted: Publication, mask: Bools) -> None:
    """Add what a table would show, but for what is withheld already at another width of time."""
    gone_n = with_the_same(axes, trial.offered_n & ~mask & ~trial.shown_n)
    gone_f = with_the_same(axes, trial.offered_f & ~mask & ~trial.shown_f)
    trial.shown_n |= wanted.shown_n & mask & ~gone_n
    trial.shown_f |= wanted.shown_f & mask & trial.offered_f & ~gone_f
    trial.shown_f &= trial.shown_n


def _is_sparse(cube: Cube, wanted: Publication, mask: Bools) -> bool:
    filled = int(((cube.n > 0) & mask).sum())
    return not filled or int((wanted.shown_n & mask).sum()) < DENSE * filled


def _dense_classes(cube: Cube, wanted: Publication, pub: Publication, table: Table) -> Bools:
    """The cells of a table for each class that is published in it: most cells that hold it can be shown, and it is published in
    every margin of the table."""
    mask = mask_of(cube.axes, table)
    filled = ((cube.f > 0) & mask).sum(axis=(1, 2, 3))
    dense = (wanted.shown_f & (cube.f > 0) & mask).sum(axis=(1, 2, 3)) >= np.maximum(DENSE * filled, 1)
    for other in family():
        if other != table and _is_margin(other, table):
            dense &= (pub.offered_f & mask_of(cube.axes, other)).any(axis=(1, 2, 3))
    chosen: Bools = dense[:, None, None, None] & mask
    return chosen


def _is_margin(coarse: Table, fine: Table) -> bool:
    return coarse[0] <= fine[0] and coarse[1] <= fine[1] and coarse[2] <= fine[2]
