"""The methods by which a sample is analysed, and what each can see. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel


class Method(StrEnum):
    """How a sample was analysed. Scope, limits and category of each stand in methods.toml."""

    REAGENT = "reagent"
    STRIP = "strip"
    TLC = "tlc"
    UV = "uv"
    FTIR = "ftir"
    RAMAN = "raman"
    DART_MS = "dart_ms"
    AMBIENT_MS = "ambient_ms"
    LC_UV = "lc_uv"
    LC_MS = "lc_ms"
    GC_MS = "gc_ms"
    GC_FID = "gc_fid"
    QNMR = "qnmr"
    VISUAL = "visual"


QUICK_TESTS = frozenset({"strip", "reagent", "visual"})
"""Strips, colour tests and looking at it: they react or they do not. What they react to was not found, and what they do not
react to is no sample tested for it; they stand with the tests, for comparing one method with another."""


def only_quick(methods: Iterable[str]) -> bool:
    """Whether nothing but quick tests stands behind a finding. Of one whose method nobody wrote down nobody can say so.

    >>> only_quick(["strip"]), only_quick(["strip", "gc_ms"]), only_quick([])
    (True, False, False)
    """
    named = frozenset(methods)
    return bool(named) and named <= QUICK_TESTS


NEVER_ABSENT = '"Not seen" is not "absent".'
"""Comes before every other limit."""


class MethodOut(BaseModel, frozen=True):
    """What a method can see and what it cannot. `lod_percent` in % w/w of the sample as received."""

    method: Method
    title: str
    version: str
    active: bool
    category: str
    specific: bool
    classes: tuple[str, ...]
    excludes: tuple[str, ...]
    lod_percent: float | None
    lod_words: str
    limits: tuple[str, ...]
    provenance: str
    reviewed: str
    review_by: str


class MethodInfo(MethodOut):
    """One method as app/laboratory/identification/methods.toml describes it.

    `lock_masses`: m/z of ions (Da, with their charge) the laboratory measures along to put the mass scale right.
    """

    reads: tuple[str, ...]
    lock_masses: tuple[float, ...] = ()
