"""136 real infrared files of teaching laboratories are read or refused with a reason: how many of what, counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from instruments import InstrumentError, read, to_absorbance
from spectra import Level, Reading, ReadingKind, infrared_quality

Table = dict[str, dict[str, int]]
MESSY_JCAMP: Table = {
    "read or refused": {"read": 96},
    "y axis": {"transmittance (%)": 74, "transmittance": 16, "absorbance": 6},
    "resolution stated": {"no": 80, "yes": 16},
    "remarks of the reader": {"ordinate_scale": 74, "first_y_is_lowest": 74, "no_data_type": 51},
    "warnings of the reader": {},
    "warnings of the quality gate": {"ir_negative_lobes": 71, "ir_saturated": 13},
}
OMNIC: Table = {
    "read or refused": {"read": 40},
    "y axis": {"transmittance (%)": 34, "absorbance": 4, "reflectance (%)": 1, "log(1/R)": 1},
    "resolution stated": {"yes": 32, "no": 8},
    "remarks of the reader": {},
    "warnings of the reader": {},
    "warnings of the quality gate": {"ir_saturated": 4, "ir_weak": 3},
}


def told(readings: list[Reading], refused: int) -> Table:
    """The counts of a collection."""
    remarks = [r for one in readings for r in one.remarks]
    gate = [
        r.code
        for one in readings
        for r in infrared_quality(to_absorbance(one))
        if r.level is not Level.INFO
    ]  # fmt: skip
    counted = {
        "read or refused": Counter(read=len(readings), refused=refused),
        "y axis": Counter(one.y_unit for one in readings),
        "resolution stated": Counter("yes" if "resolution_cm1" in one.meta else "no" for one in readings),
        "remarks of the reader": Counter(r.code for r in remarks if r.level is Level.INFO),
        "warnings of the reader": Counter(r.code for r in remarks if r.level is not Level.INFO),
        "warnings of the quality gate": Counter(gate),
    }
    return {what: dict(+counts) for what, counts in counted.items()}


@pytest.mark.parametrize(("folder", "counts"), [("dirty_jdx", MESSY_JCAMP), ("spa", OMNIC)])
def test_every_file_of_a_collection_is_read_and_its_warnings_are_those_looked_at_by_eye(
    shared_data: Path, folder: str, counts: Table
) -> None:
    readings, refused = [], []
    for file in sorted((shared_data / "ir" / folder).iterdir()):
        try:
            readings += read(file)
        except InstrumentError as reason:
            refused.append(reason.message)
    assert told(readings, len(refused)) == counts
    assert all(reason.endswith(".") for reason in refused)
    for reading in readings:
        assert (reading.kind, reading.x_unit) == (ReadingKind.IR, "cm-1")
        assert np.all(np.diff(reading.x) > 0) or np.all(np.diff(reading.x) < 0)
        spectrum = to_absorbance(reading)
        assert spectrum.resolution == reading.meta.get("resolution_cm1")
