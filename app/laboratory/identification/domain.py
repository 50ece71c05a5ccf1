"""The methods by which a sample is analysed, and what each can see, read once from methods.toml: a chemist reviews figures
there, not in code. Pure."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any

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

    `blind` are ids and classes of the register that it cannot see whatever their amount, `seen_as` ids with the id that is seen in their
    place. `lock_masses`: m/z of ions (Da, with their charge) the laboratory measures along to put the mass scale right.
    """

    reads: tuple[str, ...]
    blind: tuple[str, ...] = ()
    seen_as: dict[str, str] = {}
    lock_masses: tuple[float, ...] = ()


_DEFAULT_OF_KIND = {
    "ir": Method.FTIR,
    "raman": Method.RAMAN,
    "uv": Method.UV,
    "chromatogram": Method.GC_FID,
}


@lru_cache(maxsize=1)
def methods() -> dict[Method, MethodInfo]:
    """Every method. Raises KeyError when the file and the enum do not agree, ValueError for a row that is none."""
    data = tomllib.loads(files("app.laboratory.identification").joinpath("methods.toml").read_text(encoding="utf-8"))
    usual = {name: data[name] for name in ("reviewed", "review_by")} | {"active": True, "lod_percent": None}
    rows = {method: usual | data[method.value] | {"method": method} for method in Method}
    for method, row in rows.items():
        row["limits"] = (NEVER_ABSENT, *row["limits"])  # the general one first
        row["lock_masses"] = _lock_masses(method, row.get("lock_masses", []))
    return {method: MethodInfo.model_validate(row) for method, row in rows.items()}


def method_info(method: Method) -> MethodInfo:
    """One method."""
    return methods()[method]


def _lock_masses(method: Method, given: Any) -> tuple[float, ...]:
    """m/z of a method's lock masses. Raises ValueError on what is no m/z, before a reading is judged by it."""
    masses = tuple(float(mz) for mz in given)
    if not all(math.isfinite(mz) and mz > 0 for mz in masses):
        raise ValueError(f"methods.toml, {method.value}: a lock mass is an m/z above zero, got {given}")
    return masses


def method_for(kind: str, *, accurate: bool = False, precursor: bool = False, scans: bool = False) -> Method | None:
    """The method a reading most likely belongs to; None when its kind does not say.

    Anything with a precursor is taken as LC-MS, unit-mass spectra as GC-MS, accurate masses as DART-MS, or as LC-MS
    when they come as a run.
    """
    if kind in ("mass_spectrum", "mass_run"):
        if precursor or (accurate and scans):
            return Method.LC_MS
        return Method.DART_MS if accurate else Method.GC_MS
    return _DEFAULT_OF_KIND.get(kind)
