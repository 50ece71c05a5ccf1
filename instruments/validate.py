"""The one check after every reader: finite, ordered, plausible. Imports spectra.types and numpy only.

Remarks of level ERROR turn into CorruptFile, so a reading that leaves `read` never carries one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from spectra.types import FloatArray, Level, Reading, ReadingKind, Remark

from .errors import CorruptFile

ORDERED = frozenset(
    {
        ReadingKind.IR,
        ReadingKind.RAMAN,
        ReadingKind.UV,
        ReadingKind.CHROMATOGRAM,
        ReadingKind.MASS_RUN,
        ReadingKind.OTHER,
    }
)
# Mid-infrared and Raman instruments reach about 50–15,000 cm⁻¹; a Raman axis alone may start below its laser line.
PLAUSIBLE_CM1 = (-4_000.0, 30_000.0)
BELOW_ZERO = -1e-6  # a single beam may begin at 0, but for rounding
PLAUSIBLE_NM = (100.0, 30_000.0)
LOWEST_IR_NM, LONGEST_UV_NM = 700.0, 1_200.0
PLAUSIBLE_UM = (0.1, 1_000.0)
# No detector sees one photon in 10^20; such values are another quantity under a wrong label.
LARGEST_ABSORBANCE = 20.0
# Of the span from the lowest to the highest value: where most points of a spectrum lie tells bands that point up
# (absorbance) from bands that point down (transmittance). Limits set on 560 real spectra, none of them mistaken; a
# baseline of transmittance lies near 1, where single negative spikes of an absorbance lie over a baseline near 0.
MOSTLY_LOW, MOSTLY_HIGH, LOWEST_BASELINE = 0.1, 0.9, 0.4
ENOUGH_POINTS = 100
# A lost row doubles a step. The steps of gratings and of rounded numbers differ by a few per cent from their neighbours.
STEADY = frozenset({ReadingKind.IR, ReadingKind.RAMAN, ReadingKind.UV, ReadingKind.CHROMATOGRAM})
ENOUGH_STEPS, MOST_GAPS, WIDE_STEP, STEADY_STEP = 20, 2, 1.8, 0.15
# An absorbance turned over, 100 (1 − A/Amax), touches 0 in the one point of its strongest band and leaves it like a
# parabola: half as wide at 5 % as at 20 %, a seventh as wide at 0.1 %. A transmittance as low (absorbance above 3.3) leaves
# it like the exponential of one: .64 to .77 as wide at 5 % (Lorentzian, Gaussian band), .39 at 0.1 %, and a chart that ran
# into its stop is flat there.
TOUCHES_ZERO, TALLEST_BASELINE = 5e-4, (0.7, 1.2)
HEIGHTS, WIDTH_RATIOS = (0.001, 0.05, 0.20), (0.25, 0.55)
LARGEST_TRANSMITTANCE = 1.5  # of the scale; a background that fits badly gives 1.2
LARGEST_FRACTION = 2.0  # a 0–1 scale overshoots a little, a 0–100 scale always has a point above
LONGEST_RUN_S, TIME_IN_SECONDS = 7 * 86_400.0, {"s": 1.0, "min": 60.0}
LONGEST_RUN_MIN = 300.0
EARLY = 0.05  # the share of a run that may lie before its time zero
LARGEST_MZ = 20_000.0
ENOUGH_PEAKS, ISOTOPES = 5, 5.0
# The units in which the axis of a technique can be compared.
UNITS_OF = dict.fromkeys((ReadingKind.IR, ReadingKind.RAMAN, ReadingKind.UV), ("cm-1", "nm", "um"))
_OF_LIGHT = ("absorbance", "transmittance", "reflectance", "")
SMALLEST_ORDINATE = 1e-12  # of light; what lies below are other bytes taken for numbers
LARGEST_VALUE = 1e30  # netCDF fills what was never written with 9.97e36, others with the largest number there is
_NO_LETTERS = re.compile("[\x80-\x9f]")  # control characters, which Latin-1 makes of bytes that are none of its own
X_DOUBTS = frozenset({"looks_like_wavelength", "looks_like_wavenumber", "looks_like_seconds"})
# An absorbance that cannot be is not among them: after a slip of the hand it would be compared without a word.
Y_DOUBTS = frozenset({
    "looks_like_absorbance", "looks_like_transmittance", "looks_like_inverted", "implausible_transmittance", "ordinate_scale",
})  # fmt: skip


def error(code: str, text: str) -> Remark:
    """A remark that stops the import."""
    return Remark(Level.ERROR, code, text)


def warning(code: str, text: str) -> Remark:
    """A remark a person should read."""
    return Remark(Level.WARNING, code, text)


def info(code: str, text: str) -> Remark:
    """A remark worth keeping."""
    return Remark(Level.INFO, code, text)


ORDINATE_UNKNOWN = warning("ordinate_unknown", "The file does not say whether y is absorbance or transmittance.")


def check(reading: Reading) -> tuple[Remark, ...]:
    """Everything wrong or odd about one reading, errors included."""
    if reading.n_points == 0:
        return (error("no_points", "The reading holds no points."),)
    if not (np.isfinite(reading.x).all() and np.isfinite(reading.y).all()):
        return (error("not_finite", "A value of the reading is not a finite number (NaN or infinite)."),)
    found = list(_axis(reading))
    found += _mass(reading) if reading.kind is ReadingKind.MASS_SPECTRUM else _range(reading)
    if reading.kind in (ReadingKind.IR, ReadingKind.UV):
        found += _ordinate(reading)
    if reading.kind is ReadingKind.MASS_RUN and len(reading.scans) != reading.n_points:
        found.append(error("scan_count", f"{len(reading.scans)} scans but {reading.n_points} times."))
    if max(np.abs(reading.x).max(), np.abs(reading.y).max()) > LARGEST_VALUE:
        text = f"A value of the reading is above {LARGEST_VALUE:g}, as those that stand for a missing one; no detector gives it."
        found.append(warning("implausible_value", text))
    if reading.kind in (ReadingKind.CHROMATOGRAM, ReadingKind.MASS_RUN) and direction(reading.x) < 0:
        found.append(warning("falling_time", "The time runs backwards; please check the unit of the x axis."))
    if strange := _NO_LETTERS.search(reading.title + reading.instrument):
        text = f"The names in this reading hold a character that no text has (U+{ord(strange[0]):04X}), so the encoding of the file is not known here; compare them with the original."
        found.append(warning("unknown_encoding", text))
    if reading.n_points > 1 and not reading.y.any():
        found.append(warning("all_zero", "Every value of the reading is zero."))
    return tuple(found)


def checked(reading: Reading, *, x_answered: bool = False, y_answered: bool = False) -> Reading:
    """The reading with the remarks of `check` added. Raises CorruptFile if one of its remarks is an error.

    Where a person has answered for an axis, its unit is no longer doubted.
    """
    codes = (
        {r.code for r in reading.remarks} | (X_DOUBTS if x_answered else set()) | (Y_DOUBTS if y_answered else set())
    )
    remarks = reading.remarks + tuple(r for r in check(reading) if r.code not in codes)
    for remark in remarks:
        if remark.level is Level.ERROR:
            where = f" ({reading.title})" if reading.title else ""
            raise CorruptFile(f"{remark.text.rstrip('.')}{where}.", code=remark.code)
    return replace(reading, remarks=remarks) if len(remarks) > len(reading.remarks) else reading


def counted(n: int, one: str, many: str) -> str:
    """A number with the words that fit it: 1 scan holds, 1,200 scans hold."""
    return f"{n:,} {one if n == 1 else many}"


def count_remark(declared: float, found: int, what: str) -> Remark | None:
    """A warning when a file's header promises another number than it holds."""
    if declared == found:
        return None
    return warning("count_mismatch", f"The file announces {declared:,.0f} {what} but holds {found:,}.")


