"""Pictures without what a camera writes beside them: place, time, device, a preview. Pure, and decodes nothing.

JPEG (ITU-T T.81) and PNG (ISO/IEC 15948) are read piece by piece, and only the pieces a decoder needs are written again.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

LARGEST_PIXELS = 40_000_000
PNG = b"\x89PNG\r\n\x1a\n"
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive: what cameras and browsers write."""
_KEPT = _FRAMES | {0xC4, 0xDB, 0xDD, _SOS}
_ADOBE = 0xEE
"""Says how colours are coded, in twelve bytes; of other applications nothing is kept."""
_RESTARTS = frozenset(range(0xD0, 0xD8))
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})


class NotAPictureError(ValueError):
    """What was sent cannot be kept as a picture. The message is a sentence for the person who sent it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes to keep, and how large it is. `behind`: what stood behind its end, which is no part of it."""

    media_type: str
    content: bytes
    width: int
    height: int
    behind: bytes = b""


def without_metadata(content: bytes) -> Picture:
    """A photo without its metadata: no place, no time, no name of a device. `content` is a JPEG or PNG file.

    Raises NotAPictureError for anything else, for a damaged file, and above 40 megapixels.
    """
    try:
        picture = _jpeg(content) if content.startswith(b"\xff\xd8") else _png(content)
    except (IndexError, struct.error):
        raise NotAPictureError("The photo is damaged. Take it again.") from None
    if picture.width * picture.height > LARGEST_PIXELS or 0 in (picture.width, picture.height):
        raise NotAPictureError("The photo is too large. Take one with at most 40 megapixels.")
    return picture


def media_type_of(content: bytes) -> str:
    """Of a picture that was kept."""
    return "image/png" if content.startswith(PNG) else "image/jpeg"


def _jpeg(content: bytes) -> Picture:
    size, kept, scans, behind = (0, 0), [b"\xff\xd8"], 0, b""
    for marker, piece in _segments(content):
        if marker == _EOI:
            behind = piece
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", piece, 5)
            size = (width, height)
        scans += marker == _SOS
        if marker in _KEPT or (marker == _ADOBE and len(piece) == 16 and piece[4:9] == b"Adobe"):
            kept.append(piece)
    if not scans or size == (0, 0):
        raise NotAPictureError("The photo is damaged. Take it again.")
    return Picture("image/jpeg", b"".join([*kept, b"\xff\xd9"]), *size, behind)


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Each marker with its bytes, those of a scan up to the next marker, those of the end with all that follows it."""
    at = 2
    while True:
        if content[at] != 0xFF:
            raise NotAPictureError("The photo is damaged. Take it again.")
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1  # a fill byte
            continue
        if marker == _EOI:
            yield marker, content[at + 2 :]
            return
        (length,) = struct.unpack_from(">H", content, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(content):
            raise NotAPictureError("The photo is damaged. Take it again.")
        end = _end_of_scan(content, end) if marker == _SOS else end
        yield marker, content[at:end]
        at = end


def _end_of_scan(content: bytes, at: int) -> int:
    """Where the next marker stands that is neither a stuffed byte nor a restart."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0:
            raise IndexError
        following = content[at + 1]
        if following != 0 and following not in _RESTARTS and following != 0xFF:
            return at
        at += 1 if following == 0xFF else 2


def _png(content: bytes) -> Picture:
    if not content.startswith(PNG):
        raise NotAPictureError("This is not a JPEG or PNG photo. Choose another file.")
    kept, at, kinds = [PNG], len(PNG), set[bytes]()
    while b"IEND" not in kinds:
        (length,) = struct.unpack_from(">I", content, at)
        chunk = content[at : at + 12 + length]
        kind, whole = chunk[4:8], len(chunk) == 12 + length
        if (
            not whole
            or zlib.crc32(chunk[4:-4]) != struct.unpack(">I", chunk[-4:])[0]
            or (not kinds and kind != b"IHDR")
        ):
            raise NotAPictureError("The photo is damaged. Take it again.")
        kinds.add(kind)
        kept += [chunk] if kind in _PNG_KEPT else []
        at += 12 + length
    if b"IDAT" not in kinds:
        raise NotAPictureError("The photo is damaged. Take it again.")
    width, height = struct.unpack_from(">II", kept[1], 8)
    return Picture("image/png", b"".join(kept), width, height)
