"""What is published, grown table by table from coarse to fine, each step audited before the next. Pure, deterministic.

Beginning with every table and taking away until the audit passes ends, for a sparse cube, with hardly anything: the finest
tables use the budget up. Here a table is added only if everything published so far passes the audit with it, within
its share of the budget; if not, it is left out and so are those of which it is a margin. What was added before stays, but
for single counts complementary.mend has to withhold.

Months nobody is told of are added up first: with tables of quarters and years the unknowns are quarters. That changes no
interval: the counts of a group of cells that stand in the same published sums can be dealt out among its cells in
any way the statements allow (all beyond what stays in one cell, what was found with it).
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import fields

import numpy as np

from app.trends.disclosure.auditing import audited
from app.trends.disclosure.complementary import DENSE, Protected, Tell, mend
from app.trends.disclosure.cubes import (
    Axes,
    Bools,
    Cube,
    Ints,
    Publication,
    Table,
    family,
    mask_of,
    quarter_of,
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
        made = _mended(cube, trial, budget)
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


def _mended(cube: Cube, trial: Publication, budget: Budget) -> Protected | None:
    """Mend `trial` where it is seen coarsest; None where the budget does not allow it."""
    finest = max(
        int(cube.axes.time_levels[np.any(seen, axis=(-2, -1))].max(initial=0))
        for seen in (trial.offered, trial.known_n, trial.known_f.any(axis=0))
    )
    if finest == 3:
        return mend(cube, trial, budget)
    small, times = coarsened(cube, finest)
    seen = _at(trial, small, times)
    made = mend(small, seen, budget)
    if made is not None:
        here = times >= 0
        trial.shown_n[times[here]] = seen.shown_n[here]
        trial.shown_f[:, times[here]] = seen.shown_f[:, here]
    return made


def coarsened(cube: Cube, level: int) -> tuple[Cube, Ints]:
    """The same samples with one month for each quarter (2), year (1) or for all (0), and for each of its time nodes the
    node of the cube that holds the same, −1 where there is none of that width or wider."""
    axes = cube.axes
    group = [(lambda m: m, quarter_of, lambda m: m[:4], lambda _: "")[3 - level](month) for month in axes.months]
    names = sorted(set(group))
    first = {name: next(m for m, g in zip(axes.months, group, strict=True) if g == name) for name in names}
    sums = np.array([[g == name for g in group] for name in names], np.int64)
    few = Axes(tuple(first[name] for name in names), axes.regions, axes.expected, axes.classes)

    def added(atoms: Ints) -> Ints:
        out: Ints = np.einsum("gm,...mre->...gre", sums, atoms)
        return out

    place = {label: i for i, label in enumerate(axes.times) if axes.time_levels[i] <= level}
    times = np.array([place.get(label, -1) for label in few.times], np.int64)
    return Cube(few, added(cube.samples), added(cube.found), added(cube.untested)), times


def _at(pub: Publication, small: Cube, times: Ints) -> Publication:
    """A publication of the coarser cube: what is told of the nodes both have, nothing of the others."""
    out = Publication.first(small, pub.least)
    here = times >= 0
    for field in fields(pub):
        mine = getattr(pub, field.name)
        if not isinstance(mine, np.ndarray):
            continue
        theirs = getattr(out, field.name)
        nothing = {"kept": -1, "floor": pub.least}.get(field.name.split("_")[0], False)
        theirs[...] = nothing
        theirs[..., here, :, :] = mine[..., times[here], :, :]
    return out