def direction(x: FloatArray) -> int:
    """1 strictly rising, −1 strictly falling, 0 neither. One point counts as rising."""
    steps = np.diff(x)
    return 1 if (steps > 0).all() else -1 if (steps < 0).all() else 0


def _axis(reading: Reading) -> Iterator[Remark]:
    if not reading.x_unit:
        yield warning("unit_unknown", "The file does not say what its x axis is; please give the unit.")
    elif reading.x_unit not in UNITS_OF.get(reading.kind, (reading.x_unit,)):
        text = f"The x axis is in {reading.x_unit[:40]!r}, which is not a unit known for this technique; please give the unit."
        yield warning("unit_unknown", text)
    if reading.kind not in ORDERED:
        return
    if reading.n_points == 1 and reading.kind in STEADY:
        yield warning("one_point", "The reading is a single point; the others may be missing.")
    if direction(reading.x) != 0:
        yield from _gaps(reading)
        return
    steps = np.diff(reading.x)
    if (steps >= 0).all() or (steps <= 0).all():
        yield warning("duplicate_x", "Some x values occur more than once.")
    else:
        yield warning("unsorted_x", "The x values are not in order; the file may be damaged or hold two curves.")


def _gaps(reading: Reading) -> Iterator[Remark]:
    """An axis of steps that change little, but for one or two that are twice as wide or wider: rows were lost there."""
    steps = np.abs(np.diff(reading.x))
    if reading.kind not in STEADY or steps.size < ENOUGH_STEPS:
        return
    around = np.median(np.lib.stride_tricks.sliding_window_view(np.pad(steps, 3, mode="reflect"), 7), axis=1)
    wide = steps > WIDE_STEP * around
    if 0 < int(wide.sum()) <= MOST_GAPS and (np.abs(steps - around)[~wide] <= STEADY_STEP * around[~wide]).all():
        at = int(np.argmax(wide))
        text = f"The x axis has even steps, but none between {reading.x[at]:g} and {reading.x[at + 1]:g}; points may be missing there."
        yield warning("gap", text)
        return
    yield from _kink(reading.x, np.diff(np.abs(reading.x - reading.x[0])) - around)


