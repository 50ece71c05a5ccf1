"""Files that someone else has open, and the one process that may use a file: a watcher its ledger, a server its SQLite database.

The system lets go when a process dies.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import BinaryIO


class InUse(Exception):
    """Someone else has the file open for writing, or holds a lock on it."""


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _SHARE_READ, _SHARE_WRITE, _SHARE_DELETE = 1, 2, 4
    _GENERIC_READ, _OPEN_EXISTING, _SEQUENTIAL = 0x80000000, 3, 0x08000000
    _BUSY = {5, 32, 33}  # access denied, sharing violation, lock violation
    _create = ctypes.WinDLL("kernel32", use_last_error=True).CreateFileW
    _create.argtypes = [
        wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID, wintypes.DWORD, wintypes.DWORD, wintypes.HANDLE
    ]  # fmt: skip
    _create.restype = wintypes.HANDLE

    def _open_windows(path: str, share: int) -> BinaryIO:
        handle = _create(path, _GENERIC_READ, share, None, _OPEN_EXISTING, _SEQUENTIAL, None)
        if handle is None or handle == wintypes.HANDLE(-1).value:
            code = ctypes.get_last_error()
            if code in _BUSY:
                raise InUse(f"Windows error {code}")
            raise ctypes.WinError(code)
        return os.fdopen(msvcrt.open_osfhandle(handle, os.O_RDONLY), "rb")

    def open_to_read(path: str) -> BinaryIO:
        """Open a file without keeping anybody from writing, renaming or deleting it. Raises InUse, OSError.

        First with no share for writing, which fails while an instrument has it open to write; closed at once.
        """
        _open_windows(path, _SHARE_READ).close()
        return _open_windows(path, _SHARE_READ | _SHARE_WRITE | _SHARE_DELETE)

    def _hold(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def open_to_read(path: str) -> BinaryIO:
        """Open a file, never a link. Raises InUse where someone holds an advisory lock for writing, OSError.

        POSIX does not say whether a file is open elsewhere: there the settle time has to do.
        """
        file = open(path, "rb", opener=_no_link)  # noqa: SIM115 - the caller closes it
        try:
            _refuse_locked(file)
        except BaseException:
            file.close()
            raise
        return file

    def _no_link(path: str, flags: int) -> int:
        return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)

    def _refuse_locked(file: BinaryIO) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.flock(file, fcntl.LOCK_UN)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EAGAIN):
                raise InUse(str(error)) from error
            # a file system without locks tells nothing

    def _hold(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class OnlyOne:
    """Held by the one process that may use what this file stands for. Raises InUse when another holds it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _hold(self._descriptor)
        except OSError as error:
            os.close(self._descriptor)
            raise InUse(str(path)) from error

    def release(self) -> None:
        """Let go; the file stays, a lock file that is deleted is no lock."""
        os.close(self._descriptor)
