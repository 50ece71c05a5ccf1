"""A zip of many files, one after the other, within the limits: spectral libraries are handed out so.

Nothing is written to disk, no member is trusted to be as large as it says, and an archive inside is not opened. Imports
nothing above archive.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .archive import GZIP, ZIP, refuse_large_directory, refuse_unsafe_members
from .errors import InstrumentError, TooLarge, UnsafeArchive
from .folder import is_litter
from .limits import DEFAULT_LIMITS, MIB, Limits
from .source import CHUNK, Source, open_source
from .zip_folder import METHODS, ZIP_ERRORS, plain_name, refuse_bomb, unpacking_failed, vendor_folder, zip_damaged

LIBRARY_MEMBERS = 20_000
"""Files in one zip: macOS doubles them, and a library has thousands."""
MEMBER_BYTES = 64 * MIB


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a zip: its name with "/" between the parts, and its bytes, or the error why they are not given."""

    name: str
    content: bytes
    error: InstrumentError | None = None


class ZipOfMany:
    """`members_of_zip(path)` looked at: how many files there are, and their bytes one by one."""

    def __init__(self, path: Path, size: int, names: tuple[str, ...], limits: Limits) -> None:
        self._path, self._size, self._limits = path, size, limits
        self.names = names

    def __len__(self) -> int:
        return len(self.names)

    def members(self) -> Iterator[Member]:
        """Each file once, in the order of the zip. Raises UnsafeArchive or TooLarge when what comes out is a bomb."""
        wanted, total = set(self.names), 0
        try:
            with self._path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
                for info in archive.infolist():
                    name = plain_name(info)
                    if info.is_dir() or name not in wanted:
                        continue
                    wanted.discard(name)  # a second file of the same name is not the one that was counted
                    member = self._member(archive, info, name)
                    total += len(member.content)
                    refuse_bomb(total, self._size, self._limits)
                    yield member
        except (*ZIP_ERRORS, OSError) as error:
            raise unpacking_failed(error) from error

    def _member(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Member:
        """One file; damage and size are its own and leave the others readable."""
        if info.compress_type not in METHODS:
            return Member(name, b"", zip_damaged())
        pieces, size = [], 0
        try:
            with archive.open(info) as stream:
                while piece := stream.read(CHUNK):
                    size += len(piece)
                    if size > MEMBER_BYTES:
                        return Member(name, b"", _too_large())
                    pieces.append(piece)
        except (*ZIP_ERRORS, OSError) as error:
            return Member(name, b"", unpacking_failed(error))
        content = b"".join(pieces)
        if content.startswith((GZIP, ZIP)):
            return Member(name, b"", _nested())
        return Member(name, content)


def members_of_zip(path: Path, limits: Limits = DEFAULT_LIMITS) -> ZipOfMany | None:
    """The zip at `path` as many files; None when it is no zip, holds one file only, or is the folder of one vendor run.

    Raises UnsafeArchive (names that point outside, links, a password, too many files), TooLarge, CorruptFile, and OSError
    when the path cannot be opened.
    """
    with path.open("rb") as stream:
        if stream.read(len(ZIP)) != ZIP:
            return None
    limits = replace(limits, archive_members=LIBRARY_MEMBERS)
    source = open_source(path, None, limits)
    try:
        names = _names(source, limits)
    except (*ZIP_ERRORS, OSError) as error:
        raise unpacking_failed(error) from error
    finally:
        source.close()
    return ZipOfMany(path, source.size, names, limits) if names else None


def _names(source: Source, limits: Limits) -> tuple[str, ...]:
    """Of the files in a zip of many; () for a zip that is not one."""
    refuse_large_directory(source, limits)
    with zipfile.ZipFile(source.open()) as archive:
        names = [plain_name(m) for m in archive.infolist() if not m.is_dir()]
        names = list(dict.fromkeys(n for n in names if not is_litter(n)))
        if len(names) < 2:
            return ()
        refuse_unsafe_members(archive, limits)
        if vendor_folder(archive, source, limits) is not None:
            return ()
    return tuple(names)


def _too_large() -> TooLarge:
    return TooLarge(
        f"This file unpacks to more than the {MEMBER_BYTES // MIB} MiB allowed of one file in a zip.",
        code="member_too_large",
        hint="Unpack it and import the file itself.",
    )


def _nested() -> UnsafeArchive:
    return UnsafeArchive("This is an archive inside the zip; only one layer is unpacked.", code="nested_archive")
