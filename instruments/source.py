"""The bytes a reader works on: opened once, hashed once, bounded. Imports nothing above errors and limits."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from .errors import COPY, CorruptFile, TooLarge
from .limits import MIB, Limits
from .probe import Probe, extension_of

HEAD_BYTES = 64 * 1024
CHUNK = MIB


class Readable(Protocol):
    """Anything with a binary `read`."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes."""
        ...


class Source:
    """One file's content. `open()` gives a fresh binary stream at its start; nothing here is ever written.

    `name` is the base name only: a path in an uploaded name is never followed. `path` is where the bytes are on
    disk, when they were opened there.
    """

    def __init__(self, stream: BinaryIO, size: int, name: str, sha256: str, path: Path | None = None) -> None:
        self._stream = stream
        self.path = path
        self.size = size
        self.name = name
        self.sha256 = sha256
        self.head = self._slice(0, HEAD_BYTES)
        self.tail = self._slice(max(0, size - HEAD_BYTES), HEAD_BYTES)

    @property
    def extension(self) -> str:
        """Lower-case ending without the dot, '' if there is none; a number counts as "0" (OPUS)."""
        return extension_of(self.name)

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return self.name.rpartition(".")[0] or self.name

    @property
    def probe(self) -> Probe:
        """What a sniffer sees of it."""
        return Probe(self.head, self.tail, self.size, self.name, self._slice)

    def open(self) -> BinaryIO:
        """The stream, rewound. There is one: do not interleave two readers."""
        self._stream.seek(0)
        return self._stream

    def read_all(self, limit: int) -> bytes:
        """The whole content. Raises TooLarge above `limit` bytes."""
        if self.size > limit:
            raise TooLarge(
                f"This file has {self.size / MIB:,.0f} MiB; a file of this kind may have {limit / MIB:,.0f} MiB.",
                code="too_many_bytes",
            )
        return self.open().read()

    def chunks(self, overlap: int = 0) -> Iterator[bytes]:
        """Pieces of about 1 MiB; each begins with the last `overlap` bytes of the one before."""
        stream, kept = self.open(), b""
        while piece := stream.read(CHUNK):
            joined = kept + piece
            yield joined
            kept = joined[-overlap:] if overlap else b""

    def _slice(self, start: int, length: int) -> bytes:
        self._stream.seek(start)
        return self._stream.read(length)

    def close(self) -> None:
        """Give the file handle back."""
        self._stream.close()


def base_name(name: str) -> str:
    """The last part of a file name from any system, without control characters."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(c for c in last if c.isprintable())[:255]


def open_source(source: str | os.PathLike[str] | bytes | Readable, name: str | None, limits: Limits) -> Source:
    """Open a path, bytes or a binary file. Raises TooLarge, CorruptFile (empty); OSError for a bad path."""
    stream: BinaryIO
    path: Path | None = None
    if isinstance(source, (bytes, bytearray, memoryview)):
        stream, given = io.BytesIO(source), ""
    elif isinstance(source, (str, os.PathLike)):
        path = Path(source)
        stream, given = path.open("rb"), path.name
    else:
        content = source.read(limits.upload_bytes + 1)
        if not isinstance(content, bytes):
            raise TypeError("read() needs a file opened in binary mode ('rb')")
        stream, given = io.BytesIO(content), str(getattr(source, "name", ""))
    try:
        size = stream.seek(0, io.SEEK_END)
        if size > limits.upload_bytes:
            raise TooLarge(
                f"This file is larger than the {limits.upload_bytes // MIB} MiB allowed.", code="too_many_bytes"
            )
        if size == 0:
            raise CorruptFile(
                "This file is empty (0 bytes), so the copy or the export did not finish.",
                code="empty_file",
                byte=0,
                hint=COPY,
            )
        return Source(stream, size, base_name(name if name is not None else given), _sha256(stream), path)
    except BaseException:
        stream.close()
        raise


def _sha256(stream: BinaryIO) -> str:
    stream.seek(0)
    digest = hashlib.sha256()
    while piece := stream.read(CHUNK):
        digest.update(piece)
    return digest.hexdigest()