def _kink(x: FloatArray, off: FloatArray) -> Iterator[Remark]:
    """One value of an axis (N,) that lies beside its place: of its steps (N-1,) two neighbours are `off`, one as much as the other."""
    size = np.abs(off)
    at = int(np.argmax(size[:-1] + size[1:]))
    others = float(np.delete(size, [at, at + 1]).max())
    if abs(off[at] + off[at + 1]) <= 2 * others + 1e-9 * abs(x[at]) and min(
        size[at : at + 2]
    ) > 3 * others + 1e-7 * abs(x[at]):
        text = f"The x value {x[at + 1]:g} lies beside its place among even steps; it may be damaged."
        yield warning("x_value", text)


def _mass(reading: Reading) -> Iterator[Remark]:
    if (reading.x < 0).any():
        yield error("negative_mz", "A peak has a negative m/z.")
    if (reading.y < 0).any():
        yield error("negative_intensity", "A peak has a negative intensity.")
    if not (reading.x[1:] > reading.x[:-1]).all():
        if (np.diff(np.sort(reading.x)) == 0).any():
            yield warning("duplicate_mz", "An m/z occurs more than once in this spectrum.")
        else:
            yield _out_of_order(reading.x, reading.y)
        if reading.n_points >= ENOUGH_PEAKS and (np.diff(reading.y) > 0).all():
            text = "The intensities rise from peak to peak and the m/z do not; the two columns may be swapped."
            yield warning("columns_swapped", text)
    largest = float(reading.x.max())
    precursor = reading.scans[0].precursor_mz if reading.scans else None
    if precursor is not None and float(reading.x.min()) > precursor + ISOTOPES:
        yield warning(
            "bad_precursor", f"Every peak lies above the precursor of m/z {precursor:g}; one of them is wrong."
        )
    if largest > LARGEST_MZ:
        yield warning("implausible_mz", f"The largest m/z is {largest:,.0f}; is this a mass spectrum?")


