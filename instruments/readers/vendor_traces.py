"""Signals of a vendor file to readings: chromatograms, diode arrays, single spectra and series of spectra.

Imports numpy, spectra.types and siblings; the library's handle is passed in.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectra.types import FloatArray, Reading, ReadingKind, Remark

from .. import units
from ..errors import CorruptFile, TooLarge
from ..limits import Limits
from ..registry import Hints
from ..validate import info, warning
from .lost_values import zeroed
from .vendor_open import Opened

KEPT = {  # what a signal says of itself, under the names used by our other readers
    "detector": "detector",
    "detector_name": "detector",
    "detector_model": "detector_model",
    "wavelength_nm": "wavelength_nm",
    "bandwidth_nm": "bandwidth_nm",
    "resolution_cm1": "resolution_cm1",
    "scans": "n_coadded",
    "accumulations": "n_coadded",
    "background_scans": "n_background",
    "apodization": "apodization",
    "beamsplitter": "beamsplitter",
    "accessory": "accessory",
    "source": "source",
    "laser_name": "laser",
    "laser_wavelength_nm": "laser_wavelength_nm",
    "laser_power_percent": "laser_power_percent",
    "exposure_time_s": "exposure_time_s",
    "objective": "objective",
    "separation": "separation",
    "spectrum_role": "role",
    "kind": "type",
    "chromatogram_type": "type",
    "instrument_serial": "serial",
    "acquired_at": "acquired",
}
TIME_QUANTITIES = frozenset({"retention_time", "time"})
CHUNK_VALUES = 4_000_000
# Numbers of units in a file of WiRE for which the library has no word: our spelling, and what a chemist is told.
WIRE_UNITS = {0: ("", "arbitrary units"), 2: ("absolute 1/cm", "absolute wavenumbers"), 4: ("eV", "electronvolts")}


@dataclass(frozen=True, slots=True)
class _Signal:
    """One trace of the library: its description and the ways to its numbers."""

    opened: Opened
    hints: Hints
    about: Mapping[str, Any]

    @property
    def extra(self) -> Mapping[str, Any]:
        return self.about.get("extra") or {}

    @property
    def axis(self) -> Mapping[str, Any]:
        return self.extra.get("axis") or {}

    @property
    def channels(self) -> Sequence[Mapping[str, Any]]:
        return list(self.about["channels"])

    @property
    def points(self) -> int:
        return int(self.about["sample_count"])

    @property
    def sweeps(self) -> int:
        return int(self.about.get("sweep_count", 1))

    @property
    def name(self) -> str:
        return str(self.about.get("name") or "").strip()

    def values(self, sweep: int = 0, first: int = 0, count: int | None = None) -> FloatArray:
        """Channels × samples of one sweep."""
        first += int(self.about.get("skipped", 0))
        return self.opened.file.read_trace(int(self.about["index"]), sweep, first, count)

    def meta(self, y_raw: str, x_raw: str) -> dict[str, Any]:
        """What the file says of this signal."""
        own = {new: self.extra[old] for old, new in KEPT.items() if self.extra.get(old) not in (None, "", [])}
        raw = {k: v for k, v in (("x_unit_raw", x_raw), ("y_unit_raw", y_raw)) if v}
        return self.opened.about() | own | raw | self.opened.doubts("traces")[1]

    def reading(self, kind: ReadingKind, x: FloatArray, y: FloatArray, units_: tuple[str, str], **more: Any) -> Reading:
        """A reading of this signal; what a person said of its units and kind wins."""
        meta = self.meta(more.pop("y_raw", ""), more.pop("x_raw", "")) | more.pop("meta", {})
        remarks = (*more.pop("remarks", ()), *zeroed(y), *self.opened.doubts("traces")[0])
        y_unit = self.hints.y_unit or units_[1]
        if not y_unit:
            remarks += (info("y_unit_unknown", "The file does not say in which unit this signal is."),)
        return Reading(
            ReadingKind(self.hints.kind) if self.hints.kind else kind,
            x,
            y,
            self.hints.x_unit or units_[0],
            y_unit,
            meta=meta,
            title=more.pop("title", self.name),
            instrument=self.opened.model,
            remarks=remarks,
        )


def traces(opened: Opened, hints: Hints, limits: Limits) -> Iterator[Reading]:
    """Every signal of the file, in its order. Raises TooLarge before anything is read."""
    signals = [_Signal(opened, hints, t) for t in opened.info.get("traces", ())]
    _bounded(signals, limits)
    for signal in signals:
        if signal.points == 0:
            continue
        if signal.axis.get("quantity") in TIME_QUANTITIES or not signal.axis:
            yield from _over_time(signal)
        else:
            yield from _spectra(signal)


def _bounded(signals: Sequence[_Signal], limits: Limits) -> None:
    if sum(s.sweeps for s in signals) > limits.spectra:
        raise TooLarge(f"This file holds more than {limits.spectra:,} spectra.", code="too_many_spectra")
    total = sum(s.sweeps * s.points * len(s.channels) for s in signals)
    if total > limits.total_points or any(s.points > limits.points for s in signals):
        raise TooLarge("This file holds more points than are allowed.", code="too_many_points")


# --- signals over time ----------------------------------------------------------------------------------------


def _over_time(signal: _Signal) -> Iterator[Reading]:
    """One chromatogram per channel; of a diode array the sum over time and the highest spectrum."""
    timed = signal.channels[0].get("name") == "time"
    channels = list(enumerate(signal.channels))[timed:]
    waves = [_wavelength(c) for _, c in channels]
    if len(waves) > 1 and all(w is not None for w in waves):
        yield from _diode_array(signal, timed, np.array(waves, dtype=np.float64))
        return
    values = signal.values()
    times, unit = (values[0], "s") if timed else _times(signal)
    for place, channel in channels:
        raw = str(channel.get("unit") or "")
        title = signal.name if len(channels) == 1 else f"{signal.name} {channel.get('name', place)}".strip()
        units_ = (unit, time_unit(raw))
        yield signal.reading(ReadingKind.CHROMATOGRAM, times, values[place], units_, y_raw=raw, title=title)


def time_unit(raw: str) -> str:
    """The unit of a detector: "counts" and "absorbance" in our spelling, everything else (mAU, pA, µV) as it is."""
    if raw in ("AU", "A.U."):
        return "absorbance"
    return "counts" if raw.lower().endswith("counts") else raw


def _times(signal: _Signal) -> tuple[FloatArray, str]:
    """Times of a signal: the exact ones of its table where the file keeps such, else its regular axis."""
    exact = _exact_times(signal)
    if exact is not None:
        return exact, "min"
    steps = np.arange(signal.points, dtype=np.float64)
    first, step = signal.axis.get("first"), signal.axis.get("step")
    if first is not None and step is not None:
        x = float(first) + float(step) * steps
        return x, units.x_unit(str(signal.axis.get("unit") or "")) or str(signal.axis.get("unit") or "")
    rate = float(signal.about.get("sample_rate_hz") or 0.0)
    if rate > 0:
        return float(signal.about.get("start_s") or 0.0) + steps / rate, "s"
    return steps, "point"


def _exact_times(signal: _Signal) -> FloatArray | None:
    """Waters keeps the time of every scan of a function in a table; a regular axis is only close to it."""
    for table in signal.opened.info.get("tables", ()):
        about = table.get("extra") or {}
        same = about.get("function") is not None and about.get("function") == signal.extra.get("function")
        if same and table["columns"][0]["name"] == "rt_min" and int(table["row_count"]) == signal.points:
            return signal.opened.file.read_table(int(table["index"]))[:, 0]
    return None


def _wavelength(channel: Mapping[str, Any]) -> float | None:
    value = (channel.get("extra") or {}).get("wavelength_nm")
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _diode_array(signal: _Signal, timed: bool, waves: FloatArray) -> Iterator[Reading]:
    times, unit = (np.empty(0), "s") if timed else _times(signal)
    sums, moments = [], []
    best: tuple[float, float, FloatArray] | None = None
    step = max(1, CHUNK_VALUES // len(signal.channels))
    for first in range(0, signal.points, step):
        block = signal.values(0, first, step)
        moment = block[0] if timed else times[first : first + block.shape[1]]
        field = block[1:] if timed else block
        moments.append(moment)
        sums.append(np.nansum(field, axis=0))
        at = int(np.nanargmax(np.nanmax(field, axis=0, initial=-math.inf)))
        height = float(np.nanmax(field[:, at], initial=-math.inf))
        if best is None or height > best[0]:
            best = height, float(moment[at]), field[:, at].copy()
    assert best is not None
    raw = str(signal.channels[-1].get("unit") or "")
    note = info(
        "diode_spectra",
        f"Of {signal.points:,} photodiode spectra the highest is shown, and the sum of each over time.",
    )
    yield signal.reading(
        ReadingKind.CHROMATOGRAM,
        np.concatenate(moments),
        np.concatenate(sums),
        (unit, f"summed {time_unit(raw)}".strip()),
        y_raw=raw,
        title=f"{signal.name}, sum over wavelengths",
        remarks=(note,),
    )
    seconds = best[1] * {"min": 60.0}.get(unit, 1.0)
    seen = np.isfinite(best[2])
    yield signal.reading(
        ReadingKind.UV,
        waves[seen],
        best[2][seen],
        ("nm", time_unit(raw)),
        y_raw=raw,
        title=f"{signal.name} at {seconds / 60:.2f} min",
        meta={"retention_time_s": seconds, "n_spectra": signal.points},
    )


# --- spectra --------------------------------------------------------------------------------------------------


def _spectra(signal: _Signal) -> Iterator[Reading]:
    """One reading per spectrum; in a series each knows its place (`meta["z"]`, `["z_name"]`, `["z_unit"]`)."""
    listed = signal.axis.get("channel") if signal.axis.get("irregular") else None
    at = int(listed) if listed is not None else None
    y_at = next(i for i in range(len(signal.channels)) if i != at)
    raw_x = str(signal.axis.get("unit") or "")
    x_unit = (
        units.x_unit(raw_x) or raw_x or ("point" if signal.axis.get("quantity") == "points" else _unnamed(signal)[0])
    )
    raw_y = str(signal.channels[y_at].get("unit") or "")
    kind, places, blank = _kind(signal, x_unit), _places(signal), 0
    for sweep in range(signal.sweeps):
        values = signal.values(sweep)
        y = values[y_at]
        if np.isnan(y).all():
            blank += 1
            continue
        y_unit, scale = units.scaled(ordinate(signal.extra, raw_y), float(np.nanmax(y)))
        if kind is ReadingKind.IR and y_unit == "intensity":  # what the library calls an ordinate without a name
            y_unit = ""
        yield signal.reading(
            kind,
            values[at] if at is not None else _regular(signal),
            y,
            (x_unit, y_unit),
            x_raw=raw_x,
            y_raw=raw_y,
            meta=places[sweep] if sweep < len(places) else {},
            title=f"{signal.name} ({sweep + 1} of {signal.sweeps})" if signal.sweeps > 1 else signal.name,
            remarks=scale + _unfinished(blank, sweep, signal.sweeps) + (_no_axis(signal, x_unit) if sweep == 0 else ()),
        )


def _unfinished(blank: int, sweep: int, sweeps: int) -> tuple[Remark, ...]:
    if not blank or sweep != sweeps - 1:
        return ()
    return (warning("unfinished_series", f"{blank} spectra of this series were never measured and are left out."),)


def _unnamed(signal: _Signal) -> tuple[str, str]:
    """Spelling and words of an axis whose unit WiRE gives by a number for which the library has no word."""
    code = signal.extra.get("x_list_unit_code")
    if code is None or signal.axis.get("channel") is None or signal.axis.get("unit"):
        return "", ""
    return WIRE_UNITS.get(code, ("", f"unit number {code} of WiRE"))


def _no_axis(signal: _Signal, x_unit: str) -> tuple[Remark, ...]:
    """A spectrum whose axis is gone is counted in points; of an interferogram that is all there ever was."""
    if words := _unnamed(signal)[1]:
        text = f"The file gives the axis of its spectra in {words}, not as Raman shift: check what was measured."
        return (warning("axis_unit", text),)
    if x_unit not in ("", "point") or "interferogram" in str(signal.extra.get("data_type") or "").lower():
        return ()
    text = "This file holds no axis for its spectra, only numbers of points; it may be cut short. Copy it again."
    return (warning("no_axis", text),)


def _regular(signal: _Signal) -> FloatArray:
    first, last, step = (signal.axis.get(key) for key in ("first", "last", "step"))
    if first is None or (last is None and step is None):
        raise CorruptFile("The file does not say where the axis of its spectra begins and ends.", code="no_axis")
    if last is not None:
        return np.linspace(float(first), float(last), signal.points)
    return float(first) + float(step or 0.0) * np.arange(signal.points, dtype=np.float64)


def ordinate(extra: Mapping[str, Any], raw: str) -> str:
    """The y unit of a spectrum, from the quantity that its header names and the unit that goes with it."""
    quantity = str(extra.get("y_quantity") or "").replace("_", " ")
    if quantity in ("transmittance", "reflectance"):
        return f"{quantity} (%)" if raw == "%" else quantity
    if quantity in ("absorbance", "single beam"):
        return quantity
    return time_unit(raw) or units.y_unit(quantity) or quantity


def _kind(signal: _Signal, x_unit: str) -> ReadingKind:
    said = f"{signal.extra.get('data_type') or ''} {signal.axis.get('quantity') or ''}".lower()
    if "interferogram" in said or x_unit in ("", "point", *(unit for unit, _ in WIRE_UNITS.values())):
        return ReadingKind.OTHER
    if "raman" in said:
        return ReadingKind.RAMAN
    return ReadingKind.UV if x_unit == "nm" else ReadingKind.IR


def _places(signal: _Signal) -> list[dict[str, Any]]:
    """Per spectrum of a series, where or when it was taken, from the table that goes with it."""
    if signal.sweeps < 2:
        return []
    for table in signal.opened.info.get("tables", ()):
        if (table.get("extra") or {}).get("trace") != signal.about["index"]:
            continue
        rows = signal.opened.file.read_table(int(table["index"]))
        columns = [(i, c) for i, c in enumerate(table["columns"]) if c.get("unit")]
        moving = [(i, c) for i, c in columns if np.ptp(rows[:, i]) > 0] or columns
        if moving:
            at, column = moving[0]
            name = str(column["name"]).removesuffix(f"_{column['unit']}").removesuffix("_um")
            return [{"z": float(v), "z_name": name, "z_unit": str(column["unit"])} for v in rows[:, at]]
    return [{"z": float(i), "z_name": "number"} for i in range(signal.sweeps)]
