"""Zips of infrared references as forensic networks hand them out: one JCAMP-DX file per measurement. Made here."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.instruments.instrument_files import asdf_lines

FIRST, STEP, POINTS = 450, 2, 1776


def curve(seed: int, bands: int = 14) -> np.ndarray:
    """An absorbance (1776,) of narrow bands on a level baseline, its largest value about 0.6, with a little noise."""
    rng = np.random.default_rng(seed)
    x = FIRST + STEP * np.arange(POINTS)
    y = sum(
        rng.uniform(0.1, 1.0) / (1 + ((x - rng.uniform(500, 1800)) / rng.uniform(4, 12)) ** 2) for _ in range(bands)
    )
    return np.asarray(0.6 * y / np.max(y) + 0.01 + 2e-4 * rng.standard_normal(POINTS))


def reference(title: str, y: np.ndarray, *, form: str = "DIFDUP", **records: Any) -> bytes:
    """One file; `records` are further labels (underscores become blanks), of which the first are the usual ones."""
    counts = np.rint(np.asarray(y) / 1e-4).astype(int).tolist()
    header: dict[str, Any] = {
        "JCAMP-DX": "4.24", "DATA TYPE": "INFRARED SPECTRUM", "ORIGIN": "A network", "OWNER": "A laboratory",
        "SAMPLING PROCEDURE": "ATR direct measurement", "RESOLUTION": "4", "XUNITS": "1/CM", "YUNITS": "ABSORBANCE",
        "XFACTOR": 1, "YFACTOR": 1e-4, "FIRSTX": FIRST, "LASTX": FIRST + STEP * (len(counts) - 1),
        "NPOINTS": len(counts), "FIRSTY": counts[0] * 1e-4,
    }  # fmt: skip
    header |= {key.replace("_", " "): value for key, value in records.items()}
    lines = [f"##TITLE={title}", *(f"##{k}={v}" for k, v in header.items() if v is not None), "##XYDATA=(X++(Y..Y))"]
    return ("\n".join([*lines, *asdf_lines(FIRST, STEP, counts, form, per_line=12), "##END="]) + "\n").encode()


def zipped(files: Mapping[str, bytes] | Sequence[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items() if isinstance(files, Mapping) else files:
            archive.writestr(name, content)
    return out.getvalue()
