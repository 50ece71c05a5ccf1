"""One look at a watched folder: what is there, by name, size and time, and which of it has settled. Nothing is opened but
folders, and no link followed.

By looking and not by notification: network shares send none for what another computer writes (ADR 0013).
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from instruments import is_vendor_folder

DEEPEST = 32
MOST_MEMBERS = 5_000  # of a run; more cannot be packed
_Verdict = tuple[frozenset[str], bool]
PARTIAL = (
    "*.tmp", "*.temp", "*.part", "*.partial", "*.filepart", "*.crdownload", "*.download", "*.!*", "*.swp", "*.lock",
    "*.lck", "~*", "*~", ".*",
)  # fmt: skip
"""Names that programs give to what they have not finished, and hidden files. Compared without case."""
LITTER = frozenset({"thumbs.db", "desktop.ini"})
LITTER_FOLDERS = frozenset({"$recycle.bin", "system volume information", "__macosx", "lost+found"})
RUN_ENDINGS = (".d", ".raw")
"""Folders of these names are one run of an instrument (Agilent, Bruker, Waters), also while it is being written."""


class FolderAway(OSError):
    """The watched folder cannot be listed: a share that is gone, a disk that was taken out."""


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A file, or a folder that is one run. `path` is absolute, `name` relative as people read it.

    `signature` changes when the content may have: size and time of a file, or of every file of a run. `settled_name` is
    false while a run holds a file with the name of something unfinished. `size` in bytes.
    """

    key: str
    name: str
    path: str
    is_run: bool
    size: int
    signature: str
    settled_name: bool = True


