"""From a run to its components, as a chemist counts them: time, width, spectrum, area, and what disturbs each.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spectra.chromatogram.background import background_kind, number
from spectra.chromatogram.deconvolution import Prepared, Raw, components, prepared
from spectra.chromatogram.extract import accurate_spectrum
from spectra.chromatogram.traces import Traces, traces_of
from spectra.chromatogram.twins import merged_twins
from spectra.confidence.limits import load
from spectra.types import FloatArray, Level, MassRun, MassSpectrum, Remark


@dataclass(frozen=True, eq=False)
class RunComponent:
    """One substance that left the column, with the spectrum of it alone.

    `number` from 1 in order of time; `retention_time_s` of its maximum, `width_s` at half height, both in seconds;
    `spectrum` with intensities as in the scan at the maximum; `height` of its total ion current; `area` in intensity
    × seconds; `area_percent` of all components that are not background; `signal_to_noise`: highest ion over one
    standard deviation of that trace's noise without the peak; `own_share` (0–1): its part of the signal at its own ions,
    at its maximum; `resolution` to the nearest neighbour, 1.18 Δt/(w₁ + w₂), None when nothing is near;
    `background`: "", "bleed", "air" or "solvent".
    """

    number: int
    retention_time_s: float
    width_s: float
    spectrum: MassSpectrum
    height: float
    area: float
    area_percent: float | None
    signal_to_noise: float
    own_share: float
    resolution: float | None = None
    background: str = ""
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, eq=False)
class RunComponents:
    """Components of a run in order of time, and what was measured on the way.

    `peak_width_s`: usual width at half height; `noise_factor`: of the law noise = factor √intensity; `skew_scans`:
    delay of the highest mass against the lowest in a scan; `explained_percent`: part of the total ion current above
    the baseline that the components make up, None for a run without signal; `start_s`, `end_s`: when scans were taken.
    """

    components: tuple[RunComponent, ...]
    peak_width_s: float | None
    noise_factor: float | None
    skew_scans: float
    explained_percent: float | None
    start_s: float
    end_s: float
    remarks: tuple[Remark, ...] = ()

    @property
    def substances(self) -> tuple[RunComponent, ...]:
        """Components that are not column bleed, air or solvent."""
        return tuple(c for c in self.components if not c.background)


LEAST_SCANS = 8


def find_components(run: MassRun, *, accurate: bool = False) -> RunComponents:
    """Every component of a run. `accurate`: spectra keep their accurate masses; peaks are found by unit mass always.

    Nothing is found in fewer than eight scans, in an infusion without peaks, and in silence: then a remark says so.
    Raises SpectrumError on retention times that are not finite. Misleads where two substances leave the column
    together to within about a quarter of a peak width, or have no ion of their own.

    >>> t = np.arange(80.0)
    >>> peak = 1000 * np.exp(-0.5 * ((t - 40) / 3) ** 2) + 1
    >>> found = find_components(MassRun([MassSpectrum([58, 91, 134], [h, h / 2, h / 4]) for h in peak], t))
    >>> [(round(c.retention_time_s), c.spectrum.base_peak_mz) for c in found.components]
    [(40, 58.0)]
    """
    traces = traces_of(run)
    start, end = (float(traces.time[0]), float(traces.time[-1])) if traces.time.size else (0.0, 0.0)
    if traces.time.size < LEAST_SCANS or traces.mass.size == 0:
        text = "No scan of this run holds any signal." if traces.mass.size == 0 else "Too few scans to find peaks in."
        return RunComponents((), None, None, 0.0, None, start, end, (Remark(Level.WARNING, "run_no_peaks", text),))
    ready = prepared(traces)
    raws = merged_twins(ready, components(ready))
    found = [_component(run, ready, raws, k, accurate) for k in range(len(raws))]
    found = [replace(c, number=k + 1) for k, c in enumerate(_with_solvent(found, traces))]
    step = float(np.median(np.diff(traces.time)))
    return RunComponents(
        tuple(_with_shares(found)),
        2.3548 * ready.sigma * step,
        ready.factor,
        ready.skew,
        _explained(ready, found),
        start,
        end,
        () if found else (Remark(Level.WARNING, "run_no_peaks", "No peak stands out of this run."),),
    )


def _component(run: MassRun, ready: Prepared, raws: list[Raw], k: int, accurate: bool) -> RunComponent:
    raw = raws[k]
    time = ready.traces.time
    lit = raw.spectrum >= number("components", "kept_share") * raw.spectrum.max()
    seconds = time[raw.first : raw.first + raw.shape.size]
    at = float(np.interp(raw.place, np.arange(time.size), time))
    width = _half_width(raw.shape, seconds)
    height = float(raw.spectrum.sum())
    under = ready.baseline[round(raw.place)]
    noise = np.sqrt(ready.floor + ready.factor**2 * under)
    unit = MassSpectrum(ready.traces.mass[lit], raw.spectrum[lit], None, "EI", at, 1)
    remarks = _overlap(raws, k, time, width)
    own_share = _own_share(raws, k)
    if _full(ready, raw):
        text = "The detector was full at this peak: its area is too small and its spectrum is distorted."
        remarks = (*remarks, Remark(Level.WARNING, "peak_saturated", text))
    return RunComponent(
        number=k + 1,
        retention_time_s=at,
        width_s=width,
        spectrum=accurate_spectrum(run, ready, raw, unit) if accurate else unit,
        height=height,
        area=height * float(np.trapezoid(raw.shape, seconds)),
        area_percent=None,
        signal_to_noise=float((raw.spectrum / noise).max()),
        own_share=own_share,
        resolution=_resolution(raws, k, time, width),
        background=background_kind(unit),
        remarks=remarks,
    )


def _half_width(shape: FloatArray, seconds: FloatArray) -> float:
    """Width at half height in seconds, by straight lines between scans."""
    top, half = int(np.argmax(shape)), 0.5 * float(shape.max())
    left, right = top, top
    while left > 0 and shape[left] > half:
        left -= 1
    while right < shape.size - 1 and shape[right] > half:
        right += 1
    low = np.interp(half, shape[left : top + 1], seconds[left : top + 1]) if left < top else seconds[top]
    high = (
        np.interp(half, shape[top : right + 1][::-1], seconds[top : right + 1][::-1]) if right > top else seconds[top]
    )
    return float(high - low)


def _neighbours(raws: list[Raw], k: int) -> list[int]:
    return [j for j in (k - 1, k + 1) if 0 <= j < len(raws)]


def _resolution(raws: list[Raw], k: int, time: FloatArray, width: float) -> float | None:
    """1.18 Δt/(w₁ + w₂) to the nearest neighbour within two resolutions; both taken as wide as this one."""
    if width <= 0 or len(raws) < 2:
        return None
    places = np.interp([raws[j].place for j in (*_neighbours(raws, k), k)], np.arange(time.size), time)
    nearest = float(np.abs(places[:-1] - places[-1]).min())
    value = 1.18 * nearest / (2 * width)
    return round(value, 2) if value < 2 else None


def _own_share(raws: list[Raw], k: int) -> float:
    raw = raws[k]
    own, total = raw.spectrum, raw.spectrum.copy()
    for j, other in enumerate(raws):
        place = round(raw.place) - other.first
        if j != k and 0 <= place < other.shape.size:
            total = total + other.spectrum * other.shape[place]
    lit = own > 0
    return float(own[lit].sum() / total[lit].sum())


def _overlap(raws: list[Raw], k: int, time: FloatArray, width: float) -> tuple[Remark, ...]:
    resolution, raw = _resolution(raws, k, time, width), raws[k]
    others = 0.0
    for j, other in enumerate(raws):
        at = round(raw.place) - other.first
        if j != k and 0 <= at < other.shape.size:
            others += float(other.spectrum.sum() * other.shape[at])
    own = float(raw.spectrum.sum())
    if others <= own / 9 or resolution is None:
        return ()
    text = f"Overlaps with a neighbour (resolution {resolution:.1f}): {own / (own + others):.0%} of the signal at its "
    text += "maximum is its own. "
    return (Remark(Level.WARNING, "peak_overlap", text + "Its spectrum and area were computed, not seen alone."),)


def _full(ready: Prepared, raw: Raw) -> bool:
    """Three scans in a row of its strongest ion at the very same top."""
    column = int(np.argmax(raw.spectrum))
    part = ready.recorded[max(0, round(raw.place) - 6) : round(raw.place) + 7, column]
    at_top = part == part.max()
    flat = int(number("background", "solvent_flat"))
    runs = np.convolve(at_top, np.ones(flat), "valid")
    return bool(part.max() > 0 and runs.size and runs.max() >= flat)


def _with_solvent(found: list[RunComponent], traces: Traces) -> list[RunComponent]:
    """The solvent: in the first minute, three times as high as anything else, its base peak that of a usual solvent, and
    no ion of 3 % above m/z 92.

    So narrow because a small amine that elutes early must never be left out; nitrites (43) may be, and are then listed.
    """
    if not found:
        return found
    data = load("chromatogram")["background"]
    order = sorted(range(len(found)), key=lambda k: -found[k].height)
    first = found[order[0]]
    second = found[order[1]].height if len(order) > 1 else 0.0
    heavy = first.spectrum.intensity[first.spectrum.mz > data["solvent_heaviest"] + 0.65]
    solvent = (
        first.retention_time_s <= traces.time[0] + data["solvent_seconds"]
        and first.height >= data["solvent_times"] * second > 0
        and int(np.floor(first.spectrum.base_peak_mz + 0.351)) in data["solvent_ions"]
        and not (heavy >= 0.03 * first.spectrum.intensity.max()).any()
    )
    return [replace(c, background="solvent") if solvent and k == order[0] else c for k, c in enumerate(found)]


def _with_shares(found: list[RunComponent]) -> list[RunComponent]:
    total = sum(c.area for c in found if not c.background)
    return [replace(c, area_percent=100 * c.area / total if total > 0 and not c.background else None) for c in found]


def _explained(ready: Prepared, found: list[RunComponent]) -> float | None:
    above = np.maximum(ready.signal.sum(axis=1, dtype=np.float64), 0)
    whole = float(np.trapezoid(above, ready.traces.time))
    return min(100.0, 100 * sum(c.area for c in found) / whole) if whole > 0 else None
