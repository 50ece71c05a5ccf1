"""The names inside a Microsoft compound document (OLE), to tell one instrument's files from another's and from Word.

Layout: [MS-CFB], Compound File Binary File Format. Only the directory is walked, a bounded number of sectors of it;
no stream is read. Imports probe only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .probe import Probe

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SECTOR_SHIFTS = (9, 12)
DIRECTORY_SECTORS = 1024
ENTRY, NAME_BYTES, DIFAT_START, DIFAT_ENTRIES = 128, 64, 76, 109
STORAGE, STREAM, SIZE_AT = 1, 2, 120


def is_ole(probe: Probe) -> bool:
    """Whether the file begins like a compound document."""
    return probe.head.startswith(MAGIC) and len(probe.head) >= 512


def sector_size(probe: Probe) -> int:
    """Bytes per sector, 0 when the header makes no sense."""
    shift = struct.unpack_from("<H", probe.head, 30)[0]
    return 1 << shift if shift in SECTOR_SHIFTS else 0


def is_cut(probe: Probe) -> bool:
    """Whether the file ends within a sector: a compound document is written in whole ones."""
    size = sector_size(probe)
    return bool(size and probe.size % size)


def names(probe: Probe) -> frozenset[str]:
    """Names of the storages and streams in lower case; empty when the directory cannot be reached."""
    return frozenset(streams(probe))


def streams(probe: Probe) -> dict[str, int]:
    """Name of each storage and stream in lower case → its bytes, 0 for a storage; of several of one name the largest."""
    if not is_ole(probe) or not sector_size(probe):
        return {}
    found: dict[str, int] = {}
    for sector in _directory(probe):
        for at in range(0, len(sector) - ENTRY + 1, ENTRY):
            length, kind = struct.unpack_from("<HB", sector, at + NAME_BYTES)
            if kind in (STORAGE, STREAM) and 2 <= length <= NAME_BYTES:
                name = sector[at : at + length - 2].decode("utf-16-le", "replace").lower()
                size = struct.unpack_from("<I", sector, at + SIZE_AT)[0] if kind == STREAM else 0
                found[name] = max(size, found.get(name, 0))
    return found


def _directory(probe: Probe) -> Iterator[bytes]:
    """The sectors of the directory, in order; ends at a loop, at the end of the file or at the cap."""
    size = sector_size(probe)
    number = struct.unpack_from("<I", probe.head, 48)[0]
    seen: set[int] = set()
    while number not in seen and len(seen) < DIRECTORY_SECTORS and (number + 1) * size < probe.size:
        seen.add(number)
        yield probe.at((number + 1) * size, size)
        number = _next(probe, number, size)


def _next(probe: Probe, number: int, size: int) -> int:
    """The sector that follows in the allocation table; one beyond the file when the table does not say."""
    table, row = divmod(number, size // 4)
    if table >= DIFAT_ENTRIES:
        return probe.size
    place = struct.unpack_from("<I", probe.head, DIFAT_START + 4 * table)[0]
    entry = probe.at((place + 1) * size + 4 * row, 4)
    return int.from_bytes(entry, "little") if len(entry) == 4 else probe.size
