"""A zip that holds one vendor folder: found by the files in it, unpacked with every check to a private directory.

Imports nothing above folder. Unpacking waits until a reader asks for the directory, so that a parent process that
only has to know what the zip is writes nothing.
"""

from __future__ import annotations

import errno
import re
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from .errors import CorruptFile, InstrumentError, TooLarge, UnsafeArchive
from .folder import DEPTH, PEEK, SHORT, Folder, folder_probe, is_litter
from .limits import MIB, Limits
from .registry import sniff_folder
from .source import CHUNK, Source, base_name

# What zipfile and zlib raise on bytes that are no zip, or no longer one.
ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
    struct.error,
)
NO_ROOM = frozenset(getattr(errno, name, -1) for name in ("ENOSPC", "EDQUOT", "EFBIG"))
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # bzip2 and LZMA take as much memory as they like
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\..*)?", re.I)  # device names of Windows
UNSAFE = re.compile(r"[\x00-\x1f\x7f<>:\"|?*]")
PEELS = 8


def zip_damaged() -> CorruptFile:
    """The error for a zip that cannot be unpacked."""
    return CorruptFile(
        "This zip file is damaged or packed in a way that cannot be read.",
        code="zip_damaged",
        hint="Pack it again, or upload the file itself.",
    )


def unpacking_failed(error: Exception) -> InstrumentError:
    """The error for what zipfile or the disk raised: a full disk is not the file's fault."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return TooLarge(
            "There is no room on this machine to unpack this file.",
            code="no_room",
            hint="Try again later; the operator should make room for temporary files.",
        )
    return zip_damaged()


def refuse_bomb(total: int, packed: int, limits: Limits) -> None:
    """Raise when `total` bytes are too many, or an absurd multiple of the `packed` bytes they came from."""
    if total > limits.expanded_bytes:
        raise TooLarge(f"This file unpacks to more than {limits.expanded_bytes // MIB} MiB.", code="expands_too_far")
    if total > limits.archive_free_bytes and total > packed * limits.archive_ratio:
        raise UnsafeArchive(
            f"This file unpacks to more than {limits.archive_ratio} times its size, as a bomb does.",
            code="compression_bomb",
        )


def vendor_folder(archive: zipfile.ZipFile, source: Source, limits: Limits) -> Folder | None:
    """The vendor folder that is the whole content of an opened zip, None if there is none.

    It may lie in the zip itself or under folders that hold nothing else. The members were checked before (paths,
    links, number); here their names are, because they will become names on this disk. Raises UnsafeArchive.
    """
    members = {plain_name(m): m for m in archive.infolist() if not m.is_dir()}
    members = {n: m for n, m in members.items() if not is_litter(n)}
    if len(members) == 1 and "/" not in next(iter(members)):
        return None
    prefix, name = "", re.sub(r"\.zip$", "", source.name, flags=re.I)
    for _ in range(PEELS):
        inside = {n.removeprefix(prefix): m for n, m in members.items()}
        if sniff_folder(folder_probe(tuple(inside), name, lambda n, i=inside: _head(archive, i[n]))):  # type: ignore[misc]
            _refuse_names(archive)
            return ZipFolder(source, {n: m.filename for n, m in inside.items()}, name, limits)
        tops = {n.partition("/")[0] for n in inside}
        if len(tops) != 1 or "" in tops or not all("/" in n for n in inside):
            return None
        (name,) = tops
        prefix += f"{name}/"
    return None


def plain_name(member: zipfile.ZipInfo) -> str:
    """A member's name with "/" between the parts; some programs on Windows write backslashes."""
    return member.filename.replace("\\", "/")


def _head(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.compress_type not in METHODS:
        return b""
    try:
        with archive.open(member) as stream:
            return stream.read(PEEK)
    except ZIP_ERRORS:
        return b""


def _refuse_names(archive: zipfile.ZipFile) -> None:
    """Names that Windows cannot hold, or that would fall onto each other on some system."""
    files: set[str] = set()
    folders: set[str] = set()
    for member in archive.infolist():
        name = plain_name(member).rstrip("/")
        if is_litter(name):
            continue
        parts = name.split("/")
        for part in parts:
            if not part or part in (".", "..") or part.endswith((".", " ")) or len(part.encode()) > 255:
                raise _unsafe_name()
            if UNSAFE.search(part) or RESERVED.fullmatch(part):
                raise _unsafe_name()
        if len(parts) > DEPTH:
            raise UnsafeArchive("This zip is nested too deeply.", code="nested_too_deep")
        key = unicodedata.normalize("NFC", name).casefold()
        folders |= _parents(key)
        if not member.is_dir() and key in files:
            raise _twice()
        (folders if member.is_dir() else files).add(key)
    if files & folders:
        raise _twice()


def _parents(key: str) -> set[str]:
    parts = key.split("/")
    return {"/".join(parts[:i]) for i in range(1, len(parts))}


def _unsafe_name() -> UnsafeArchive:
    return UnsafeArchive("This zip holds a file whose name some systems cannot hold.", code="unsafe_name")


def _twice() -> UnsafeArchive:
    return UnsafeArchive("This zip holds two files of the same name.", code="duplicate_names")


class ZipFolder(Folder):
    """A vendor folder inside a zip. `directory()` unpacks it once; `close()` removes what was unpacked."""

    def __init__(self, source: Source, members: Mapping[str, str], name: str, limits: Limits) -> None:
        self._source, self._members, self._limits = source, dict(sorted(members.items())), limits
        self._place: tempfile.TemporaryDirectory[str] | None = None
        with zipfile.ZipFile(source.open()) as archive:
            size = sum(archive.getinfo(m).file_size for m in members.values())
        super().__init__(None, tuple(self._members), size, base_name(name), source.sha256, self._peek)

    def _peek(self, name: str) -> bytes:
        with zipfile.ZipFile(self._source.open()) as archive:
            return _head(archive, archive.getinfo(self._members[name]))

    def directory(self) -> Path:
        """Unpack to a directory of our own, below the temporary directory. Raises CorruptFile, UnsafeArchive, TooLarge."""
        if self._place is None:
            self._place = tempfile.TemporaryDirectory(prefix="mast-folder-", ignore_cleanup_errors=True)
            self.path = Path(self._place.name) / (re.sub(r"[^\w.+ -]", "_", self.name)[-SHORT:].strip(". ") or "run")
            self._unpack(self.path)
        assert self.path is not None
        return self.path

    def _unpack(self, root: Path) -> None:
        total = 0
        try:
            with zipfile.ZipFile(self._source.open()) as archive:
                for name, spelled in self._members.items():
                    member = archive.getinfo(spelled)
                    if member.compress_type not in METHODS:
                        raise zip_damaged()
                    target = root / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with archive.open(member) as packed, target.open("xb") as out:
                        while piece := packed.read(CHUNK):
                            total += len(piece)
                            # against the whole zip: members that overlap each other count once
                            refuse_bomb(total, self._source.size, self._limits)
                            out.write(piece)
        except (*ZIP_ERRORS, OSError) as error:
            raise unpacking_failed(error) from error

    def close(self) -> None:
        """Give everything back."""
        if self._place is not None:
            self._place.cleanup()
            self._place = None
        super().close()
