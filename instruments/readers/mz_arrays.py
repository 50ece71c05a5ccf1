"""Decodes the base64 arrays of mzML and mzXML with a cap on every step. Imports numpy and errors only.

pyteomics would inflate zlib without a bound (0.78 MB became 800 MB) and picks MS-Numpress by name, which
decodes one real file to −1.5e276 without a word; here the accession decides (PSI-MS ontology).
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectra.types import FloatArray

from ..errors import CorruptFile, TooLarge, UnsupportedVariant
from .numpress import decode as decode_numpress

MZ, INTENSITY, TIME, WAVELENGTH = "MS:1000514", "MS:1000515", "MS:1000595", "MS:1000617"
DTYPES = {"MS:1000521": "<f4", "MS:1000523": "<f8", "MS:1000519": "<i4", "MS:1000522": "<i8"}
ZLIB, NO_COMPRESSION = "MS:1000574", "MS:1000576"
# accession → (numpress codec, zlib around it)
NUMPRESS = {
    "MS:1002312": ("linear", False),
    "MS:1002313": ("pic", False),
    "MS:1002314": ("slof", False),
    "MS:1002746": ("linear", True),
    "MS:1002747": ("pic", True),
    "MS:1002748": ("slof", True),
}
KNOWN = frozenset(DTYPES) | {ZLIB, NO_COMPRESSION} | frozenset(NUMPRESS)


@dataclass(frozen=True, slots=True)
class Encoded:
    """One binaryDataArray not yet decoded: its base64 text, its accessions, its own length if it states one."""

    text: str
    accessions: frozenset[str]
    length: int | None
    time_unit: str = ""

    @property
    def quantity(self) -> str:
        """The accession of what the array holds (m/z, intensity, time, wavelength), '' if another."""
        return next((q for q in (MZ, INTENSITY, TIME, WAVELENGTH) if q in self.accessions), "")


def decode(array: Encoded, default_length: int, limit: int, where: str) -> FloatArray:
    """The array as float64 (N,). N must be the length that the file states.

    Raises CorruptFile on bad base64, bad compression, another length or a value that is not finite; TooLarge
    above `limit` values; UnsupportedVariant on an unknown number or compression type.
    """
    length = default_length if array.length is None else array.length
    if length > limit:
        raise TooLarge(
            f"An array of {where} announces {length:,} values; {limit:,} are allowed.", code="too_many_points"
        )
    packed = _base64(array.text, where)
    if not packed and length == 0:
        return np.empty(0)
    numpress = next((NUMPRESS[a] for a in array.accessions if a in NUMPRESS), None)
    if numpress is not None:
        codec, zipped = numpress
        if zipped:
            packed = _inflate_at_most(packed, 9 * length + 64, where)  # an integer takes at most 9 half-bytes
        values = decode_numpress(packed, codec, length, where)
    else:
        dtype = next((np.dtype(DTYPES[a]) for a in array.accessions if a in DTYPES), None)
        if dtype is None:
            raise UnsupportedVariant(f"An array of {where} has no known number type.", code="number_type")
        raw = inflate(packed, length * dtype.itemsize, where) if ZLIB in array.accessions else packed
        values = from_bytes(raw, dtype, where)
    if values.size != length:
        raise CorruptFile(
            f"An array of {where} holds {values.size:,} values where the file states {length:,}.", code="array_length"
        )
    if not np.isfinite(values).all():
        raise CorruptFile(f"An array of {where} holds a value that is not a finite number.", code="not_finite")
    return values


def from_bytes(raw: bytes, dtype: np.dtype[Any], where: str) -> FloatArray:
    """Raw numbers of a type as float64. Raises CorruptFile when the bytes are no multiple of the size."""
    if len(raw) % dtype.itemsize:
        raise CorruptFile(
            f"An array of {where} has {len(raw)} bytes, no multiple of {dtype.itemsize}.", code="odd_bytes"
        )
    return np.frombuffer(raw, dtype=dtype).astype(np.float64)


def base64_bytes(text: str, where: str) -> bytes:
    """Strict base64; blanks and line ends inside are allowed."""
    return _base64(text, where)


def _base64(text: str, where: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise CorruptFile(f"An array of {where} is damaged (base64).", code="bad_base64") from error


def inflate(packed: bytes, expected: int, where: str) -> bytes:
    """zlib data of exactly `expected` bytes; never writes more than one byte beyond them."""
    engine = zlib.decompressobj()
    try:
        raw = engine.decompress(packed, expected + 1)
    except zlib.error as error:
        raise CorruptFile(f"An array of {where} is damaged (zlib).", code="bad_zlib") from error
    if len(raw) > expected:
        raise CorruptFile(f"An array of {where} unpacks to more than its stated length.", code="array_length")
    if not engine.eof and engine.flush():
        raise CorruptFile(f"An array of {where} unpacks to more than its stated length.", code="array_length")
    if not engine.eof:
        raise CorruptFile(f"An array of {where} is cut short (zlib).", code="bad_zlib")
    return raw


def _inflate_at_most(packed: bytes, cap: int, where: str) -> bytes:
    engine = zlib.decompressobj()
    try:
        raw = engine.decompress(packed, cap)
    except zlib.error as error:
        raise CorruptFile(f"An array of {where} is damaged (zlib).", code="bad_zlib") from error
    if not engine.eof:
        raise CorruptFile(f"An array of {where} does not end where it should (zlib).", code="bad_zlib")
    return raw