def _out_of_order(mz: FloatArray, intensity: FloatArray) -> Remark:
    """Some programs sort peaks by intensity, by series or not at all; a single one out of order between others is damaged."""
    falls = np.flatnonzero(np.diff(mz) < 0)
    at = int(falls[0])
    places = [i for i in (at, at + 1) if 0 < i < mz.size - 1 and (np.diff(np.delete(mz, i)) > 0).all()]
    if mz.size < ENOUGH_PEAKS or not places or (np.diff(intensity) <= 0).all():
        return info("unsorted_mz", "The peaks were not in order of m/z.")
    text = f"The peaks are in order of m/z but for one at or beside m/z {mz[places[0]]:g}; that may be damaged."
    return warning("unsorted_mz", text)


def _range(reading: Reading) -> Iterator[Remark]:
    bounds = {"cm-1": PLAUSIBLE_CM1, "nm": PLAUSIBLE_NM, "um": PLAUSIBLE_UM}.get(reading.x_unit)
    low, high = float(reading.x.min()), float(reading.x.max())
    if bounds and (low < (BELOW_ZERO if reading.kind is ReadingKind.IR else bounds[0]) or high > bounds[1]):
        yield warning("implausible_axis", f"An axis from {low:,.4g} to {high:,.4g} {reading.x_unit} is implausible.")
    yield from _mixed_up(reading, low, high)
    if reading.kind in (ReadingKind.CHROMATOGRAM, ReadingKind.MASS_RUN) and low < 0:
        yield _before_zero(reading, low, high)


def _before_zero(reading: Reading, low: float, high: float) -> Remark:
    """Detectors record a little before the injection, and then without a gap; anything else is a wrong time or unit."""
    early = counted(int((reading.x < 0).sum()), "point lies", "points lie")
    text = f"{early} before time zero, from {low:g} {reading.x_unit} on"
    if reading.kind is ReadingKind.CHROMATOGRAM and low > -EARLY * high and direction(reading.x) > 0:
        return info("negative_time", f"{text}: the detector was recording when the run was started.")
    return warning("negative_time", f"{text}; please check the times and their unit.")


def _mixed_up(reading: Reading, low: float, high: float) -> Iterator[Remark]:
    """Axes whose numbers are those of another unit. Raman may lie anywhere, so only infrared and UV are judged."""
    axis = f"The axis runs from {low:,.4g} to {high:,.4g} {reading.x_unit}"
    if (
        reading.kind is ReadingKind.IR
        and reading.x_unit == "cm-1"
        and low >= 180
        and high <= 1_150
        and high - low > 300
    ):
        yield warning("looks_like_wavelength", f"{axis}, as UV and visible spectra do in nm; please check the unit.")
    if reading.kind is ReadingKind.IR and reading.x_unit == "cm-1" and low > 1_000 and high > 15_000:
        yield warning("looks_like_wavelength", f"{axis}, as infrared spectra do in nm; please check the unit.")
    if reading.kind is ReadingKind.IR and reading.x_unit == "cm-1" and low > 0 and high <= 60 and high - low > 1:
        yield warning("looks_like_wavelength", f"{axis}, as infrared spectra do in micrometres; please check the unit.")
    if reading.kind is ReadingKind.IR and reading.x_unit == "nm" and high < LOWEST_IR_NM:
        yield warning("looks_like_wavenumber", f"{axis}, which is not infrared light; please check the unit.")
    if reading.kind is ReadingKind.UV and reading.x_unit == "cm-1" and high < 1e7 / LONGEST_UV_NM:
        yield warning(
            "looks_like_wavenumber",
            f"{axis}, which is no ultraviolet or visible light but infrared; please check the unit.",
        )
    if reading.kind is ReadingKind.UV and reading.x_unit == "nm" and low > 300 and 3_300 < high < 4_500:
        yield warning("looks_like_wavenumber", f"{axis}, as infrared spectra do in cm-1; please check the unit.")
    timed = reading.kind in (ReadingKind.CHROMATOGRAM, ReadingKind.MASS_RUN)
    if timed and reading.x_unit == "min" and high > LONGEST_RUN_MIN and reading.n_points > ENOUGH_POINTS:
        yield warning("looks_like_seconds", f"{axis}, which is long for a run; are these seconds?")
    elif timed and high * TIME_IN_SECONDS.get(reading.x_unit, 0.0) > LONGEST_RUN_S:
        yield warning("implausible_time", f"{axis}, which is longer than any run; a time may be damaged.")


