"""I5: street files with known recipes against the whole library: components of 5 % and more named, nothing invented."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.accuracy import Row
from benchmarks.accuracy.infrared_sets import references, street


def rows(data: Path, quick: bool) -> list[Row]:
    """The 20 development files; every component counts as a name, whatever its grade."""
    library = references(data).library()
    named, false, said, exact = [], 0, 0, []
    for file in street(data):
        found = {c.compound for c in library.explain(file.spectrum).components}
        named += [c in found for c, part in file.recipe.items() if part >= 0.05]
        false, said = false + len(found - set(file.recipe)), said + len(found)
        exact.append(found == set(file.recipe))
    return [
        Row("I5", "street files: components of 5 % and more named", float(np.mean(named)), len(named), 0.99),
        Row("I5", "street files: false among the names", false / max(said, 1), said, 0.01, at_most=True),
        Row("I5", "street files: exact set", float(np.mean(exact)), len(exact)),
    ]
