"""Decodes the base64 arrays of mzML and mzXML with a cap on every step. Imports numpy and errors only.

XML libraries inflate zlib without a bound (0.78 MB became 800 MB) and some pick MS-Numpress by name, which decodes
one real file to −1.5e276 without a word; here the accession decides (PSI-MS ontology).
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectra.types import FloatArray

from ..errors import CorruptFile, TooLarge, UnsupportedVariant
from .mzml_terms import ABSCISSAE_AND_ORDINATES, Term
from .numpress import decode as decode_numpress

# What a pump or an oven recorded stands in place of intensities.
SENSORS = {"MS:1000820": "flow rate", "MS:1000821": "pressure", "MS:1000822": "temperature"}
CURVES = frozenset(ABSCISSAE_AND_ORDINATES.values())
WANTED = CURVES | SENSORS.keys()
DTYPES = {
    accession: np.dtype(code)
    for accession, code in (
        ("MS:1000521", "<f4"),
        ("MS:1000523", "<f8"),
        ("MS:1000519", "<i4"),
        ("MS:1000522", "<i8"),
        ("MS:1000520", "<f2"),
    )
}
ZLIB, NO_COMPRESSION = "MS:1000574", "MS:1000576"
# As for archives: honest arrays of any size do not pack better than this.
FREE_BYTES, RATIO = 16 * 2**20, 200
# accession → (numpress codec, zlib around it)
NUMPRESS = {
    "MS:1002312": ("linear", False),
    "MS:1002313": ("pic", False),
    "MS:1002314": ("slof", False),
    "MS:1002746": ("linear", True),
    "MS:1002747": ("pic", True),
    "MS:1002748": ("slof", True),
}
# Truncation, zstd and the coordinate grid: newer, rare, and never to be read as plain numbers.
UNSUPPORTED = frozenset({"MS:1003088", "MS:1003089", "MS:1003090", "MS:1003826"} | {f"MS:100378{i}" for i in range(6)})


@dataclass(frozen=True, slots=True)
class Encoded:
    """One binaryDataArray not yet decoded: base64 text, its terms by accession, its length, and the accession of what it
    holds: m/z, intensity, time, wavelength or a sensor's.
    """

    text: str
    terms: Mapping[str, Term]
    length: int
    quantity: str

    @property
    def unit(self) -> str:
        """The unit of that quantity as the file has it, '' if it has none."""
        return self.terms[self.quantity].unit


def most_characters(length: int) -> int:
    """How long the base64 of so many values can be: 9 bytes each (a little more than any coding needs), line ends."""
    return 13 * length + 4096


def decode(array: Encoded, limit: int, where: str) -> FloatArray:
    """The array as float64 (N,), possibly read-only, not yet checked for NaN. N must be the length in the file.

    Raises CorruptFile on bad base64, bad compression or another length; TooLarge above `limit` values;
    UnsupportedVariant on an unknown number or compression type.
    """
    length = array.length
    if length > limit:
        raise TooLarge(
            f"An array of {where} announces {length:,} values; {limit:,} are allowed.", code="too_many_points"
        )
    packed = base64_bytes(array.text, where)
    if not packed and length == 0:
        return np.empty(0)
    values = _unpacked(packed, array.terms, length, where)
    if values.size != length:
        raise CorruptFile(
            f"An array of {where} holds {values.size:,} values where the file states {length:,}.", code="array_length"
        )
    return values


def _unpacked(packed: bytes, accessions: Mapping[str, Term], length: int, where: str) -> FloatArray:
    if not UNSUPPORTED.isdisjoint(accessions):
        raise UnsupportedVariant(
            f"An array of {where} is packed in a way that is not read here.",
            code="compression",
            hint="Convert the raw file with msConvert and zlib compression.",
        )
    numpress = next((NUMPRESS[a] for a in accessions if a in NUMPRESS), None)
    if numpress is not None:
        codec, zipped = numpress
        if zipped or ZLIB in accessions:  # older converters name the two steps one by one
            packed = _inflate_at_most(packed, 9 * length + 64, where)  # an integer takes at most 9 half-bytes
        return decode_numpress(packed, codec, length, where)
    dtypes = [DTYPES[a] for a in accessions if a in DTYPES]
    if not dtypes:
        raise UnsupportedVariant(f"An array of {where} has no known number type.", code="number_type")
    if len(dtypes) > 1:
        raise CorruptFile(f"The file states two types of numbers for one array of {where}.", code="number_type")
    dtype = dtypes[0]
    if ZLIB in accessions and NO_COMPRESSION in accessions:
        raise CorruptFile(f"The file calls one array of {where} both zlib and not compressed.", code="compression")
    raw = inflate(packed, length * dtype.itemsize, where) if ZLIB in accessions else packed
    return from_bytes(raw, dtype, where)


def from_bytes(raw: bytes, dtype: np.dtype[Any], where: str) -> FloatArray:
    """Raw numbers of a type as float64. Raises CorruptFile when the bytes are no multiple of the size."""
    if len(raw) % dtype.itemsize:
        raise CorruptFile(
            f"An array of {where} has {len(raw)} bytes, no multiple of {dtype.itemsize}.", code="odd_bytes"
        )
    return np.frombuffer(raw, dtype=dtype).astype(np.float64, copy=False)


def base64_bytes(text: str, where: str) -> bytes:
    """Strict base64; blanks and line ends inside are allowed. Raises CorruptFile."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:  # blanks inside, or damage
        pass
    try:
        return binascii.a2b_base64("".join(text.split()), strict_mode=True)
    except ValueError as error:
        raise CorruptFile(f"An array of {where} is damaged (base64).", code="bad_base64") from error


def inflate(packed: bytes, expected: int, where: str) -> bytes:
    """zlib data of exactly `expected` bytes; never writes more than one byte beyond them.

    Raises TooLarge, before anything is unpacked, on a large array that would grow as only bombs do.
    """
    _refuse_bomb(packed, expected, where)
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


def _refuse_bomb(packed: bytes, expected: int, where: str) -> None:
    if expected > max(FREE_BYTES, RATIO * len(packed)):
        raise TooLarge(
            f"An array of {where} would unpack to more than {RATIO} times its size.", code="compression_bomb"
        )


def _inflate_at_most(packed: bytes, cap: int, where: str) -> bytes:
    _refuse_bomb(packed, cap, where)
    engine = zlib.decompressobj()
    try:
        raw = engine.decompress(packed, cap)
    except zlib.error as error:
        raise CorruptFile(f"An array of {where} is damaged (zlib).", code="bad_zlib") from error
    if not engine.eof:
        raise CorruptFile(f"An array of {where} does not end where it should (zlib).", code="bad_zlib")
    return raw
