"""MS-Numpress arrays through pynumpress, checked first: on damaged input the library ends the whole process.

Its C++ throws character constants that its Python wrapper does not catch (pynumpress 0.1.5), so every read
beyond the end has to be excluded before the call. Format: Teleman et al. 2014 (doi:10.1074/mcp.O114.037879).
Imports numpy and errors only; pynumpress on first use.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectra.types import FloatArray

from ..errors import CorruptFile

FIXED_POINT_BYTES = 8  # linear and slof begin with their scale as a double
FIRST_VALUE_BYTES = 4  # linear stores its first two values as 32-bit integers
# An integer is one head half-byte and those that follow: head 0–8 says how many leading zeros are left out of
# eight half-bytes, head 9–15 how many leading ones (head − 8).
_SPAN = np.array([1 + (8 - h if h <= 8 else 16 - h) for h in range(16)], dtype=np.uint8)


def decode(packed: bytes, codec: str, length: int, where: str) -> FloatArray:
    """`length` values of a linear, pic or slof array. Raises CorruptFile if the bytes are not exactly those."""
    import pynumpress

    if length == 0:
        return np.empty(0)
    data = np.frombuffer(packed, dtype=np.uint8)
    if not _holds(data, codec, length):
        raise CorruptFile(f"An array of {where} is damaged (numpress).", code="bad_numpress")
    if codec == "linear" and length == 1:  # pynumpress wants a second value even where there is none
        scale = float(np.frombuffer(packed[:FIXED_POINT_BYTES], dtype=">f8")[0])
        first = int.from_bytes(packed[FIXED_POINT_BYTES : FIXED_POINT_BYTES + FIRST_VALUE_BYTES], "little")
        return np.array([first / scale if scale else np.inf])
    functions = {"linear": pynumpress.decode_linear, "pic": pynumpress.decode_pic, "slof": pynumpress.decode_slof}
    try:
        return np.asarray(functions[codec](data), dtype=np.float64)
    except (ValueError, RuntimeError, TypeError, IndexError) as error:
        raise CorruptFile(f"An array of {where} is damaged (numpress).", code="bad_numpress") from error


def _holds(data: NDArray[np.uint8], codec: str, length: int) -> bool:
    if codec == "slof":
        return data.size == FIXED_POINT_BYTES + 2 * length
    if codec == "pic":
        return _integers(data, length)
    head = FIXED_POINT_BYTES + FIRST_VALUE_BYTES * min(length, 2)
    if data.size < head or (length < 2 and data.size != head):
        return False
    return _integers(data[head:], max(0, length - 2))


def _integers(data: NDArray[np.uint8], expected: int) -> bool:
    """Whether the half-bytes are exactly `expected` whole integers, with at most one half-byte of padding."""
    halves = np.empty(2 * data.size, dtype=np.uint8)
    halves[0::2], halves[1::2] = data >> 4, data & 0x0F
    spans, position = _SPAN[halves].tobytes(), 0
    try:
        for _ in range(expected):
            position += spans[position]
    except IndexError:
        return False
    return position == halves.size or (position == halves.size - 1 and halves[position] == 0)
