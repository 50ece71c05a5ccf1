"""The directory and the parameter blocks of a Bruker OPUS file, checked against the file's length before use.

Why our own and not brukeropus (MIT), from which the block types are known: one wrong length in a parameter block
keeps that library busy for ever, and it needs a path (decision 0011). The format has no public specification.
Imports nothing above `instruments`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise

from ..errors import COPY, CorruptFile, TooLarge

MAGIC = b"\n\n\xfe\xfe"
HEADER = struct.Struct("<4sd3i")  # magic, version, start of the directory, its room, entries in use
ENTRY = struct.Struct("<Iii")  # type, size in 32-bit words, start in bytes
PARAMETER = struct.Struct("<3sx2h")  # name, type of value, size in 16-bit words
STATUS = 1
# Real files have room for 40 blocks, their parameter blocks a kilobyte; more only keeps the reader busy.
MOST_BLOCKS = 1_000
PARAMETER_BYTES = 64 * 1024
LARGEST_HOLE = 4_096  # bytes; OPUS leaves up to 2,368 free between blocks

Value = int | float | bytes
Parameters = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Block:
    """One entry of the directory; `start` and `size` in bytes. The other fields are the bits of its type."""

    part: int  # 1 real, 2 imaginary, 3 amplitude
    channel: int  # 1 sample, 2 reference, 3 ratio of both
    parameters: int  # 0 none, 1 status of a data block, 2 instrument, 3 acquisition, 6 optics, 10 sample, ...
    data: int  # 1 spectrum, 2 interferogram, 4 absorbance, ..., 13 directory
    detector: int  # 0 for the first channel
    derivative: int
    extension: int  # 0 plain, 2 series, 4 compact, others hold reports and texts
    start: int
    size: int

    @property
    def end(self) -> int:
        """First byte behind the block."""
        return self.start + self.size

    @property
    def pairs_with(self) -> tuple[int, ...]:
        """Equal for a data block and its status block."""
        return self.part, self.channel, self.data, self.detector, self.derivative, self.extension


def _block(kind: int, words: int, start: int) -> Block:
    return Block(
        part=kind & 0x3,
        channel=kind >> 2 & 0x3,
        parameters=kind >> 4 & 0x3F,
        data=kind >> 10 & 0x1F,
        detector=kind >> 15 & 0x3,
        derivative=kind >> 17 & 0x3,
        extension=kind >> 19 & 0x7FF,  # bit 30 marks blocks that OPUS has rewritten and says nothing of their form
        start=start,
        size=4 * words,
    )


def directory(content: bytes) -> list[Block]:
    """The blocks in the order of the directory, without the directory itself; none overlaps another.

    Raises CorruptFile with a byte when an entry points outside the file or into another block.
    """
    if len(content) < HEADER.size:
        raise _cut(len(content))
    _, _, start, _, count = HEADER.unpack_from(content)
    if count < 1 or start < HEADER.size:
        raise CorruptFile("The header of this OPUS file does not point to its directory.", code="bad_header", byte=12)
    if start + count * ENTRY.size > len(content):
        raise _cut(len(content))
    if count > MOST_BLOCKS:
        raise TooLarge(f"This OPUS file holds {count:,} blocks; {MOST_BLOCKS:,} are allowed.", code="too_many_blocks")
    found = []
    for at in range(start, start + count * ENTRY.size, ENTRY.size):
        kind, words, begin = ENTRY.unpack_from(content, at)
        if kind == words == begin == 0:
            continue  # an entry that OPUS has freed
        if words < 0 or begin < HEADER.size:
            raise CorruptFile("A block of this OPUS file has an impossible place or size.", code="bad_block", byte=at)
        block = _block(kind, words, begin)
        if block.end > len(content):
            raise _cut(len(content))
        found.append(block)
    spans = [(b.start, b.end) for b in found if b.size]
    if not any(b.start == start and _is_directory(b) for b in found):
        spans.append((start, start + count * ENTRY.size))  # most directories name themselves, with their spare room
    _refuse_overlap(spans)
    return [b for b in found if not _is_directory(b)]


def names_all(content: bytes, blocks: list[Block]) -> bool:
    """Whether no entry stands behind those counted, and no bytes in which a spectrum would fit belong to none."""
    _, _, start, room, count = HEADER.unpack_from(content)
    behind = content[start + count * ENTRY.size :][: ENTRY.size]
    table = (start, start + room * ENTRY.size)
    spans = [*sorted([table, *((b.start, b.end) for b in blocks if b.size)]), (len(content), 0)]
    holes = (begin - end for (_, end), (begin, _) in pairwise(spans))
    return not (count < room and behind.strip(b"\0")) and all(hole <= LARGEST_HOLE for hole in holes)


def _cut(size: int) -> CorruptFile:
    return CorruptFile(
        "This OPUS file is cut short: it ends before data that it announces.", code="truncated", byte=size, hint=COPY
    )


def _is_directory(block: Block) -> bool:
    return block.data == 13 and block.parameters == 0


def _refuse_overlap(spans: list[tuple[int, int]]) -> None:
    for (_, end), (start, _) in pairwise(sorted(spans)):
        if end > start:
            raise CorruptFile("Two blocks of this OPUS file lie over each other.", code="blocks_overlap", byte=start)


def parameters(content: bytes, block: Block) -> Parameters:
    """The named values of a parameter block; texts as bytes, because another block names their code page.

    Raises CorruptFile with a byte when a value does not fit into its block.
    """
    if block.size > PARAMETER_BYTES:
        raise CorruptFile("A parameter block of this OPUS file is absurdly long.", code="bad_block", byte=block.start)
    found: Parameters = {}
    at = block.start
    while at + PARAMETER.size <= block.end:
        name, kind, words = PARAMETER.unpack_from(content, at)
        if name == b"END":
            break
        begin, at = at + PARAMETER.size, at + PARAMETER.size + 2 * words
        if words < 0 or at > block.end or 2 * words < {0: 4, 1: 8}.get(kind, 0):
            raise CorruptFile("A parameter of this OPUS file is damaged.", code="bad_parameter", byte=begin, hint=COPY)
        found[name.decode("latin-1")] = _value(kind, content[begin:at])
    return found


def _value(kind: int, raw: bytes) -> Value:
    if kind == 0:
        return int.from_bytes(raw[:4], "little", signed=True)
    if kind == 1:
        return float(struct.unpack_from("<d", raw)[0])
    return raw.split(b"\0", 1)[0]
