"""Small instrument files written here, for tests that need a file but no real one."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

IR = """##TITLE=Small
##JCAMP-DX=4.24
##DATA TYPE=INFRARED SPECTRUM
##XUNITS=1/CM
##YUNITS=ABSORBANCE
##FIRSTX=400
##LASTX=2000
##NPOINTS=81
##XFACTOR=1
##YFACTOR=0.001
##FIRSTY={first}
##XYDATA=(X++(Y..Y))
{lines}
##END=
"""


def small_ir() -> bytes:
    """81 points with two bands."""
    ys = [
        round(1000 / (1 + ((400 + 20 * k - 1700) / 40) ** 2) + 500 / (1 + ((400 + 20 * k - 1100) / 40) ** 2))
        for k in range(81)
    ]
    lines = "\n".join(f"{400 + 20 * k} " + " ".join(str(y) for y in ys[k : k + 9]) for k in range(0, 81, 9))
    return IR.format(first=ys[0] * 0.001, lines=lines).encode()


def small_ms(name: str = "Testamine", peaks: str = "58 999; 91 120; 77 80; 135 60;") -> bytes:
    """One EI mass spectrum as MSP."""
    return f"Name: {name}\nNum Peaks: {peaks.count(';')}\n{peaks}\n\n".encode()


Peak = tuple[float, dict[int, float]]
MDMA = {58: 999.0, 135: 90.0, 136: 60.0, 77: 60.0, 51: 40.0, 194: 12.0}
BLEED = {207: 40.0, 281: 15.0, 73: 20.0}


def small_run(peaks: Sequence[Peak] = ((360.0, MDMA),), *, n_scans: int = 120, seed: int = 0) -> bytes:
    """A GC-MS run as ANDI netCDF: one scan a second from 300 s, each peak a Gaussian of 3 s on column bleed."""
    from tests.instruments.andi_files import andi_ms

    noise = np.random.default_rng(seed)
    scans = []
    for k in range(n_scans):
        heights = {m: h * noise.uniform(0.95, 1.05) for m, h in BLEED.items()}
        for centre, spectrum in peaks:
            share = float(np.exp(-(((300.0 + k - centre) / 3.0) ** 2)))
            for m, h in spectrum.items():
                heights[m] = heights.get(m, 0.0) + 100.0 * share * h
        kept = sorted((m, h) for m, h in heights.items() if h >= 1.0)
        scans.append(([float(m) for m, _ in kept], [h for _, h in kept]))
    return andi_ms(scans)


def alkane(carbons: int) -> dict[int, float]:
    """The EI spectrum of a saturated chain."""
    chain = {43: 700.0, 57: 999.0, 71: 600.0, 85: 350.0, 99: 120.0, 113: 80.0, 41: 250.0, 29: 200.0}
    return {**{m: h for m, h in chain.items() if m < 14 * carbons}, 14 * carbons + 2: 40.0}


def small_ladder(first_carbon: int = 8, count: int = 4) -> bytes:
    """A run of n-alkanes, one every 25 s from 310 s."""
    peaks = [(310.0 + 25.0 * k, alkane(first_carbon + k)) for k in range(count)]
    return small_run(peaks)


FILM = (906.8, 1028.3, 1069.2, 1154.6, 1583.1, 1601.3, 1942.9, 2850.1, 3001.4, 3026.4, 3060.0, 3082.2)
"""Bands of polystyrene in cm⁻¹."""


def curve_file(wavenumber: Sequence[float], absorbance: Sequence[float]) -> bytes:
    """Any infrared curve on even steps as JCAMP-DX, five significant digits."""
    x, y = np.asarray(wavenumber), np.asarray(absorbance)
    whole = np.rint(1e6 * y).astype(int)
    lines = "\n".join(f"{x[k]:.0f} " + " ".join(str(v) for v in whole[k : k + 8]) for k in range(0, x.size, 8))
    span = f"##FIRSTX={x[0]:.0f}\n##LASTX={x[-1]:.0f}\n##NPOINTS={x.size}"
    head = IR.replace("##FIRSTX=400\n##LASTX=2000\n##NPOINTS=81", span).replace("##YFACTOR=0.001", "##YFACTOR=0.000001")
    return head.format(first=whole[0] * 1e-6, lines=lines).encode()


def small_curve(bands: Sequence[float], *, shift: float = 0.0, noise: float = 2e-4, width: float = 4.0) -> bytes:
    """An infrared spectrum from 600 to 3800 cm⁻¹ with Lorentzian bands of half width `width`, as JCAMP-DX."""
    x = np.arange(600.0, 3801.0, 2.0)
    y = sum((0.4 + 0.1 * (k % 4)) / (1 + ((x - p - shift) / width) ** 2) for k, p in enumerate(bands))
    y = y + noise * np.random.default_rng(len(bands)).standard_normal(x.size)
    return curve_file(x, y)


def small_film(shift: float = 0.0, noise: float = 2e-4) -> bytes:
    """A polystyrene film as an instrument sees it whose scale is off by `shift` cm⁻¹."""
    return small_curve(FILM, shift=shift, noise=noise)


def small_photo(*more: tuple[bytes, bytes]) -> bytes:
    """A PNG of one grey point, with `more` chunks (kind, data) before its end."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\x80")),
        *more,
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
