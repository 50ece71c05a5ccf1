"""Vendor folders as one source: listed without following links, hashed, packed for the journey to a server.

Some instruments write a run as a folder (Agilent .D, Waters .raw). Imports nothing above source and registry.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from .errors import CorruptFile, TooLarge, UnsafeArchive
from .limits import DEFAULT_LIMITS, MIB, Limits
from .probe import FolderProbe
from .registry import sniff_folder
from .source import CHUNK, Source, base_name

DEPTH = 16
PEEK = 512
SHORT = 60  # characters of a name we give ourselves; some take four bytes, and a disk takes 255
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold
LITTER = frozenset({"__macosx", ".ds_store", "thumbs.db", "desktop.ini"})
_COPY_AGAIN = "Copy the folder again from the instrument computer, or export the run as mzML or CSV."


class Folder(Source):
    """A folder of files that together are one run. It has no stream of its own: `head` and `tail` are empty.

    `names` are the files in it, relative and sorted, with "/" between the parts; `size` is the sum of their
    bytes. `directory()` is where they are on disk. Nothing in it is ever written.
    """

    def __init__(
        self, path: Path | None, names: tuple[str, ...], size: int, name: str, sha256: str, head: Callable[[str], bytes]
    ) -> None:
        super().__init__(io.BytesIO(), size, name, sha256, path)
        self.names = names
        self._head = head

    @property
    def folder_probe(self) -> FolderProbe:
        """What a sniffer sees of it."""
        return folder_probe(self.names, self.name, self._head)

    def directory(self) -> Path:
        """The folder on disk."""
        assert self.path is not None
        return self.path


def folder_probe(names: tuple[str, ...], name: str, head: Callable[[str], bytes]) -> FolderProbe:
    """A probe of files named in any case; `head` takes the name as the folder spells it."""
    spelled = {n.lower(): n for n in names}
    return FolderProbe(frozenset(spelled), name, lambda lower: head(spelled[lower]) if lower in spelled else b"")


def is_litter(name: str) -> bool:
    """Whether an operating system left this file there (macOS, Windows): it is no part of a run."""
    parts = name.lower().split("/")
    return not LITTER.isdisjoint(parts) or parts[-1].startswith("._")


def list_folder(path: Path, limits: Limits = DEFAULT_LIMITS) -> dict[str, int]:
    """Relative name → size of every file below `path`, sorted by name, litter left out.

    Raises UnsafeArchive on a link, a device or a pipe, on more members than allowed and on too deep nesting,
    TooLarge beyond `limits.expanded_bytes`, and OSError where the system refuses.
    """
    found: dict[str, int] = {}
    pending, seen = [(path, "", 0)], 0
    while pending:
        directory, prefix, depth = pending.pop()
        with os.scandir(directory) as entries:
            for entry in entries:
                name, seen = prefix + entry.name, seen + 1
                if seen > limits.archive_members:
                    raise UnsafeArchive(
                        f"This folder holds more than the {limits.archive_members:,} files allowed.",
                        code="too_many_members",
                    )
                if is_litter(name):
                    continue
                if entry.is_symlink() or getattr(entry, "is_junction", bool)():
                    raise UnsafeArchive("This folder holds a symbolic link.", code="symbolic_link", hint=_COPY_AGAIN)
                if entry.is_dir():
                    if depth >= DEPTH:
                        raise UnsafeArchive("This folder is nested too deeply.", code="nested_too_deep")
                    pending.append((Path(entry.path), f"{name}/", depth + 1))
                elif entry.is_file():
                    found[name] = entry.stat().st_size
                else:
                    raise UnsafeArchive("This folder holds something that is no file.", code="special_file")
    if sum(found.values()) > limits.expanded_bytes:
        raise TooLarge(
            f"This folder is larger than the {limits.expanded_bytes // MIB} MiB allowed.", code="too_many_bytes"
        )
    return dict(sorted(found.items()))


def open_folder(path: Path, name: str | None, limits: Limits) -> Folder:
    """A folder on disk as a source. Raises as `list_folder`, and CorruptFile when there is nothing in it."""
    members = list_folder(path, limits)
    if not any(members.values()):
        raise CorruptFile("This folder is empty.", code="empty_folder", hint=_COPY_AGAIN)
    given = base_name(name if name is not None else path.resolve().name)
    return Folder(path, tuple(members), sum(members.values()), given, digest(path, members), _peek(path))


def digest(path: Path, members: dict[str, int]) -> str:
    """What identifies a folder: SHA-256 over "mast-folder-1", then per file, sorted by name, the line
    "<bytes of the name>:<name>:<size>" and the content. The folder's own name and all dates stay out of it.
    """
    found = hashlib.sha256(b"mast-folder-1\n")
    for name, size in sorted(members.items()):
        spelled = os.fsencode(name)
        found.update(b"%d:%b:%d\n" % (len(spelled), spelled, size))
        with (path / name).open("rb") as stream:
            for piece in _exactly(stream, size):
                found.update(piece)
    return found.hexdigest()


def _exactly(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """The `size` bytes that were announced; raises when the file has become shorter or longer in the meantime."""
    left = size
    while piece := stream.read(CHUNK):
        left -= len(piece)
        if left < 0:
            break
        yield piece
    if left:
        raise CorruptFile(
            "A file of this folder changed while it was read.",
            code="folder_changed",
            hint="Wait until the instrument has finished the run.",
        )


def _peek(path: Path) -> Callable[[str], bytes]:
    def head(name: str) -> bytes:
        with (path / name).open("rb") as stream:
            return stream.read(PEEK)

    return head


def is_vendor_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a folder is one run of an instrument known here, readable or not. Looks at names and first bytes."""
    folder = Path(path)
    try:
        names = tuple(list_folder(folder))
        return bool(sniff_folder(folder_probe(names, folder.resolve().name, _peek(folder))))
    except (OSError, UnsafeArchive, TooLarge):
        return False


def pack_folder(path: str | os.PathLike[str], out: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> None:
    """Write a folder as a zip to a binary stream: the same folder gives the same bytes, whatever its dates.

    The zip holds one top folder of the folder's name, its files sorted, deflated. Raises as `list_folder`, and
    CorruptFile when a file changes in the meantime.
    """
    folder = Path(path)
    top = base_name(folder.resolve().name) or "folder"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, size in list_folder(folder, limits).items():
            entry = zipfile.ZipInfo(f"{top}/{os.fsencode(name).decode('utf-8', 'replace')}", EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr, entry.file_size = 3, 0o644 << 16, size
            with (folder / name).open("rb") as stream, archive.open(entry, "w") as packed:
                for piece in _exactly(stream, size):
                    packed.write(piece)


def named(directory: Path, name: str, ending: str, place: Path) -> Path:
    """The directory under a name with the ending that a reader asks for: itself, or a link to it in `place`."""
    if directory.name.lower().endswith(ending):
        return directory
    wanted = place / f"{name[:SHORT] or 'run'}{ending}"
    try:
        wanted.symlink_to(directory.resolve(), target_is_directory=True)
    except OSError:  # Windows lets administrators only make links
        shutil.copytree(directory, wanted)
    return wanted
