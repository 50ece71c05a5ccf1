"""The methods and what each can see, read once from methods.toml: a chemist reviews figures there, not in code."""

from __future__ import annotations

import math
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any

from app.laboratory.identification.domain import NEVER_ABSENT, Method, MethodInfo

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
