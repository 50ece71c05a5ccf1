"""Limits of methods and thresholds of decisions, read from data files with provenance and a review date.

Why: numbers that matter belong where a chemist can review them, not in code. Imports the standard library only.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


def method_limits(technique: str) -> list[str]:
    """Sentences to show with every answer of `technique`; "not seen" is not "absent" always comes first.

    Known: ftir, raman, ei-ms (gc-ms), ms/ms (lc-ms), dart-ms (exact mass), strip, reagent, uv and their
    spellings in `data/limits.toml`. An unknown technique gets the general sentence and says so.

    >>> method_limits("strip")[0]
    '"Not seen" is not "absent".'
    """
    data = load("limits")
    always = [str(text) for text in data["always"]["texts"]]
    wanted = technique.strip().casefold()
    for part in data.values():
        if isinstance(part, dict) and wanted in part.get("names", ()):
            return always + [str(text) for text in part["texts"]]
    return [*always, f"The limits of {technique or 'this method'} are not recorded: ask the chemist."]


@cache
def load(name: str) -> dict[str, Any]:
    """The data file `spectra/data/<name>.toml`."""
    return tomllib.loads(files("spectra").joinpath("data", f"{name}.toml").read_text(encoding="utf-8"))


def decision(section: str, name: str) -> float:
    """One threshold of `data/decisions.toml`.

    >>> decision("mass", "look_alike_cos2")
    0.95
    """
    return float(load("decisions")[section][name])
