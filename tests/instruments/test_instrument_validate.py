"""The one check after every reader: what stops an import, what asks, what is only kept."""

from __future__ import annotations

import numpy as np
import pytest

from instruments import CorruptFile
from instruments.validate import check, checked
from spectra.types import FloatArray, Level, MassSpectrum, Reading, ReadingKind
from tests.instruments.instrument_files import codes

WAVENUMBERS = np.linspace(400.0, 4000.0, 901)
UP = 0.05 + np.exp(-(((WAVENUMBERS - 1700) / 20) ** 2))  # one band of absorbance
DOWN = 10.0**-UP


def reading(
    x: object, y: object, kind: ReadingKind = ReadingKind.IR, x_unit: str = "cm-1", y_unit: str = "", **more: object
) -> Reading:
    return Reading(kind, np.asarray(x, float), np.asarray(y, float), x_unit, y_unit, **more)  # type: ignore[arg-type]


def found(made: Reading) -> dict[str, Level]:
    return {r.code: r.level for r in check(made)}


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (reading([], []), "no_points"),
        (reading([1, np.nan], [1, 2]), "not_finite"),
        (reading([1, 2], [1, np.inf]), "not_finite"),
        (reading([-5, 2], [1, 2], ReadingKind.MASS_SPECTRUM, "m/z"), "negative_mz"),
        (reading([5, 6], [1, -2], ReadingKind.MASS_SPECTRUM, "m/z"), "negative_intensity"),
        (reading([5, 6], [1, 2], ReadingKind.MASS_RUN, "s", scans=(MassSpectrum([50.0], [1.0]),)), "scan_count"),
    ],
)
def test_an_error_stops_the_import_and_names_the_reading(made: Reading, code: str) -> None:
    assert found(made)[code] is Level.ERROR
    with pytest.raises(CorruptFile) as caught:
        checked(reading(made.x, made.y, made.kind, made.x_unit, scans=made.scans, title="sample 7"))
    assert caught.value.code == code
    assert "sample 7" in str(caught.value)


@pytest.mark.parametrize(
    ("made", "code", "level"),
    [
        (reading([1, 2], [1, 2], ReadingKind.OTHER, ""), "unit_unknown", Level.WARNING),
        (reading([500, 600, 600], [1, 2, 3]), "duplicate_x", Level.WARNING),
        (reading([600, 600, 500], [1, 2, 3]), "duplicate_x", Level.WARNING),
        (reading([500, 700, 600], [1, 2, 3]), "unsorted_x", Level.WARNING),
        (reading([50, 60, 50], [1, 2, 3], ReadingKind.MASS_SPECTRUM, "m/z"), "duplicate_mz", Level.WARNING),
        (reading([60, 50], [1, 2], ReadingKind.MASS_SPECTRUM, "m/z"), "unsorted_mz", Level.INFO),
        (reading([60, 50_000], [1, 2], ReadingKind.MASS_SPECTRUM, "m/z"), "implausible_mz", Level.WARNING),
        (reading([500, 600], [0, 0]), "all_zero", Level.WARNING),
        (reading([500, 60_000], [1, 2]), "implausible_axis", Level.WARNING),
        (reading([50, 600], [1, 2], ReadingKind.UV, "nm"), "implausible_axis", Level.WARNING),
        (reading([2.5, 4000], [1, 2], ReadingKind.IR, "um"), "implausible_axis", Level.WARNING),
        (reading([-1, 2], [1, 2], ReadingKind.CHROMATOGRAM, "min"), "negative_time", Level.WARNING),
        (reading([-0.01, 0.5, 1, 1.5], [1, 2, 3, 4], ReadingKind.CHROMATOGRAM, "min"), "negative_time", Level.INFO),
        (reading([0.5, -0.01, 1, 1.5], [1, 2, 3, 4], ReadingKind.CHROMATOGRAM, "min"), "negative_time", Level.WARNING),
    ],
)  # fmt: skip
def test_what_is_odd_is_told(made: Reading, code: str, level: Level) -> None:
    assert found(made)[code] is level
    assert code in codes(checked(made))


def test_absorbance_whose_bands_point_down_is_doubted_but_not_for_a_negative_spike() -> None:
    assert "looks_like_transmittance" in found(reading(WAVENUMBERS, DOWN, y_unit="absorbance"))
    spike = np.where(np.arange(901) == 400, -1.0, 0.01)
    assert "looks_like_transmittance" not in found(reading(WAVENUMBERS, spike, y_unit="absorbance"))


def test_absorbance_that_no_detector_sees_is_doubted_unless_it_is_in_milli_units() -> None:
    assert "implausible_absorbance" in found(reading(WAVENUMBERS, 100 * DOWN, y_unit="absorbance"))
    nm = np.linspace(200.0, 600.0, 401)
    milli = reading(nm, np.linspace(0, 900, 401), ReadingKind.UV, "nm", "absorbance", meta={"y_label": "Signal (mAU)"})
    assert found(milli) == {}


@pytest.mark.parametrize(
    ("unit", "scale"), [("transmittance", 100.0), ("transmittance (%)", 1.0), ("reflectance", 100.0)]
)
def test_the_scale_of_a_ratio_must_fit_its_unit(unit: str, scale: float) -> None:
    assert found(reading(WAVENUMBERS, scale * DOWN, y_unit=unit))["ordinate_scale"] is Level.WARNING


def _axis(low: float, high: float) -> FloatArray:
    return np.linspace(low, high, 200)


@pytest.mark.parametrize(
    ("x", "kind", "unit", "code"),
    [
        (_axis(200, 800), ReadingKind.IR, "cm-1", "looks_like_wavelength"),
        (_axis(400, 4000), ReadingKind.UV, "nm", "looks_like_wavenumber"),
        (_axis(0, 1800), ReadingKind.CHROMATOGRAM, "min", "looks_like_seconds"),
    ],
)  # fmt: skip
def test_an_axis_with_the_numbers_of_another_unit_is_doubted_until_a_person_answers(
    x: FloatArray, kind: ReadingKind, unit: str, code: str
) -> None:
    made = reading(x, np.linspace(0.1, 0.9, 200), kind, unit)
    assert found(made)[code] is Level.WARNING
    assert code in codes(checked(made))
    assert code not in codes(checked(made, x_answered=True))


def test_an_answer_about_y_ends_the_doubt_about_y_only() -> None:
    made = reading(WAVENUMBERS[:400], DOWN[:400], y_unit="absorbance")
    doubted = codes(checked(made))
    assert "looks_like_transmittance" in doubted
    assert codes(checked(made, y_answered=True)) == doubted - {"looks_like_transmittance"}
