"""Space set aside for the day the disk is full: then signing in and reading results go on, and nothing else is saved.

It is a file of a few MiB in the data folder. That it is there is all there is to know, so that several processes agree.
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from pathlib import Path

import sqlalchemy.exc

from app.platform.kernel.errors import StorageFull

POSTGRESQL_FULL = "53100"


def is_full(error: BaseException | None) -> bool:
    """Whether it says that there is no room: of a disk, or of the database."""
    if isinstance(error, sqlalchemy.exc.OperationalError):
        return "full" in str(error.orig) or getattr(error.orig, "sqlstate", "") == POSTGRESQL_FULL
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


_NOT_WRITABLE = ("readonly database", "unable to open database file", "read-only transaction")
"""What SQLite and PostgreSQL say where they may read and not write."""
_READING = ("SQLITE_IOERR_READ", "SQLITE_IOERR_SHORT_READ")


def is_read_only(error: BaseException | None) -> bool:
    """Whether it says that a folder, a disk or the database may be read and not written."""
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        name = str(getattr(error.orig, "sqlite_errorname", ""))  # of a disk that became read-only under an open file
        failed = name.startswith("SQLITE_IOERR") and name not in _READING
        return failed or any(words in str(error.orig) for words in _NOT_WRITABLE)
    return isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)


class Reserve:
    """The file at `path`, of so many bytes; with none, nothing is set aside and nothing refused."""

    def __init__(self, path: Path = Path(), size: int = 0) -> None:
        self._path = path
        self._size = size

    def make(self) -> bool:
        """Whether it is there; made (again) where three times as much is free, so that it does not come and go."""
        if not self._size or self._path.exists():
            return True
        part = self._path.with_suffix(f".{uuid.uuid4().hex}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._free() < 3 * self._size:
                return False
            part.write_bytes(os.urandom(self._size))  # zeros are nothing to a disk that compresses
            part.replace(self._path)
        except OSError:
            part.unlink(missing_ok=True)
            return False
        return True

    def give_up(self) -> None:
        """Free its space, because something could not be written."""
        if self._size and self._path.exists():
            self._path.unlink(missing_ok=True)
            import structlog

            structlog.get_logger(__name__).error("disk_full", freed_bytes=self._size)

    def make_way(self) -> None:
        """Before something vital is written: give it up where less than its size is free."""
        if self._size and self._path.exists() and self._free() < self._size:
            self.give_up()

    def ask(self) -> None:
        """Before anything else is written. Raises StorageFull while the reserve is gone."""
        if not self.make():
            raise StorageFull

    def _free(self) -> int:
        return shutil.disk_usage(self._path.parent).free
