"""netCDF classic files written in code, from the published grammar of the format; and the two ANDI templates in it."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

CODES = {"i1": 1, "S1": 2, ">i2": 3, ">i4": 4, ">f4": 5, ">f8": 6, "u1": 7, ">u2": 8, ">u4": 9, ">i8": 10, ">u8": 11}
SCANS = (([41.0, 55.0, 91.0], [10.0, 999.0, 50.0]), ([43.0, 58.0], [5.0, 7.0]), ([41.5], [3.0]))


def padded(raw: bytes) -> bytes:
    """Filled up to a multiple of four."""
    return raw + bytes(-len(raw) % 4)


def name(text: str, length: str = "I") -> bytes:
    """A name with its length."""
    return struct.pack(f">{length}", len(text)) + padded(text.encode("latin-1"))


def attributes(found: Mapping[str, Any], length: str = "I") -> bytes:
    """A list of attributes: str as characters, int as 32 bits, float and lists of floats as 64 bits."""
    if not found:
        return bytes(4 + struct.calcsize(length))
    out = struct.pack(f">I{length}", 12, len(found))
    for key, value in found.items():
        if isinstance(value, str):
            code, count, body = 2, len(value), value.encode("latin-1")
        else:
            array = np.atleast_1d(np.asarray(value, ">i4" if isinstance(value, int) else ">f8"))
            code, count, body = CODES[array.dtype.str], array.size, array.tobytes()
        out += name(key, length) + struct.pack(f">I{length}", code, count) + padded(body)
    return out


def netcdf(
    dimensions: Mapping[str, int], globals_: Mapping[str, Any], variables: Mapping[str, tuple[Sequence[str], str, ArrayLike, Mapping[str, Any]]],
    *, wide: bool = False, version: int | None = None, records: int | None = None, shift: Mapping[str, int] | None = None,
) -> bytes:  # fmt: skip
    """A whole file. Variables are (dimensions, type, values, attributes); a dimension of length 0 is the unlimited one.

    `records` lies about their number, `shift` moves the place of a variable.
    """
    ids = {key: i for i, key in enumerate(dimensions)}
    arrays: dict[str, NDArray[Any]] = {k: np.asarray(v[2], v[1]) for k, v in variables.items()}
    recorded = {k for k, v in variables.items() if v[0] and dimensions[v[0][0]] == 0}
    count = max((len(arrays[k]) for k in recorded), default=0)

    def laid_out(starts: Mapping[str, int]) -> bytes:
        n = "Q" if version == 5 else "I"  # CDF-5 has 64 bits for every length
        out = (
            b"CDF"
            + bytes([version or (2 if wide else 1)])
            + struct.pack(f">{n}", count if records is None else records)
        )
        out += struct.pack(f">I{n}", 10 if dimensions else 0, len(dimensions))
        out += b"".join(name(k, n) + struct.pack(f">{n}", v) for k, v in dimensions.items())
        out += attributes(globals_, n) + struct.pack(f">I{n}", 11 if variables else 0, len(variables))
        for key, (dims, kind, _, attrs) in variables.items():
            size = len(padded(arrays[key][:1].tobytes() if key in recorded else arrays[key].tobytes()))
            out += (
                name(key, n)
                + struct.pack(f">{n}{len(dims)}{n}", len(dims), *(ids[d] for d in dims))
                + attributes(attrs, n)
            )
            place = max(0, starts.get(key, 0) + (shift or {}).get(key, 0))
            out += struct.pack(f">I{n}" + ("Q" if wide or version == 5 else "I"), CODES[kind], size, place)
        return out

    starts, body = {}, b""
    begin = len(laid_out({}))
    for key in (k for k in variables if k not in recorded):
        starts[key] = begin + len(body)
        body += padded(arrays[key].tobytes())
    place = begin + len(body)
    for key in (k for k in variables if k in recorded):  # one after the other within each record
        starts[key] = place
        place += len(padded(arrays[key][:1].tobytes()))
    rows = [k for k in variables if k in recorded]
    for i in range(count):
        row = [arrays[k][i : i + 1].tobytes() for k in rows]
        body += row[0] if len(row) == 1 else b"".join(padded(r) for r in row)
    return laid_out(starts) + body


def texts(rows: Sequence[str], width: int = 32) -> NDArray[Any]:
    """Rows of characters of equal width, filled with NUL."""
    return np.array([list(r.encode("latin-1").ljust(width, b"\0")) for r in rows], dtype=np.uint8).view("S1")


MS_GLOBALS = {
    "ms_template_revision": "1.0.1", "experiment_title": "  a sample ", "experiment_date_time_stamp": "20240305101112+0100",
    "operator_name": "Mallory", "experiment_type": "Centroided Mass Spectrum", "test_ionization_mode": "Electron Impact",
    "test_ionization_polarity": "Positive Polarity", "test_detector_type": "Electron Multiplier", "administrative_comments": "10 ng",
}  # fmt: skip


def ms_parts(
    scans: Sequence[tuple[Sequence[float], Sequence[float]]] = SCANS,
    *,
    unlimited: bool = True,
    **attrs: Mapping[str, Any],
) -> tuple[dict[str, int], dict[str, Any], dict[str, tuple[Sequence[str], str, Any, Mapping[str, Any]]]]:
    """Dimensions, global attributes and variables of an ANDI-MS file, to be changed before `netcdf(*parts)`."""
    sizes = np.array([len(m) for m, _ in scans])
    mz = np.concatenate([m for m, _ in scans]) if scans else np.zeros(0)
    intensity = np.concatenate([i for _, i in scans]) if scans else np.zeros(0)
    sums = [float(sum(i)) for _, i in scans]
    point, scan = ("point_number",), ("scan_number",)
    row = ("instrument_number", "_32_byte_string")
    variables: dict[str, tuple[Sequence[str], str, Any, Mapping[str, Any]]] = {
        "scan_acquisition_time": (scan, ">f8", 300.0 + np.arange(len(scans)), attrs.get("scan_acquisition_time", {})),
        "scan_index": (scan, ">i4", np.cumsum(sizes) - sizes, {}),
        "point_count": (scan, ">i4", sizes, {}),
        "total_intensity": (scan, ">f8", sums, {}),
        "mass_values": (point, ">f4", mz, attrs.get("mass_values", {"units": "M/Z"})),
        "time_values": (point, ">i2", np.zeros(mz.size), {}),
        "intensity_values": (point, ">f4", intensity, attrs.get("intensity_values", {})),
        "instrument_name": (row, "S1", texts(["Gas Chromatograph"]), {}),
        "instrument_mfr": (row, "S1", texts(["   "]), {}),
        "instrument_serial_no": (row, "S1", texts(["S 17"]), {}),
    }
    dimensions = {
        "_32_byte_string": 32,
        "point_number": 0 if unlimited else mz.size,
        "scan_number": len(scans),
        "instrument_number": 1,
    }
    return dimensions, dict(MS_GLOBALS), variables


def andi_ms(
    scans: Sequence[tuple[Sequence[float], Sequence[float]]] = SCANS, *, unlimited: bool = True, wide: bool = False, version: int | None = None,
    kinds: Mapping[str, str] | None = None, without: Sequence[str] = (), attrs: Mapping[str, Mapping[str, Any]] | None = None,
    **values: ArrayLike,
) -> bytes:  # fmt: skip
    """An ANDI-MS file; `values` replaces those of a variable, `attrs` its attributes, `kinds` its type, `without` leaves some out."""
    dimensions, globals_, variables = ms_parts(scans, unlimited=unlimited, **(attrs or {}))
    for key, given in values.items():
        if key in globals_:
            globals_[key] = given
        else:
            dims, kind, _, own = variables[key]
            variables[key] = (dims, kind, given, own)
    kept = {k: (v[0], (kinds or {}).get(k, v[1]), v[2], v[3]) for k, v in variables.items() if k not in without}
    return netcdf(dimensions, globals_, kept, wide=wide, version=version)


CHROM_GLOBALS = {
    "aia_template_revision": "1.0", "injection_date_time_stamp": "19880820081944-0800", "operator_name": "Mallory",
    "sample_name": "Test", "detector_name": "UV-DAD", "detector_unit": "AU", "retention_unit": "seconds",
}  # fmt: skip


def andi_chrom(
    y: Sequence[float] = (0.0, 1.0, 4.0, 2.0), *, wide: bool = False, without: Sequence[str] = (), flag: str = "Y",
    globals_: Mapping[str, Any] | None = None, retention: Sequence[float] | None = None, peaks: Sequence[str] = ("caffeine", ""),
    kind: str = ">f4", y_attrs: Mapping[str, Any] | None = None, **numbers: float,
) -> bytes:  # fmt: skip
    """An ANDI-CHROM file; `numbers` replaces scalars, `retention` adds stored times, `without` leaves variables out."""
    point, peak = ("point_number",), ("peak_number",)
    variables: dict[str, tuple[Sequence[str], str, ArrayLike, Mapping[str, Any]]] = {
        "actual_run_time_length": ((), ">f4", numbers.get("actual_run_time_length", 2.0), {}),
        "actual_sampling_interval": ((), ">f4", numbers.get("actual_sampling_interval", 0.5), {}),
        "actual_delay_time": ((), ">f4", numbers.get("actual_delay_time", 10.0), {}),
        "ordinate_values": (point, kind, y, {"uniform_sampling_flag": flag} | dict(y_attrs or {})),
        "peak_retention_time": (peak, ">f4", 11.0 + np.arange(len(peaks)), {}),
        "peak_area": (peak, ">f4", 100.0 + np.arange(len(peaks)), {}),
        "peak_name": ((*peak, "_32_byte_string"), "S1", texts(peaks) if peaks else np.zeros((0, 32), "S1"), {}),
    }
    for name in ("detector_minimum_value", "detector_maximum_value"):
        if name in numbers:
            variables[name] = ((), ">f4", numbers[name], {})
    if retention is not None:
        variables["raw_data_retention"] = (("retention_number",), ">f4", retention, {})
    dimensions = {
        "_32_byte_string": 32,
        "point_number": len(y),
        "peak_number": len(peaks),
        "retention_number": len(retention or y),
    }
    dimensions = {k: v for k, v in dimensions.items() if v or k == "point_number"}
    if not peaks:
        variables = {k: v for k, v in variables.items() if not k.startswith("peak")}
    return netcdf(
        dimensions,
        CHROM_GLOBALS | dict(globals_ or {}),
        {k: v for k, v in variables.items() if k not in without},
        wide=wide,
    )
