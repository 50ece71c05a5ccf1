"""Infrared files made of the starter library's curves: mixtures whose parts a test knows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spectra import starter_infrared_library
from spectra.infrared_grid import GRID
from spectra.types import FloatArray


def mixture(parts: Mapping[str, float], slope: float = 0.0) -> FloatArray:
    """Absorbance (1801,) of starter entries by name, each times its factor, on a slanting baseline."""
    library = starter_infrared_library()
    at = {name.casefold(): k for k, name in enumerate(library.names)}
    curves = sum(factor * np.asarray(library.curves[at[name]], dtype=np.float64) for name, factor in parts.items())
    return np.asarray(curves + slope * (GRID - GRID[0]) / (GRID[-1] - GRID[0]))


def jcamp(absorbance: FloatArray, title: str = "street sample") -> bytes:
    """A JCAMP-DX file of a curve on the common grid; points that are missing at its ends are left out."""
    known = np.flatnonzero(np.isfinite(absorbance))
    values = absorbance[known[0] : known[-1] + 1]
    x = GRID[known[0] : known[-1] + 1]
    whole = np.rint(values * 1e5).astype(int)
    rows = [f"{x[k]:.0f} " + " ".join(str(v) for v in whole[k : k + 8]) for k in range(0, whole.size, 8)]
    head = {
        "TITLE": title, "JCAMP-DX": "4.24", "DATA TYPE": "INFRARED SPECTRUM", "ORIGIN": "test", "OWNER": "public domain",
        "XUNITS": "1/CM", "YUNITS": "ABSORBANCE", "XFACTOR": "1", "YFACTOR": "0.00001", "FIRSTX": f"{x[0]:.0f}",
        "LASTX": f"{x[-1]:.0f}", "FIRSTY": f"{whole[0] / 1e5:.5f}", "DELTAX": "2", "NPOINTS": str(whole.size),
        "XYDATA": "(X++(Y..Y))",
    }  # fmt: skip
    return ("".join(f"##{k}={v}\r\n" for k, v in head.items()) + "\r\n".join(rows) + "\r\n##END=\r\n").encode()
