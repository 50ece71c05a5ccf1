"""Two people at one draft: changes of different substances, and of different fields of one, go together; the same field changed
in two ways is a choice. Pure: it takes the findings both began with, what stands there now, and what the second wants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from app.results.finding import NewFinding

_T = TypeVar("_T")
FIELDS = {
    "abundance": ("abundance",), "amount": ("amount",), "below": ("below",),
    "confidence": ("confidence", "confidence_reason"),
}  # fmt: skip
"""Fields that hold one thing, each with what goes with it. Of the others, which are lists, what either added is there and what
either took out is gone."""
WHOLE = "finding"
"""The field of a choice between a finding and none."""

Choices = Mapping[tuple[str, str], bool]
"""(substance, field) → whether one's own is taken."""


@dataclass(frozen=True, slots=True)
class Clash:
    """One field that two people changed in two ways. `theirs` or `yours` is None where that side removed the finding."""

    key: str
    field: str
    theirs: NewFinding | None
    yours: NewFinding | None


@dataclass(frozen=True, slots=True)
class Merged:
    """The findings with both sides' changes; while there are `clashes`, theirs stand in them."""

    findings: tuple[NewFinding, ...]
    clashes: tuple[Clash, ...] = ()


def merge(
    base: Sequence[NewFinding],
    theirs: Sequence[NewFinding],
    yours: Sequence[NewFinding],
    choices: Choices | None = None,
) -> Merged:
    """Both sides' changes of `base`, substance by substance, in the order that is there now with new ones behind."""
    b, t, y = ({one.key: one for one in some} for some in (base, theirs, yours))
    out: list[NewFinding] = []
    clashes: list[Clash] = []
    for key in dict.fromkeys((*t, *y)):
        found, open_ = _one(key, b.get(key), t.get(key), y.get(key), choices or {})
        clashes += open_
        if found is not None:
            out.append(found)
    return Merged(tuple(out), tuple(clashes))


def _one(
    key: str, base: NewFinding | None, theirs: NewFinding | None, yours: NewFinding | None, choices: Choices
) -> tuple[NewFinding | None, list[Clash]]:
    if yours in (base, theirs):
        return theirs, []
    if theirs == base:
        return yours, []
    if theirs is None or yours is None:  # one took it out, the other changed it
        own = choices.get((key, WHOLE))
        return (yours if own else theirs), ([] if own is not None else [Clash(key, WHOLE, theirs, yours)])
    return _fields(base or _blank(theirs), theirs, yours, choices)


def _blank(of: NewFinding) -> NewFinding:
    """What both began with where neither saw the substance."""
    return NewFinding(of.substance_id, of.substance_class, of.unknown_label)


def _fields(
    base: NewFinding, theirs: NewFinding, yours: NewFinding, choices: Choices
) -> tuple[NewFinding, list[Clash]]:
    merged, clashes = _sets(base, theirs, yours), []
    for name in FIELDS:
        mine, other, before = (_values(side, name) for side in (yours, theirs, base))
        if mine in (before, other):
            continue
        own = choices.get((theirs.key, name), True if other == before else None)
        if own is None:
            clashes.append(Clash(theirs.key, name, theirs, yours))
        elif own:
            merged = replace(merged, **mine)
    return merged, clashes


def _sets(base: NewFinding, theirs: NewFinding, yours: NewFinding) -> NewFinding:
    """Theirs with both sides' changes of what are lists. A retention time counts for an analysis that is still there."""
    analyses = _union(base.analysis_ids, theirs.analysis_ids, yours.analysis_ids)
    compared = _union(base.retention_ids, theirs.retention_ids, yours.retention_ids)
    return replace(
        theirs,
        analysis_ids=analyses,
        retention_ids=tuple(one for one in compared if one in analyses),
        cannot_tell_from=_union(base.cannot_tell_from, theirs.cannot_tell_from, yours.cannot_tell_from),
    )


def _values(side: NewFinding, name: str) -> dict[str, Any]:
    return {one: getattr(side, one) for one in FIELDS[name]}


def _union(base: tuple[_T, ...], theirs: tuple[_T, ...], yours: tuple[_T, ...]) -> tuple[_T, ...]:
    gone = {one for one in base if one not in theirs or one not in yours}
    return tuple(one for one in dict.fromkeys((*theirs, *yours)) if one not in gone)
