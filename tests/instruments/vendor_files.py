"""Small vendor files and folders written in code: what the tests of the optional readers read."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from instruments.readers import vendor_open

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
Y = tuple(float(v) for v in np.round(50 + 40 * np.sin(np.arange(60) / 4), 4))


# --- PerkinElmer .sp --------------------------------------------------------------------------------------------


def _member(code: int, kind: int, content: bytes) -> bytes:
    return struct.pack("<hih", code, 2 + len(content), kind) + content


def _text(code: int, text: str) -> bytes:
    return _member(code, 29987, struct.pack("<H", len(text)) + text.encode("latin-1"))


def perkin_elmer_sp(
    y: Sequence[float] = Y, first: float = 4000.0, last: float = 700.0, unit: str = "A", points: int | None = None
) -> bytes:
    """One spectrum; `points` is what the header announces."""
    step = (last - first) / max(1, len(y) - 1)
    values = np.asarray(y, dtype="<f8").tobytes()
    members = (
        _member(-29839, 29996, struct.pack("<h", 16))
        + _member(-29838, 29981, struct.pack("<dd", first, last))
        + _member(-29837, 29981, struct.pack("<dd", min(y), max(y)))
        + _member(-29836, 29979, struct.pack("<d", step))
        + _member(-29835, 29995, struct.pack("<i", len(y) if points is None else points))
        + _text(-29833, "cm-1")
        + _text(-29832, unit)
        + _text(-29823, "made")
        + _member(-29828, 29974, struct.pack("<i", len(values)) + values)
    )
    head = b"PEPE" + b"2D constant interval DataSet file".ljust(40, b"\0")
    return head + struct.pack("<hi", 120, len(members)) + members


# --- Agilent ChemStation ----------------------------------------------------------------------------------------


def _pascal(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("latin-1")


def chemstation_ch(
    values: Sequence[int] = tuple(range(100, 160)), first_ms: float = 60_000.0, last_ms: float = 120_000.0,
    unit: str = "pA", model: str = "HP G1530A", scale: float = 0.001,
) -> bytes:  # fmt: skip
    """A GC signal of version 81: every point as an absolute number, an escape and 48 bits."""
    head = bytearray(0x400)

    def put(at: int, content: bytes) -> None:
        head[at : at + len(content)] = content

    put(0, _pascal("81") + b"\0")
    put(4, _pascal("GC DATA FILE"))
    put(0x18, _pascal("made"))
    put(0xB2, _pascal("8/20/20 2:00:32 PM"))
    put(0xD0, _pascal(model))
    put(0xDA, _pascal("GC"))
    put(0x108, struct.pack(">I", 3))  # the data begin two sectors of 512 bytes on
    put(0x11A, struct.pack(">ff", first_ms, last_ms))
    put(0x200, b"\x01")
    put(0x244, _pascal(unit))
    put(0x27C, struct.pack(">d", 0.0))
    put(0x284, struct.pack(">d", scale))
    return bytes(head) + b"".join(b"\x7f\xff" + v.to_bytes(6, "big", signed=True) for v in values)


def chemstation_folder() -> dict[str, bytes]:
    """The files of a .D folder: two signals, and a method that is no data."""
    return {
        "FID1A.ch": chemstation_ch(),
        "FID2B.ch": chemstation_ch(tuple(range(500, 440, -1)), model="HP G1530A"),
        "RUN.M/METHOD.TXT": b"oven 80 C\r\n",
    }


# --- Renishaw WiRE ----------------------------------------------------------------------------------------------


def renishaw_wdf(spectra: Sequence[Sequence[float]] = (Y,), first: float = 1800.0, step: float = -10.0) -> bytes:
    """A file of one or several spectra over one falling axis of Raman shift."""
    points = len(spectra[0])
    head = bytearray(512)
    struct.pack_into("<4sIQQ", head, 0, b"WDF1", 1, 512, 0)
    struct.pack_into("<IQQIIII", head, 60, points, len(spectra), len(spectra), 1, 1, points, 0)
    head[96:101] = b"WiRE\0"
    struct.pack_into("<HHHH", head, 120, 5, 5, 0, 1)
    struct.pack_into("<II", head, 128, 1, 1 if len(spectra) == 1 else 2)
    struct.pack_into("<If", head, 152, 2, 12738.85)
    head[240:245] = b"made\0"
    x = first + step * np.arange(points)
    blocks = (
        (b"DATA", np.asarray(spectra, dtype="<f4").tobytes()),
        (b"YLST", struct.pack("<IIf", 4, 16, 0.0)),
        (b"XLST", struct.pack("<II", 1, 1) + x.astype("<f4").tobytes()),
    )
    return bytes(head) + b"".join(name + struct.pack("<IQ", 0, 16 + len(body)) + body for name, body in blocks)


# --- what only has to be recognised -------------------------------------------------------------------------------


def ole(*names: str, sectors: int = 8) -> bytes:
    """A compound document with an empty directory of these names; it holds no data."""
    size = 512
    head = bytearray(size)
    head[:8] = OLE
    struct.pack_into("<HHHHH", head, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<I", head, 48, 1)  # the directory begins in sector 1
    struct.pack_into("<I", head, 76, 0)  # the allocation table is sector 0
    entries = b""
    for number, name in enumerate(("Root Entry", *names)):
        spelled = name.encode("utf-16-le")
        entries += spelled.ljust(64, b"\0") + struct.pack("<HB", len(spelled) + 2, 1 if number else 5) + bytes(61)
    needed = -(-len(entries) // size)
    table = [0xFFFFFFFD, *range(2, needed + 1), 0xFFFFFFFE]
    body = struct.pack(f"<{len(table)}I", *table).ljust(size, b"\xff") + entries.ljust(needed * size, b"\0")
    return bytes(head) + body.ljust(sectors * size, b"\0")


# The way round that each refusal must name, by a word of it, beside what the content begins with.
SAMPLES: Mapping[str, tuple[str, bytes, str]] = {
    "chemstation": ("a.ch", chemstation_ch(), "mzML"),
    "thermo-raw": ("a.raw", b"\x01\xa1" + "Finnigan".encode("utf-16-le") + bytes(600), "msConvert"),
    "shimadzu": ("a.gcd", ole("GC Raw Data"), "ANDI"),
    "perkin-elmer-sp": ("a.sp", perkin_elmer_sp(), "JCAMP-DX"),
    "renishaw-wdf": ("a.wdf", renishaw_wdf(), "JCAMP-DX"),
    "mzmlb": ("a.mzMLb", b"\x89HDF\r\n\x1a\n" + bytes(500) + b"mzML" + bytes(500), "mzML"),
    "omnic-srs": ("a.srs", b"Spectral Exte\r\n" + bytes(279) + struct.pack("<H", 1) + bytes(8) + struct.pack("<H", 301) + bytes(400), "JCAMP-DX"),
}  # fmt: skip
FOLDERS: Mapping[str, tuple[str, dict[str, bytes], str]] = {
    "chemstation": ("run.D", chemstation_folder(), "mzML"),
    "masshunter": ("run.D", {"AcqData/MSScan.bin": b"\x01\x01\0\0" + bytes(200), "AcqData/Devices.xml": b"<Devices/>"}, "msConvert"),
    "waters-raw": ("run.raw", {"_HEADER.TXT": b"$$ Version: 01.00\r\n", "_FUNC001.DAT": bytes(60), "_FUNC001.IDX": bytes(22)}, "mzML"),
}  # fmt: skip


def written(place: Path, name: str, files: Mapping[str, bytes]) -> Path:
    """The files as a folder called `name` below `place`."""
    folder = place / name
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


# --- a stand-in for the library ------------------------------------------------------------------------------------


class Library:
    """Just enough of an opened file: what `info` announces, and numbers for it."""

    format = "made"

    def __init__(self, **info: Any) -> None:
        self.info = info
        self.scans: list[dict[str, Any]] = []
        self.arrays: dict[int, Any] = {}
        self.rows: dict[int, Any] = {}

    def read_spectrum(self, number: int, run: int) -> dict[str, Any]:
        return self.scans[number]

    def read_trace(self, index: int, sweep: int = 0, first: int = 0, count: int | None = None) -> Any:
        values = np.asarray(self.arrays[index], dtype=np.float64)
        values = values[sweep] if values.ndim == 3 else values
        return values[:, first : None if count is None else first + count]

    def read_table(self, index: int) -> Any:
        return np.asarray(self.rows[index], dtype=np.float64)


def opened(library: Library) -> vendor_open.Opened:
    return vendor_open.Opened(library, library.info, (), "made 1")  # type: ignore[arg-type]
