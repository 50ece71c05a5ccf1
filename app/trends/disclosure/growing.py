"""What is published, grown table by table from coarse to fine, each step audited before the next. Pure, deterministic.

Beginning with every table and taking away until the audit passes ends, for a sparse cube, with hardly anything: the finest
tables use the budget up. Here a table is added only if everything published so far passes the audit with it, within
its share of the budget; if not, it is left out and so are those of which it is a margin. What was added before stays, but
for single counts complementary.mend has to withhold.
"""

from __future__ import annotations

from copy import deepcopy

from app.trends.disclosure.auditing import audited
from app.trends.disclosure.complementary import DENSE, Protected, Tell, mend
from app.trends.disclosure.cubes import (
    Axes,
    Bools,
    Cube,
    Publication,
    Table,
    family,
    mask_of,
    with_the_same,
)
from app.trends.disclosure.linear_audit import Budget

STEP = 0.5
"""Part of the budget each table may use."""


def grow(cube: Cube, wanted: Publication, programs: float, tell: Tell = lambda *_: None) -> Protected:
    """The most that passes. `wanted` is what primary suppression and sticky figures left; `programs` as in
    complementary.PROGRAMS: each of the sixteen tables may use half of it."""
    out = Protected(_known_only(cube, wanted, Budget(programs)))
    tables = list(reversed(family()))
    for turn, table in enumerate(tables):
        tell("tables", turn, len(tables))
        mask = mask_of(cube.axes, table)
        if _is_sparse(cube, wanted, mask) or any(_is_margin(left, table) for left in out.left_out):
            out.left_out.append(table)
            continue
        trial = deepcopy(out.pub)
        trial.offered |= mask
        _show(cube.axes, trial, wanted, mask)
        budget = Budget(STEP * programs)
        made = mend(cube, trial, budget)
        out.programs += budget.solved
        if made is None:
            out.left_out.append(table)
        else:
            out.pub, out.audit = trial, made.audit
    tell("tables", len(tables), len(tables))
    gone_n, gone_f = wanted.shown_n & ~out.pub.shown_n, wanted.shown_f & ~out.pub.shown_f
    out.withheld_n, out.withheld_f = int(gone_n.sum()), int(gone_f.sum())
    out.withheld_samples = int(cube.n[gone_n].sum())
    return out


def _known_only(cube: Cube, wanted: Publication, budget: Budget) -> Publication:
    """Only what is known from elsewhere: an earlier release, the cube of a stricter audience. What is hidden in those tables
    has to stay hidden beside whatever is added; what is known there already cannot be helped."""
    pub = deepcopy(wanted)
    pub.shown_n &= pub.fixed_n
    pub.shown_f &= pub.fixed_f & pub.shown_n
    pub.offered &= False
    for table in family():
        mask = mask_of(cube.axes, table)
        pub.offered |= mask & (pub.known_n & mask).any()
    if pub.offered.any():
        found = audited(cube, pub, budget)
        pub.offered.reshape(-1)[found.targets.node[~found.proven]] = False
    return pub


def _show(axes: Axes, trial: Publication, wanted: Publication, mask: Bools) -> None:
    """Add what a table would show, but for what is withheld already at another width of time."""
    gone_n = with_the_same(axes, trial.offered & ~mask & ~trial.shown_n)
    gone_f = with_the_same(axes, (trial.offered & ~mask)[None] & ~trial.shown_f)
    trial.shown_n |= wanted.shown_n & mask & ~gone_n
    trial.shown_f |= wanted.shown_f & mask & ~gone_f
    trial.shown_f &= trial.shown_n


def _is_sparse(cube: Cube, wanted: Publication, mask: Bools) -> bool:
    filled = int(((cube.n > 0) & mask).sum())
    return not filled or int((wanted.shown_n & mask).sum()) < DENSE * filled


def _is_margin(coarse: Table, fine: Table) -> bool:
    return coarse[0] <= fine[0] and coarse[1] <= fine[1] and coarse[2] <= fine[2]
