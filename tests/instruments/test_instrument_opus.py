"""Bruker OPUS: every block with its role, axis and unit; damage and half-written files refused or told."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instruments import UnsupportedVariant, read
from instruments.readers.opus import _acquired
from spectra.types import ReadingKind
from tests.instruments.instrument_files import codes, one
from tests.instruments.opus_files import (
    ABOUT,
    Y,
    kind,
    opus,
    parameter_block,
    refused,
    roles,
    spectrum,
    whole,
)

DATA = Path(os.environ.get("MAST_SHARED_DATA") or Path(__file__).resolve().parents[2] / "../shared/data")
FACTS = DATA / "instruments/MANIFEST.tsv"


# --- what is in a file ------------------------------------------------------------------------------------------


def test_each_block_has_its_own_axis_values_unit_and_kind() -> None:
    result, sample, reference, interferogram, phase = read(whole(), "a.0")
    np.testing.assert_allclose(result.x, np.linspace(4000, 400, 6))
    np.testing.assert_allclose(result.y, np.float32(Y))
    assert (result.kind, result.x_unit, result.y_unit) == (ReadingKind.IR, "cm-1", "absorbance")
    assert (sample.kind, sample.x_unit, sample.y_unit) == (ReadingKind.IR, "cm-1", "single beam")
    np.testing.assert_allclose(sample.y, np.float32(Y) / 10, rtol=1e-6)
    assert (reference.n_points, reference.x[-1], reference.y_unit) == (7, 390.0, "single beam")
    assert (interferogram.kind, interferogram.x_unit, interferogram.y_unit) == (
        ReadingKind.OTHER,
        "point",
        "interferogram",
    )
    assert interferogram.x.tolist() == [0, 1, 2, 3]
    assert (phase.kind, phase.x_unit, phase.y_unit) == (ReadingKind.OTHER, "cm-1", "phase")
    assert not any(r.warnings for r in (result, sample, reference, interferogram, phase))


def test_what_the_file_says_about_itself_is_kept_and_persons_are_not() -> None:
    result, _, reference, *_ = read(whole(), "a.0")
    assert (result.title, result.instrument) == ("Tablet 7, 1 mm²", "ALPHA II")
    expected = {
        "acquired": "2019-05-03T13:34:44.641-04:00", "serial": "445", "sample": "Tablet 7, 1 mm²", "sample_form": "ATR",
        "software": "OPUS 8.5.29", "firmware": "1.300", "detector": "DLaTGS", "accessory": "ATR platinum Diamond",
        "source": "MIR", "resolution_cm1": 4.0, "n_coadded": 32, "x_unit_raw": "WN", "y_unit_raw": "absorbance",
        "role": "result", "assurance": "high",
    }  # fmt: skip
    assert dict(result.meta) == expected
    assert "Person" not in repr([dict(r.meta) for r in read(whole(), "a.0")])
    assert (reference.meta["n_coadded"], reference.meta["acquired"][:10]) == (16, "2019-05-02")


def test_absorbance_stands_before_transmittance_before_other_results_before_match() -> None:
    blocks = [b for data in (22, 12, 5, 4) for b in spectrum(Y, data)]
    assert [r.y_unit for r in read(opus(*blocks), "a.0")] == ["absorbance", "transmittance", "reflectance", "match"]


def test_descriptions_that_tell_nothing_are_given_out_in_order() -> None:
    bare = {"MXY": None, "MNY": None}
    (one_block, one_status), (other, other_status) = spectrum(Y, last=500, **bare), spectrum(Y, last=600, **bare)
    found = read(opus(one_block, one_status, other, other_status), "a.0")
    assert [r.x[-1] for r in found] == [600, 500]
    broken = spectrum(Y, DPF=7)[1]  # fits nothing, and must not stop the search for one that fits
    assert roles(opus(broken, one_block, one_status)) == ["result"]


def test_transmittance_is_a_fraction_unless_its_middle_says_per_cent() -> None:
    spiky = one(opus(*spectrum([0.9, 0.8, 0.95, 40.0, 0.9], 5)), "a.0")  # noise where the detector sees nothing
    assert spiky.y_unit == "transmittance"
    percent = one(opus(*spectrum([90.0, 80.0, 95.0], 5)), "a.0")
    assert percent.y_unit == "transmittance (%)"
    assert codes(percent) == {"ordinate_scale"}


@pytest.mark.parametrize(
    ("unit", "ours", "made"),
    [("MI", "um", ReadingKind.IR), ("LGW", "ln(cm-1)", ReadingKind.IR), ("NM", "nm", ReadingKind.UV), ("XYZ", "XYZ", ReadingKind.OTHER)],
)  # fmt: skip
def test_the_unit_of_the_axis_is_read(unit: str, ours: str, made: ReadingKind) -> None:
    reading = one(opus(*spectrum(Y, first=2, last=25, DXU=unit)), "a.0")
    assert (reading.x_unit, reading.kind, reading.meta["x_unit_raw"]) == (ours, made, unit)
    assert ("x_unit_unknown" in codes(reading)) == (unit == "XYZ")
    assert "x_unit_unknown" not in codes(one(opus(*spectrum(Y, first=2, last=25, DXU=unit)), "a.0", x_unit="cm-1"))


def test_an_axis_without_unit_is_asked_about_and_a_persons_answer_wins() -> None:
    content = opus(*spectrum(Y, DXU=None))
    assert "unit_unknown" in codes(one(content, "a.0"))
    told = one(content, "a.0", x_unit="nm", y_unit="transmittance", kind="uv")
    assert (told.x_unit, told.y_unit, told.kind, told.warnings) == ("nm", "transmittance", ReadingKind.UV, ())


def test_a_derivative_or_a_complex_part_is_not_called_absorbance() -> None:
    derived = one(opus(*spectrum(Y, derivative=2)), "a.0")
    assert (derived.y_unit, derived.meta["assurance"]) == ("absorbance, second derivative", "medium")
    real, imaginary = read(opus(*spectrum(Y, part=2), *spectrum(Y, part=1)), "a.0")[::-1]
    assert {real.y_unit, imaginary.y_unit} == {"absorbance, real part", "absorbance, imaginary part"}


def test_data_of_an_unknown_type_are_given_out_with_a_question() -> None:
    result, odd = read(opus(*spectrum(Y), *spectrum(Y, 29)), "a.0")
    assert result.warnings == ()
    assert (odd.y_unit, odd.kind, odd.meta["role"]) == ("", ReadingKind.OTHER, "data of unknown type")
    assert codes(odd) == {"y_unit_unknown"}


def test_integers_are_scaled() -> None:
    reading = one(opus(*spectrum([1, 40, 100], form="<i4", CSF=0.01, MXY=1.0, MNY=0.01)), "a.0")
    assert reading.y.tolist() == [0.01, 0.4, 1.0]
    assert reading.warnings == ()


def test_a_compact_block_ends_with_its_values() -> None:
    content = opus(*spectrum(Y, extension=4, before=b"\7" * 40, pad=0))
    np.testing.assert_allclose(one(content, "a.0").y, np.float32(Y))
    odd = opus(*spectrum(Y, extension=4, before=b"\7" * 40, pad=2))
    assert refused(odd).code == "extremes_differ"


@pytest.mark.parametrize(
    ("date", "clock", "moment"),
    [
        ("03/05/2019", "13:34:44.641 (GMT-4)", "2019-05-03T13:34:44.641-04:00"),
        ("2019/05/03", "08:00:00 (GMT+5.5)", "2019-05-03T08:00:00.000+05:30"),
        ("03/05/2019", "08:00:00 (GMT+5:30)", "2019-05-03T08:00:00.000+05:30"),
        ("03/05/2019", "08:00:00", "2019-05-03T08:00:00.000"),
        ("03/05/2019", "", "2019-05-03"),
        ("03/05/2019", "08:00:00 (GMT+99)", ""),
        ("31/12/9999", "99:00:00", ""),
        ("39/05/2019", "08:00:00", ""),
        ("", "", ""),
    ],
)
def test_the_moment_is_told_with_the_zone_of_the_file_and_no_other(date: str, clock: str, moment: str) -> None:
    assert _acquired(date, clock) == moment
    assert one(opus(*spectrum(Y, DAT=date, TIM=clock)), "a.0").meta.get("acquired", "") == moment


# --- what is not in it ------------------------------------------------------------------------------------------


def test_a_series_is_named_and_not_read() -> None:
    series = spectrum(Y, extension=2)
    assert refused(opus(*series)).code == "opus_series"
    with pytest.raises(UnsupportedVariant):
        read(opus(*series))
    first, second = read(opus(*series, *spectrum(Y, 5), *spectrum(Y, 1, 1)), "a.0")
    assert (codes(first), codes(second)) == ({"series_left_out"}, set())


def test_a_file_without_data_is_refused() -> None:
    assert refused(opus(*ABOUT)).code == "no_data"


def test_a_damaged_accessory_is_left_out_and_told_while_a_damaged_result_is_refused() -> None:
    lying = {"NPT": 9999}
    found = read(opus(*spectrum(Y), *spectrum(Y, 2, 1, **lying), *spectrum(Y, 1, 1)[:1]), "a.0")
    assert [r.meta["role"] for r in found] == ["result"]
    assert codes(found[0]) == {"block_left_out"}
    assert any("9,999 points but has room for 7" in w for w in found[0].warnings)
    assert refused(opus(*spectrum(Y, **lying), *spectrum(Y, 1, 1))).code == "point_count"
    assert refused(opus(spectrum(Y)[0], *spectrum(Y, 1, 1))).code == "no_status"
    assert refused(opus(*spectrum(Y, 2, 1, **lying))).code == "no_data"


# --- recognised -------------------------------------------------------------------------------------------------


def test_only_parameters_are_no_spectrum_and_four_bytes_no_file() -> None:
    assert refused(b"\n\n\xfe\xfe").code == "truncated"
    assert refused(opus((kind(0, part=0, parameters=10), parameter_block({"SNM": "x"})))).code == "no_data"


# --- real files -------------------------------------------------------------------------------------------------

ROLES = {
    "a": ("result", "absorbance"), "r": ("result", "reflectance"), "ra": ("result", "intensity"),
    "sm": ("sample single beam", "single beam"), "rf": ("reference single beam", "single beam"),
    "igsm": ("sample interferogram", "interferogram"), "igrf": ("reference interferogram", "interferogram"),
    "phsm": ("sample phase", "phase"), "match": ("match", "match"), "match_2ch": ("match", "match"),
}  # fmt: skip


def real() -> dict[str, dict[str, Any]]:
    """File → facts."""
    if not FACTS.is_file():
        return {}
    with FACTS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {r["file"]: json.loads(r["facts_json"]) for r in rows if r["format"] == "opus"}