def _ordinate(reading: Reading) -> Iterator[Remark]:
    """Values that cannot be what their unit says, or look like another: scale, and which way the bands point."""
    name, lowest, highest = reading.y_unit.removesuffix(" (%)"), float(reading.y.min()), float(reading.y.max())
    farthest = max(highest, lowest, key=abs)
    if name in _OF_LIGHT and 0 < abs(farthest) < SMALLEST_ORDINATE:
        text = f"All values of the spectrum lie within {abs(farthest):.2g} of 0, which no instrument can tell from 0; they may be read wrongly."
        yield warning("implausible_value", text)
        return
    if name == "absorbance" and abs(farthest) > LARGEST_ABSORBANCE and not _in_milli_units(reading):
        yield warning(
            "implausible_absorbance",
            f"The file calls its values absorbance, but they reach {farthest:,.4g}; please give the true y unit.",
        )
        return
    if name in ("transmittance", "reflectance") and (highest > LARGEST_FRACTION) != (name != reading.y_unit):
        stated, found = ("0 to 100", "0 to 1") if name != reading.y_unit else ("0 to 1", "0 to 100")
        yield warning("ordinate_scale", f"The unit is {reading.y_unit} ({stated}), but the values run as {found}.")
    scale = 100.0 if highest > LARGEST_FRACTION else 1.0
    if name == "transmittance" and abs(farthest) / scale > LARGEST_TRANSMITTANCE:
        yield warning(
            "implausible_transmittance",
            f"The file calls its values transmittance, but they reach {farthest:,.4g}, where {scale:g} is all the light; "
            "the background does not fit, or they are other values.",
        )
        return
    if reading.n_points < ENOUGH_POINTS or highest == lowest:
        return
    if name == "transmittance" and _turned_over(reading.y / scale):
        yield warning(
            "looks_like_inverted",
            "Called transmittance, but the strongest band touches exactly 0 in a single point, as no absorbing sample "
            "does: it looks like an absorbance turned over and stretched, 100 (1 - A/Amax). If so, give the y unit as "
            "“inverted absorbance (%)”; taken as transmittance, its bands have false heights.",
        )
    middle = float(np.median(reading.y))
    where = (middle - lowest) / (highest - lowest)
    if name == "transmittance" and where < MOSTLY_LOW:
        yield warning("looks_like_absorbance", "Called transmittance, but the bands point up as in absorbance.")
    if name == "absorbance" and where > MOSTLY_HIGH and middle > LOWEST_BASELINE:
        yield warning("looks_like_transmittance", "Called absorbance, but the bands point down as in transmittance.")


def _in_milli_units(reading: Reading) -> bool:
    """UV detectors give mAU, which is kept under the same name."""
    return any("mau" in str(reading.meta.get(key, "")).lower() for key in ("y_label", "y_unit_raw"))


def _turned_over(y: FloatArray) -> bool:
    """Whether values (N,) on a scale of 1 are an absorbance turned over rather than a transmittance."""
    at = int(np.argmin(y))
    if abs(y[at]) > TOUCHES_ZERO or not TALLEST_BASELINE[0] <= float(y.max()) <= TALLEST_BASELINE[1]:
        return False
    zeros = np.flatnonzero(y <= TOUCHES_ZERO)
    if int(zeros[-1] - zeros[0]) != zeros.size - 1:
        return False
    widths = [_width(y, at, level) for level in HEIGHTS]
    return all(
        low is not None and high is not None and low < ratio * high
        for low, high, ratio in zip(widths, widths[1:], WIDTH_RATIOS, strict=False)
    )


def _width(y: FloatArray, at: int, level: float) -> float | None:
    """How many points the dip at `at` is wide where it reaches `level`, interpolated; None where it runs off the end."""
    right = np.flatnonzero(y[at:] >= level)
    left = np.flatnonzero(y[at::-1] >= level)
    if right.size == 0 or left.size == 0:
        return None
    wide = 0.0
    for step, towards in ((int(right[0]), 1), (int(left[0]), -1)):
        outer, inner = y[at + towards * step], y[at + towards * (step - 1)]
        wide += step - float((outer - level) / (outer - inner))
    return wide
