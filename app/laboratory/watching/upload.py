"""A finished file, or a run packed as one zip, made ready to be sent: its bytes held still, hashed, and named for ever.

The arrival key is made of the sender's name, the path and the content alone. Anyone who makes it again, after a lost ledger
or a lost answer, makes the same one, and the server answers with the row it has.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.laboratory.watching.scanning import ScannedFile, look_again
from app.platform.kernel.locks import open_to_read
from instruments import InstrumentError, is_vendor_folder, pack_folder

CHUNK = 256 * 1024
SPOOL = "packing-"


class Changed(Exception):
    """The file is not what it was when it settled: it is being written after all."""


class NotWhole(Exception):
    """A folder that is named like a run and holds nothing of one, so far."""


class Unpackable(Exception):
    """A run that cannot be packed. The message is a sentence."""


@dataclass(frozen=True, slots=True)
class Upload:
    """`stream` stands at its beginning and gives `size` bytes with `sha256`. `content` identifies what is in it: the same
    for a run that was packed by another version of zlib. `name` is what the server is told.
    """

    found: ScannedFile
    stream: BinaryIO
    name: str
    size: int
    sha256: str
    content: str


def arrival_key(origin: str, path_key: str, content: str) -> str:
    """64 hexadecimal digits."""
    return hashlib.sha256("\n".join(("mast-watch-1", origin, path_key, content)).encode()).hexdigest()


@contextlib.contextmanager
def upload(found: ScannedFile, spool: Path) -> Iterator[Upload]:
    """Open and hash what was found; runs are packed into `spool`. Nothing is written in the watched folder.

    Raises Changed, InUse, NotWhole, Unpackable, OSError.
    """
    if found.is_run:
        with _packed(found, spool) as made:
            yield made
    else:
        with open_to_read(found.path) as stream:
            info = os.fstat(stream.fileno())
            size, sha256 = _hashed(stream)
            if size != info.st_size or look_again(found) != found:
                raise Changed
            yield Upload(found, stream, found.name, size, sha256, sha256)


@contextlib.contextmanager
def _packed(found: ScannedFile, spool: Path) -> Iterator[Upload]:
    if not is_vendor_folder(found.path):
        raise NotWhole
    for directory, _, names in os.walk(found.path):  # raises for a file that is in use
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                open_to_read(os.path.join(directory, name)).close()
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=spool, prefix=SPOOL, suffix=".zip") as out:
        stream: BinaryIO = out.file  # type: ignore[assignment]
        try:
            pack_folder(found.path, stream)
        except InstrumentError as error:
            if error.code == "folder_changed":
                raise Changed from error
            raise Unpackable(" ".join(f"{error.message} {error.hint}".split())) from error
        if look_again(found) != found:
            raise Changed
        size, sha256 = _hashed(stream)
        content = _content(stream)
        stream.seek(0)
        yield Upload(found, stream, f"{found.name}.zip", size, sha256, content)


def sweep(spool: Path) -> None:
    """Remove packed runs that a process left when it was killed."""
    for left in spool.glob(f"{SPOOL}*.zip"):
        with contextlib.suppress(OSError):
            left.unlink()


def _hashed(stream: BinaryIO) -> tuple[int, str]:
    found, size = hashlib.sha256(), 0
    stream.seek(0)
    while piece := stream.read(CHUNK):
        found.update(piece)
        size += len(piece)
    stream.seek(0)
    return size, found.hexdigest()


def _content(packed: BinaryIO) -> str:
    """Over the names and the content of the members, whatever packing made of them."""
    found = hashlib.sha256(b"mast-run-1\n")
    with zipfile.ZipFile(packed) as archive:
        for member in archive.infolist():
            name = member.filename.partition("/")[2].encode()
            found.update(b"%d:%b:%d\n" % (len(name), name, member.file_size))
            with archive.open(member) as stream:
                while piece := stream.read(CHUNK):
                    found.update(piece)
    return found.hexdigest()