@dataclass(slots=True)
class Look:
    """What one look found. `complete`: no part of the folder was out of reach, so what is not here is gone."""

    found: list[ScannedFile] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether everything was seen."""
        return not self.unreadable


class Scanner:
    """Looks at one folder again and again; remembers which folders are runs, so that a look stays cheap."""

    def __init__(self, root: Path, *, ignore: Sequence[str] = (), since: datetime | None = None) -> None:
        self.root = root
        self._ignore = tuple(ignore)
        self._since_ns = int(since.timestamp() * 1e9) if since is not None else None
        self._verdicts: dict[str, _Verdict] = {}

    def look(self) -> Look:
        """List everything. Raises FolderAway."""
        seen = Look()
        verdicts: dict[str, _Verdict] = {}
        pending: list[tuple[str, int]] = [("", 0)]
        while pending:
            relative, depth = pending.pop()
            try:
                entries = _entries(os.path.join(self.root, relative))
            except OSError as error:
                if not relative:
                    raise FolderAway(error.errno, error.strerror or str(error), str(self.root)) from error
                seen.unreadable.append(spelled(relative))
                continue
            if relative and self._is_run(relative, entries, verdicts):
                self._add_run(seen, relative)
                continue
            if depth >= DEEPEST:
                seen.unreadable.append(spelled(relative))
                continue
            pending += self._sort_out(seen, relative, entries, depth)
        self._verdicts = verdicts
        return seen

    def _sort_out(
        self, seen: Look, relative: str, entries: list[os.DirEntry[str]], depth: int
    ) -> list[tuple[str, int]]:
        folders = []
        for entry in entries:
            name = os.path.join(relative, entry.name)
            try:
                if _is_link(entry):
                    seen.links.append(spelled(name))
                elif entry.is_dir():
                    if not is_ignored_folder(entry.name, self._ignore):
                        folders.append((name, depth + 1))
                elif entry.is_file() and not is_ignored(entry.name, self._ignore):
                    self._add_file(seen, name, entry.stat())
            except OSError:
                seen.unreadable.append(spelled(name))
        return folders

    def _add_file(self, seen: Look, relative: str, info: os.stat_result) -> None:
        if self._since_ns is None or info.st_mtime_ns >= self._since_ns:
            path = os.path.join(self.root, relative)
            found = ScannedFile(path_key(relative), spelled(relative), path, False, info.st_size, file_signature(info))
            seen.found.append(found)

    def _add_run(self, seen: Look, relative: str) -> None:
        path = os.path.join(self.root, relative)
        try:
            members = _members(path)
        except OSError:
            seen.unreadable.append(spelled(relative))
            return
        newest = max((mtime for _, _, mtime in members), default=0)
        if self._since_ns is None or newest >= self._since_ns:
            seen.found.append(_run(path_key(relative), spelled(relative), path, members))

    def _is_run(self, relative: str, entries: list[os.DirEntry[str]], verdicts: dict[str, _Verdict]) -> bool:
        """By its name, or by its files; asked again only when other names are in it (a run may still be beginning)."""
        if is_run_name(os.path.basename(relative)):
            return True
        names = frozenset(entry.name.lower() for entry in entries)
        known = self._verdicts.get(relative)
        if known is None or known[0] != names or "acqdata" in names:
            known = (names, is_vendor_folder(os.path.join(self.root, relative)))
        verdicts[relative] = known
        return known[1]


class Settling:
    """When a file counts as finished: how long each path has looked the same. `settle_s` in seconds; `clock` is
    monotonic, so setting the computer's clock makes nothing look older or younger.

    A path must have been seen at least twice. Nothing of this is kept over a restart: then everything settles again.
    """

    def __init__(self, settle_s: float, clock: Callable[[], float]) -> None:
        self._settle_s = settle_s
        self._clock = clock
        self._seen: dict[str, tuple[str, float]] = {}

    def has_settled(self, key: str, signature: str) -> bool:
        """Note how a path looks now; whether it has looked so for the settle time."""
        now = self._clock()
        before, since = self._seen.get(key, ("", now))
        if before != signature:
            self._seen[key] = (signature, now)
            return False
        return now - since >= self._settle_s

    def begin_again(self, key: str) -> None:
        """It was in use or changed under our hands: it has to settle once more."""
        self._seen.pop(key, None)

    def keep_only(self, keys: set[str]) -> None:
        """Forget every other path."""
        self._seen = {key: seen for key, seen in self._seen.items() if key in keys}


def look_again(found: ScannedFile) -> ScannedFile | None:
    """An entry as it is now, None if it is gone. Asks the file: Windows lists the size of an open one late."""
    try:
        if found.is_run:
            return _run(found.key, found.name, found.path, _members(found.path, fresh=True))
        info = os.stat(found.path, follow_symlinks=False)
        if not stat.S_ISREG(info.st_mode):
            return None
        return ScannedFile(found.key, found.name, found.path, False, info.st_size, file_signature(info))
    except OSError:
        return None


def file_signature(info: os.stat_result) -> str:
    """Size and time of last change. Only ever compared for being equal: a clock that jumps cannot mislead it."""
    return f"{info.st_size}:{info.st_mtime_ns}"


def _run(key: str, name: str, path: str, members: list[tuple[str, int, int]]) -> ScannedFile:
    finished = not any(is_ignored(os.path.basename(member)) for member, _, _ in members)
    signature = hashlib.sha256()
    for member, size, mtime in sorted(members):
        signature.update(f"{spelled(member)}\0{size}\0{mtime}\n".encode())
    return ScannedFile(key, name, path, True, sum(size for _, size, _ in members), signature.hexdigest(), finished)


def _members(path: str, *, fresh: bool = False) -> list[tuple[str, int, int]]:
    """(relative name, size, time of change in ns) of every file below; `fresh` asks each file and not its folder."""
    found: list[tuple[str, int, int]] = []
    pending = [("", 0)]
    while pending:
        relative, depth = pending.pop()
        for entry in _entries(os.path.join(path, relative)):
            name = os.path.join(relative, entry.name)
            if entry.is_dir(follow_symlinks=False) and not _is_link(entry):
                if depth < DEEPEST:
                    pending.append((name, depth + 1))
            else:
                info = os.stat(entry.path, follow_symlinks=False) if fresh else entry.stat(follow_symlinks=False)
                found.append((name, info.st_size, info.st_mtime_ns))
            if len(found) > MOST_MEMBERS:  # packing will refuse it, with a sentence
                return found
    return found


def _entries(path: str) -> list[os.DirEntry[str]]:
    with os.scandir(path) as listing:
        return sorted(listing, key=lambda entry: entry.name)


def _is_link(entry: os.DirEntry[str]) -> bool:
    """A symbolic link, or a junction of Windows (known from Python 3.12 on)."""
    return entry.is_symlink() or bool(getattr(entry, "is_junction", bool)())


# -- names in a watched folder: which are nobody's measurement, and how one path is written the same way everywhere


def is_ignored(name: str, more: Sequence[str] = ()) -> bool:
    """Whether a file of this name is unfinished, hidden or left by the system; `more` are a laboratory's own patterns."""
    lower = name.lower()
    return lower in LITTER or any(fnmatchcase(lower, p.lower()) for p in (*PARTIAL, *more))


def is_ignored_folder(name: str, more: Sequence[str] = ()) -> bool:
    """Whether a folder is left alone because of its name."""
    lower = name.lower()
    return lower in LITTER_FOLDERS or lower.startswith(".") or any(fnmatchcase(lower, p.lower()) for p in more)


def is_run_name(name: str) -> bool:
    """Whether a folder is named as a run of an instrument is."""
    return name.lower().endswith(RUN_ENDINGS)


def spelled(relative: str) -> str:
    """A relative path for people and for the server: "/" between the parts, and text whatever bytes it is made of."""
    text = os.fsencode(relative).decode("utf-8", "backslashreplace")
    return text.replace("\\", "/") if os.sep == "\\" else text


def path_key(relative: str, *, system: str = sys.platform) -> str:
    """What makes two spellings one path: Windows does not tell `A.CSV` from `a.csv`, nor macOS two ways to write `é`.

    Elsewhere they are two files, and so they stay.
    """
    text = spelled(relative)
    if system == "win32":
        return text.replace("\\", "/").lower()
    return unicodedata.normalize("NFC", text) if system == "darwin" else text


def fit_label(text: str, length: int = 80) -> str:
    """Printable and bounded: for what a computer calls itself."""
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text)).strip()[:length].strip()
